// Package resultfile writes what a step did as documents that CIs and people read: a
// JUnit report and a page. Like everything that the step prints they hold no
// secret, as far as the function that is given hides them.
//
// It opens no file and decides nothing: whether the step succeeded stands in the
// result that it is given.
package resultfile

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/result"
)

// Takes reports whether there is a document that the ending of a file's name stands for.
func Takes(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json", ".env", ".xml", ".html":
		return true
	}
	return false
}

// Write returns the document of a result that the ending of a file's name stands
// for: .json, .env, .xml for JUnit, or .html. Hide takes secrets out of a text.
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
