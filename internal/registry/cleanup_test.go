package registry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/registry"
)

func TestSuperfluous(t *testing.T) {
	arn := func(names ...string) []string {
		var all []string
		for _, name := range names {
			all = append(all, "arn:aws:ecs:eu-central-1:123456789012:task-definition/"+name)
		}
		return all
	}
	revisions := map[string][]string{"a": arn("a:3", "a:2", "a:1"), "b": arn("b:1"), "m": arn("m:2", "m:1"),
		"n": arn("n:12", "n:11", "n:10", "n:9")}
	for _, tt := range []struct {
		name       string
		when       string
		keep       int
		failed     bool
		own, good  []string // registered by the run; succeeded
		want, kept []string // to deregister; named as good
		unknown    string
	}{
		{name: "never", when: "never", failed: true, own: arn("a:3")},
		{name: "on failure, which it is", when: "on-failure", failed: true, own: arn("a:3", "b:1"), want: arn("a:3", "b:1")},
		{name: "on failure, of which one succeeded", when: "on-failure", failed: true, own: arn("a:3", "b:1"),
			good: arn("b:1"), want: arn("a:3"), kept: arn("b:1")},
		{name: "on failure, which it is not", when: "on-failure", own: arn("a:3"), good: arn("a:3")},
		{name: "always, and it failed", when: "always", failed: true, own: arn("a:3"), want: arn("a:3")},
		{name: "always, and it succeeded", when: "always", own: arn("a:3"), good: arn("a:3"), kept: arn("a:3")},
		{name: "always, two of a family", when: "always", own: arn("a:2", "a:3"), good: arn("a:2", "a:3"), want: arn("a:2"),
			kept: arn("a:3")},
		{name: "always, the newer of two failed", when: "always", failed: true, own: arn("a:2", "a:3"), good: arn("a:2"),
			want: arn("a:3"), kept: arn("a:2")},
		{name: "the newest two", when: "never", keep: 2, own: arn("a:3", "b:1"), good: arn("a:3", "b:1"), want: arn("a:1")},
		{name: "more than there are", when: "never", keep: 9, own: arn("a:3"), good: arn("a:3")},
		{name: "both", when: "always", keep: 1, own: arn("a:3"), good: arn("a:3"), want: arn("a:2", "a:1"), kept: arn("a:3")},
		{name: "none registered", when: "always", keep: 1},
		{name: "two of a family, the newest one", when: "never", keep: 1, own: arn("a:2", "a:3"), good: arn("a:2", "a:3"),
			want: arn("a:2", "a:1")},
		{name: "the first succeeded, the second failed", when: "on-failure", keep: 1, failed: true, own: arn("m:2"),
			want: arn("m:2")},
		{name: "a failure that stays takes nothing", when: "never", keep: 1, failed: true, own: arn("m:2"), unknown: "m"},
		{name: "not waited for", when: "never", keep: 1, own: arn("a:3"), unknown: "a"},
		{name: "newer ones of other runs", when: "never", keep: 1, own: arn("n:10"), good: arn("n:10"), want: arn("n:9")},
		{name: "numbers, not letters", when: "always", own: arn("n:9", "n:10"), good: arn("n:9", "n:10"), want: arn("n:9"),
			kept: arn("n:10")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := registry.Superfluous(registry.CleanUp{When: tt.when, Keep: tt.keep}, tt.failed, tt.own, tt.good, revisions)
			if !slices.Equal(got.Deregister, tt.want) || !slices.Equal(got.Good, tt.kept) || strings.Join(got.Unknown,
				" ") != tt.unknown {
				t.Errorf("Superfluous() = %+v, want that %v go, %v are good, and %q is not known", got, tt.want, tt.kept,
					tt.unknown)
			}
		})
	}
}
