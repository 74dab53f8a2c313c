package report

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// writeLines writes text line by line, each behind the prefix, so that no
// runner takes a line for a command.
//
// GitHub ends a line at LF, CR LF and a lone CR; takes :: for a command where it
// is the first of a line but blanks, and ##[ anywhere
// (https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs).
// Azure and TeamCity take ##vso[ and ##teamcity[ anywhere; GitLab takes
// section_start: before a lone CR.
func writeLines(to *strings.Builder, prefix, text string) {
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	for {
		end := strings.IndexAny(text, "\r\n")
		line := text
		if end >= 0 {
			line = text[:end]
		}
		to.WriteString(prefix)
		writeHarmless(to, prefix == "", line)
		to.WriteByte('\n')
		if end < 0 {
			return
		}
		if strings.HasPrefix(text[end:], "\r\n") {
			end++
		}
		text = text[end+1:]
	}
}

// invisible breaks a command without changing how its line looks.
const invisible = "\u200b"

func writeHarmless(to *strings.Builder, first bool, line string) {
	if first {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "::") {
			to.WriteString(invisible)
		}
	}
	for {
		i := strings.Index(line, "##")
		if i < 0 {
			to.WriteString(line)
			return
		}
		to.WriteString(line[:i+1])
		if command(line[i+2:]) {
			to.WriteString(invisible)
		}
		line = line[i+1:]
	}
}

// command reports whether what follows ## makes a command of it: a bracket,
// after a word or not.
func command(rest string) bool {
	return strings.HasPrefix(strings.TrimLeft(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"), "[")
}

// masks are the secrets that are kept out of the console.
type masks struct {
	forms    []string // longest first
	replacer *strings.Replacer
}

// shortest is the length from which on a secret is masked.
const shortest = 4

// add takes in a secret and returns the forms in which it is looked for: each of
// its lines as it is, and in JSON, base64 and URL encoding. It is false for a
// secret that is too short.
func (m *masks) add(secret string) (forms []string, ok bool) {
	if len(strings.TrimSpace(secret)) < shortest {
		return nil, false
	}
	whole := strings.TrimSpace(secret)
	add := func(form string) {
		if len(form) >= shortest && !slices.Contains(m.forms, form) && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	for line := range strings.Lines(whole) {
		add(strings.TrimSpace(line))
	}
	quoted, _ := json.Marshal(whole)
	add(strings.Trim(string(quoted), `"`))
	add(url.QueryEscape(whole))
	add(url.PathEscape(whole))
	add(base64.StdEncoding.EncodeToString([]byte(whole)))
	add(base64.URLEncoding.EncodeToString([]byte(whole)))
	m.forms = append(m.forms, forms...)
	slices.SortStableFunc(m.forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range m.forms {
		pairs = append(pairs, form, "***")
	}
	m.replacer = strings.NewReplacer(pairs...)
	return forms, true
}

// hide replaces every secret in the text.
func (m masks) hide(text string) string {
	if m.replacer == nil {
		return text
	}
	return m.replacer.Replace(text)
}
