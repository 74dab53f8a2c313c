package lazyregexp_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// Each method does what that of package regexp does.
func TestMethods(t *testing.T) {
	const text, in = `([a-z])=([0-9]?)`, "a=1, b=, c=3"
	lazy, plain := lazyregexp.New(text), regexp.MustCompile(text)
	for name, values := range map[string][2]any{
		"String":                  {lazy.String(), plain.String()},
		"MatchString":             {lazy.MatchString(in), plain.MatchString(in)},
		"FindString":              {lazy.FindString(in), plain.FindString(in)},
		"FindStringSubmatch":      {lazy.FindStringSubmatch(in), plain.FindStringSubmatch(in)},
		"FindStringSubmatchIndex": {lazy.FindStringSubmatchIndex(in), plain.FindStringSubmatchIndex(in)},
		"FindAllString":           {lazy.FindAllString(in, 2), plain.FindAllString(in, 2)},
		"FindAllStringIndex":      {lazy.FindAllStringIndex(in, -1), plain.FindAllStringIndex(in, -1)},
		"Split":                   {lazy.Split(in, -1), plain.Split(in, -1)},
		"ReplaceAllString":        {lazy.ReplaceAllString(in, "$1"), plain.ReplaceAllString(in, "$1")},
		"ReplaceAllStringFunc": {lazy.ReplaceAllStringFunc(in, strings.ToUpper),
			plain.ReplaceAllStringFunc(in, strings.ToUpper)},
	} {
		if !reflect.DeepEqual(values[0], values[1]) {
			t.Errorf("%s() = %v, want %v", name, values[0], values[1])
		}
	}
}

// In tests a bad expression is found at once.
func TestBad(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("New() of a bad expression returned, want a panic")
		}
	}()
	lazyregexp.New("(")
}
