package document

import (
	"slices"
	"strings"
)

// Shorten cuts a text to 60 characters for a message.
func Shorten(s string) string {
	const most = 60
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// Quote returns s as a JSON string.
func Quote(s string) string { return string(appendString(nil, s)) }

// QuoteList returns the texts as a list of JSON strings.
func QuoteList(texts []string) string {
	list := Node{Kind: List}
	for _, text := range texts {
		list.Items = append(list.Items, &Node{Kind: String, Text: text})
	}
	return string(list.JSON())
}

// Brief returns a hint, or "" if it has more than 400 bytes, which nobody would paste.
func Brief(hint string) string {
	if len(hint) > 400 {
		return ""
	}
	return hint
}

// Keys joins the keys of members for a message, each once.
func Keys(members []Member) string {
	var keys []string
	for _, m := range members {
		if key := Shorten(m.Key.Text); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ", ")
}
