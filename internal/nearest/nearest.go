// Package nearest finds the known name that is most similar to a misspelled name. It has no
// names of its own, and never decides what to do with the result.
package nearest

import (
	"cmp"
	"fmt"
	"strings"
)

// Name returns the known name that is most similar to name, or "" if none is similar.
// Names are similar if they differ only in case, or in at most a third of the letters of
// name. Otherwise it is the shortest known name that begins with name, as environment
// begins with env. Among equally similar names the first wins. A name of more than 510
// bytes is not compared, because that would take long; names in AWS have at most 255
// characters.
func Name(name string, known []string) string {
	const longest = 510
	if len(name) > longest {
		return ""
	}
	best, least := "", len(name)/3+1
	longer := ""
	for _, candidate := range known {
		if candidate == name {
			continue
		}
		if strings.EqualFold(candidate, name) {
			return candidate
		}
		if d := distance(strings.ToLower(name), strings.ToLower(candidate)); d < least {
			best, least = candidate, d
		}
		if isStart(name, candidate) && (longer == "" || len(candidate) < len(longer)) {
			longer = candidate
		}
	}
	return cmp.Or(best, longer)
}

// isStart reports whether a name is the beginning of another, and long enough to be a
// likely abbreviation.
func isStart(name, of string) bool {
	const enough = 3
	more := len(of) - len(name)
	return more > 0 && (len(name) >= enough || len(name) == enough-1 && more == 1) &&
		strings.EqualFold(name, of[:len(name)])
}

// DidYouMean returns ` (did you mean "x"?)` for the most similar known name, or "" if none
// is similar.
func DidYouMean(name string, known []string) string { return Suggestion(Name(name, known)) }

// Suggestion returns ` (did you mean "x"?)` for a name, or "" for an empty name.
func Suggestion(name string) string {
	if name == "" {
		return ""
	}
	return ` (did you mean "` + name + `"?)`
}

// Enumerate lists the first twelve names for a message, with the number of the others.
func Enumerate(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// distance returns the number of insertions, deletions, replacements and swaps of adjacent
// characters that turn a into b (optimal string alignment distance).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
