package report

import "strings"

// Readable returns outside text without colours, and without characters that are
// not seen, other than line breaks and tabs.
func Readable(text string) string {
	return strings.Map(func(c rune) rune {
		if c != '\n' && c != '\t' && unseen(c) {
			return -1
		}
		return c
	}, withoutColours(text))
}

// LastLines returns the last lines of the log, at most so many, each readable and
// cut to a length that can be read. Hide takes secrets out of a text.
func (l Log) LastLines(hide func(string) string, most int) []string {
	lines := lastLines(hide, l.Last, most, longestText)
	for i, line := range lines {
		lines[i] = Readable(line)
	}
	return lines
}

// Clip cuts a text to a number of characters, and says so.
func Clip(text string, limit int) string { return clip(text, limit) }
