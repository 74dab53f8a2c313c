// Package joined splits the errors that errors.Join has joined. It never drops or changes
// one.
package joined

import "strings"

// Errors returns the errors that [errors.Join] joined, of joined errors among them too. It
// returns any other error alone, including one that wraps several errors and adds a text,
// and nil for nil.
func Errors(err error) []error {
	if err == nil {
		return nil
	}
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var texts []string
	for _, part := range several.Unwrap() {
		texts = append(texts, part.Error())
		all = append(all, Errors(part)...)
	}
	if err.Error() != strings.Join(texts, "\n") {
		return []error{err}
	}
	return all
}
