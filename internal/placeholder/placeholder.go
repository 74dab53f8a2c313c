// Package placeholder finds text that a template engine or a shell should have replaced,
// such as ${TAG}, {{ tag }} or __TAG__.
//
// It checks a single value. Its callers decide in which values a placeholder is a fault:
// in a command, a log tag or a label the same text may be intended.
package placeholder

import (
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// A Placeholder is a placeholder in a text.
type Placeholder struct {
	Text string // as written, such as {{ tag }}
	At   int    // the index of its first byte
	Form string // its syntax, such as {{ }}
	Name string // the name in it, if a variable can have it; otherwise NAME
}

// Expression returns the expression that replaces the placeholder.
func (p Placeholder) Expression() string { return "${{ vars." + p.Name + " }}" }

// forms are the kinds of syntax of placeholders. Of two with the same beginning, the longer
// one comes first. If a pattern has a group, the group is the placeholder: the pattern then
// also checks the characters around it, because ordinary names can have two underscores.
var forms = []struct {
	form string
	text *lazyregexp.Regexp
}{
	{"${{ }}", lazyregexp.New(`\$\{\{.*?\}\}`)},
	{"{{ }}", lazyregexp.New(`\{\{.*?\}\}\}?`)},
	{"{% %}", lazyregexp.New(`\{%.*?%\}`)},
	{"<% %>", lazyregexp.New(`<%.*?%>`)},
	{"${ }", lazyregexp.New(`\$\{[^{}]*\}`)},
	{"$( )", lazyregexp.New(`\$\([^()]*\)`)},
	{"$NAME", lazyregexp.New(`\$[A-Za-z_][A-Za-z0-9_]*`)},
	{"<+ >", lazyregexp.New(`<\+[^<>]*>`)},
	{"< >", lazyregexp.New(`<[^<>]+>`)},
	{"#{ }#", lazyregexp.New(`#\{[^{}]*\}#?`)},
	{"%{ }", lazyregexp.New(`%\{[^{}]*\}`)},
	{"{ }", lazyregexp.New(`\{[A-Za-z_][A-Za-z0-9_.-]*\}`)},
	{"%NAME%", lazyregexp.New(`%[A-Za-z_][A-Za-z0-9_.-]*%`)},
	{"@@NAME@@", lazyregexp.New(`@@[A-Za-z_][A-Za-z0-9_.-]*@@`)},
	{"__NAME__",
		lazyregexp.New(`(?:^|[^A-Za-z0-9_])(__[A-Za-z](?:[A-Za-z0-9]|_[A-Za-z0-9])*__)(?:$|[^A-Za-z0-9_])`)},
	{"__NAME__", lazyregexp.New(`(__[A-Z](?:[A-Z0-9]|_[A-Z0-9])*__)`)},
}

// All returns the placeholders in a text, in order.
func All(text string) []Placeholder {
	var all []Placeholder
	for at := 0; at < len(text); {
		p, ok := first(text, at)
		if !ok {
			break
		}
		all = append(all, p)
		at = p.At + len(p.Text)
	}
	return all
}

// Find returns the first placeholder in a text.
func Find(text string) (Placeholder, bool) { return first(text, 0) }

// first returns the first placeholder from an index on.
func first(text string, from int) (found Placeholder, ok bool) {
	for _, f := range forms {
		m := f.text.FindStringSubmatchIndex(text[from:])
		if m == nil {
			continue
		}
		start, end := from+m[0], from+m[1]
		if len(m) > 2 {
			start, end = from+m[2], from+m[3]
		}
		if !ok || start < found.At {
			found = Placeholder{Text: text[start:end], At: start, Form: f.form, Name: nameIn(text[start:end])}
			ok = true
		}
	}
	return found, ok
}

// ToExpressions returns a text in which expressions replace the placeholders.
func ToExpressions(text string) string {
	var out strings.Builder
	last := 0
	for _, p := range All(text) {
		out.WriteString(text[last:p.At])
		out.WriteString(p.Expression())
		last = p.At + len(p.Text)
	}
	return out.String() + text[last:]
}

var (
	filter  = lazyregexp.New(`\||:[-=?+]`)
	quoted  = lazyregexp.New("[\"'`]([A-Za-z_][A-Za-z0-9_]*)[\"'`]")
	notName = lazyregexp.New(`[^A-Za-z0-9_]+`)
	name    = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// nameIn returns the name in a placeholder, such as TAG for ${TAG:-x}, {{ .Values.TAG }} and
// {{ env "TAG" }}.
func nameIn(text string) string {
	inner := strings.Trim(text, "${}()<>#%@+ ")
	inner = filter.Split(inner, 2)[0]
	if m := quoted.FindStringSubmatch(inner); m != nil {
		return m[1]
	}
	inner = strings.TrimSpace(inner)
	inner = inner[strings.LastIndexByte(inner, '.')+1:]
	inner = strings.Trim(notName.ReplaceAllString(inner, "_"), "_")
	if !name.MatchString(inner) {
		return "NAME"
	}
	return inner
}
