package ci_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
)

// Every CI that is known has advice of its own, and only GitHub's names GitHub's actions.
func TestAdvice(t *testing.T) {
	systems := []string{
		"", "github", "gitea", "forgejo", "gitlab", "woodpecker", "harness", "drone", "circleci",
		"buildkite", "bitbucket",
		"azure", "jenkins", "codebuild", "teamcity",
	}
	for _, system := range systems {
		a := ci.Run{System: system}.Advice()
		for i := range reflect.ValueOf(a).NumField() {
			field, text := reflect.TypeOf(a).Field(i).Name, reflect.ValueOf(a).Field(i).String()
			if text == "" || strings.HasSuffix(text, ".") || strings.Contains(text, "\n") {
				t.Errorf("%s: %s = %q, want a line without a full stop", system, field, text)
			}
			if system != "github" &&
				(strings.Contains(text, "aws-actions/") || strings.Contains(text, "id-token: write")) {
				t.Errorf("%s: %s is advice for GitHub: %q", system, field, text)
			}
		}
	}
	for _, tt := range []struct {
		run     ci.Run
		subject string
	}{
		{
			ci.Run{System: "github", Repository: "octo/app", Ref: "refs/heads/main"},
			"repo:octo/app:ref:refs/heads/main, with",
		},
		{
			ci.Run{System: "github", Repository: "octo/app", Ref: "refs/pull/7/merge"},
			"repo:ORG/REPO:ref:refs/heads/main, " +
				"with",
		},
		{
			ci.Run{System: "github", Repository: "octo/a`p", Ref: "refs/heads/main"},
			"repo:ORG/REPO:ref:refs/heads/main, with",
		},
		{ci.Run{System: "gitlab", Repository: "g/h/app", RefName: "main", RefType: "branch"},
			"project_path:g/h/app:ref_type:branch:ref:main"},
		{ci.Run{System: "gitlab", Repository: "g/app", RefName: "a b", RefType: "branch"},
			"project_path:GROUP/PROJECT:ref_type:branch:ref:main"},
	} {
		if got := tt.run.Advice().Subject; !strings.HasPrefix(got, tt.subject) {
			t.Errorf("Subject of %+v = %q, want %q", tt.run, got, tt.subject)
		}
	}
}
