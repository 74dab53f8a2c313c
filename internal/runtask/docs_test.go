package runtask_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// docs/errors.md documents every code of the faults and warnings of this package.
func TestCodesInDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`Code:? +=? *"([a-z-]+)"`)
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range code.FindAllSubmatch(text, -1) {
			found++
			if !strings.Contains(string(page), "`"+string(match[1])+"`") {
				t.Errorf("docs/errors.md does not have the code %s of %s", match[1], name)
			}
		}
	}
	if found < 8 {
		t.Errorf("only %d codes were found in the sources", found)
	}
}
