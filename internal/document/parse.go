package document

import (
	"path"
	"strings"
)

// Parse reads the documents of a text that the user calls name: the one of a JSON text, or
// each one of a YAML text that is not empty. A name that ends in .json, .yaml or .yml
// decides the format; else the first characters of the text do.
//
// JSON may have comments, trailing commas, tabs in strings and a byte order mark, each kind
// with one notice, and an unquoted ${{ … }} in the place of a value, which becomes a String
// with that text. YAML follows the core schema of YAML 1.2; aliases and merge keys are
// resolved.
//
// The error joins a [*Error] for each fault. A text without a document is an error. With an
// error there are no nodes.
func Parse(name string, text []byte) ([]*Node, []Warning, error) {
	r := reader{at: locator{name: name}}
	if err := r.open(text); err != nil {
		return nil, nil, err
	}
	var nodes []*Node
	if isJSON(name, r.text) {
		nodes = (&jsonParser{reader: &r}).parse()
	} else {
		nodes = (&yamlParser{reader: &r}).parse()
	}
	if len(r.faults) > 0 {
		return nil, r.warnings, r.err()
	}
	return nodes, r.warnings, nil
}

// isJSON reports whether a text is JSON and not YAML: by the ending of its name, else by its
// beginning, which is that of a JSON list or map and not of a YAML flow collection with a
// plain word.
func isJSON(name, text string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json":
		return true
	case ".yaml", ".yml":
		return false
	}
	text = skipSpace(text)
	if text == "" || text[0] != '{' && text[0] != '[' {
		return false
	}
	text = skipSpace(text[1:])
	return text == "" || strings.ContainsRune(`"}]{[/`, rune(text[0])) || strings.HasPrefix(text, "${{") ||
		strings.ContainsRune("-0123456789", rune(text[0]))
}

// skipSpace returns text without white space and JSON comments at its beginning.
func skipSpace(text string) string {
	for {
		text = strings.TrimLeft(text, " \t\r\n")
		var found bool
		switch {
		case strings.HasPrefix(text, "//"):
			_, text, found = strings.Cut(text, "\n")
		case strings.HasPrefix(text, "/*"):
			_, text, found = strings.Cut(text[2:], "*/")
		default:
			return text
		}
		if !found {
			return ""
		}
	}
}
