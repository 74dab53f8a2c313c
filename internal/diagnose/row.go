package diagnose

import (
	"slices"
	"strings"
)

// row is a symptom with its cause and advice. Phrases are folded. A phrase that starts
// with "=" matches a whole text, any other phrase a part of a text.
type row struct {
	code    string
	in      place
	any     []string // one of these phrases matches
	also    []string // and one of these, if not empty
	general bool     // used only if no other row matches
	retry   Retry
	cause   string // with {names}; see fill
	advice  string
	local   string                  // the advice for a local run; empty if it is the same
	process string                  // the cause for a local run with processes; empty if it is the same
	allow   func(names) []statement // nil if no permission is missing
}

func (r *row) fits(folded string) bool {
	matches := func(phrase string) bool {
		if whole, ok := strings.CutPrefix(phrase, "="); ok {
			return strings.TrimPrefix(folded, "taskfailedtostart: ") == whole
		}
		return strings.Contains(folded, phrase)
	}
	return slices.ContainsFunc(r.any, matches) &&
		(len(r.also) == 0 || slices.ContainsFunc(r.also, matches))
}
