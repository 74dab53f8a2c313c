// Package nearest finds the known name that a mistyped name is likely to stand for. It
// knows no names itself, and never decides what is done with the one that it finds.
package nearest

import (
	"cmp"
	"fmt"
	"strings"
)

// Name returns the one of the known names that is nearest to name, or "" if
// none is near: apart by letter case, or by a third of its letters at the most,
// or the shortest one that begins with it, as environment does with env. Among
// equally near names the first wins. A name of more than 510 bytes is near to none: the
// comparison would take long, and names of AWS have 255 characters at most.
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

// isStart reports whether a name is the beginning of another, and long enough to stand for
// it.
func isStart(name, of string) bool {
	const enough = 3
	more := len(of) - len(name)
	return more > 0 && (len(name) >= enough || len(name) == enough-1 && more == 1) &&
		strings.EqualFold(name, of[:len(name)])
}

// DidYouMean returns ` (did you mean "x"?)` for the nearest of the known names,
// or "" if none is near.
func DidYouMean(name string, known []string) string { return Meant(Name(name, known)) }

// Meant returns ` (did you mean "x"?)` for a name, "" for none.
func Meant(name string) string {
	if name == "" {
		return ""
	}
	return ` (did you mean "` + name + `"?)`
}

// Enumerate lists names for a message, the first dozen of them.
func Enumerate(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that make b of a (optimal string alignment).
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
