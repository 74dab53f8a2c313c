// Package resultfile formats the result of a step as files for CIs and people: a JUnit
// report and an HTML page. They contain no secrets, as far as the given function hides
// them.
//
// It writes no file and decides nothing: the given result says whether the step succeeded.
package resultfile

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/result"
)

// IsSupported reports whether [Write] has a format for the extension of the file name.
func IsSupported(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".env", ".xml", ".html":
		return true
	}
	return false
}

// Write returns the result in the format of the file name's extension: .json, .env, .xml
// for JUnit, or .html. hide removes secrets from a text. The error lists these extensions
// if the name has another one.
func Write(name string, r result.Result, hide func(string) string) ([]byte, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return append(r.JSON(hide), '\n'), nil
	case ".env":
		text, _ := r.Dotenv(hide)
		return text, nil
	case ".xml":
		return JUnit(r, hide)
	case ".html":
		return Page(r, hide), nil
	}
	return nil, fmt.Errorf("%s: expected a name that ends in .json, .env, .xml or .html", name)
}
