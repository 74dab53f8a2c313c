package rules_test

import (
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
)

// TestQuery holds the examples of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
// and their opposites.
func TestQuery(t *testing.T) {
	values := func(subject string) []string {
		return map[string][]string{
			"attribute:ecs.instance-type":     {"t2.small"},
			"attribute:ecs.availability-zone": {"us-east-1a"},
			"attribute:stack":                 {"blue green"},
			"task:group":                      {"service:production", "database"},
			"agentConnected":                  {"true"},
			"agentVersion":                    {"1.105.1"},
			"registeredAt":                    {"2026-01-02T03:04:05Z"},
			"runningTasksCount":               {"2"},
		}[subject]
	}
	for _, c := range []struct {
		in   string
		want bool
	}{
		{"attribute:ecs.instance-type == t2.small", true},
		{"attribute:ecs.instance-type==t2.micro", false},
		{"attribute:ecs.availability-zone in [us-east-1a, us-east-1b]", true},
		{"attribute:ecs.availability-zone !in [us-east-1a, us-east-1b]", false},
		{"attribute:ecs.availability-zone not_in [us-east-1c]", true},
		{"attribute:ecs.instance-type =~ t2.*", true},
		{"attribute:ecs.instance-type =~ t2", false},
		{"attribute:ecs.instance-type !~ g2.* and attribute:ecs.availability-zone != us-east-1d", true},
		{"(attribute:ecs.instance-type =~ g2.* or attribute:ecs.instance-type =~ t2.*) and attribute:ecs.availability-zone " +
			"== us-east-1d", false},
		{"attribute:ecs.instance-type =~ g2.* || runningTasksCount == 2 && agentConnected == true", true},
		{"task:group == service:production", true},
		{"not(task:group == database)", false},
		{"not (task:group == other)", true},
		{"attribute:stack exists", true},
		{"attribute:gpu exists", false},
		{"attribute:gpu !exists", true},
		{"attribute:stack == 'blue green'", true},
		{"runningTasksCount == 1", false},
		{"runningTasksCount >= 2", true},
		{"agentVersion < 1.20.0", false},
		{"agentVersion greater_than 1.20.0", true},
		{"registeredAt < 2026-02-01", true},
		{"registeredAt > 2026-01-02T03:04:05+00:00", false},
	} {
		q, err := rules.ParseQuery(c.in)
		if err != nil {
			t.Errorf("ParseQuery(%q): %v", c.in, err)
			continue
		}
		if got := q.Match(values); got != c.want {
			t.Errorf("%q matches: %t, want %t", c.in, got, c.want)
		}
	}
	for _, in := range []string{
		"", "x", "ecs.instance-type == a", "attribute: == a", "attribute:a", "attribute:a ==", "attribute:a ~ b",
		"attribute:a in b",
		"attribute:a in [b", "(attribute:a == b", "attribute:a == b and", "attribute:a == b c", "attribute:a =~ (",
		"attribute:a == \"b",
	} {
		if _, err := rules.ParseQuery(in); err == nil {
			t.Errorf("ParseQuery(%q) is good, want an error", in)
		}
	}
}
