package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// shownCodes returns the severity of each code in testdata/err.
func shownCodes(t *testing.T) map[string]string {
	files, err := filepath.Glob("../../../testdata/err/*.out")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(error|warning): .* \[([a-z-]+)\]$`).FindAllStringSubmatch(string(text),
			-1) {
			shown[m[2]] = m[1]
		}
	}
	return shown
}

// TestRulesAreShown holds that each rule has a bad definition that breaks it.
func TestRulesAreShown(t *testing.T) {
	shown := shownCodes(t)
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.code] {
			t.Errorf("two rules have the code %s", r.code)
		}
		seen[r.code] = true
		severity := "error"
		if r.warning {
			severity = "warning"
		}
		if shown[r.code] != severity {
			t.Errorf("testdata/err shows %q of the rule %s, want %s", shown[r.code], r.code, severity)
		}
	}
	for _, code := range []string{
		"form", "unknown-member", "type", "enum", "range", "missing-member", "union", "duplicate-key",
		"cloudformation-function",
		"family-missing", "tag-count", "tag-key", "tag-value", "tag-characters", "tag-duplicate", "tag-aws", "tag-conflict",
	} {
		if shown[code] != "error" {
			t.Errorf("testdata/err shows no error %s", code)
		}
	}
}
