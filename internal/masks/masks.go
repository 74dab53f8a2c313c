// Package masks removes secrets from texts, in the encodings that programs commonly print.
package masks

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Masks is a set of secrets to remove from texts. The zero value is empty.
type Masks struct {
	forms    []string // longest first
	replacer *strings.Replacer
}

// minLength is the length of the shortest secret that is masked, in bytes.
const minLength = 4

// Add adds a secret and returns the new forms to mask: each of its lines, and the whole
// secret in JSON, base64 and URL encoding. ok is false if the secret is too short.
func (m *Masks) Add(secret string) (forms []string, ok bool) {
	whole := strings.TrimSpace(secret)
	if len(whole) < minLength {
		return nil, false
	}
	add := func(form string) {
		if len(form) >= minLength && !slices.Contains(m.forms, form) {
			m.forms, forms = append(m.forms, form), append(forms, form)
		}
	}
	for line := range strings.FieldsFuncSeq(whole, func(c rune) bool { return c == '\n' || c == '\r' }) {
		add(strings.TrimSpace(line))
	}
	for _, form := range slices.Concat(jsonForms(whole), urlForms(whole)) {
		add(form)
	}
	for _, form := range encodings(secret) {
		add(form)
	}
	for _, form := range encodings(whole) {
		add(form)
	}
	slices.SortStableFunc(m.forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range m.forms {
		pairs = append(pairs, form, "***")
	}
	m.replacer = strings.NewReplacer(pairs...)
	return forms, true
}

// jsonForms returns the text between the quotes of a JSON string, as the encoders of
// several languages write it: with and without escaped <, > and &, with escaped slashes
// (PHP), with escaped non-ASCII characters (Python), with more escaped characters (.NET),
// and with upper-case and lower-case hexadecimal digits.
func jsonForms(text string) []string {
	var forms []string
	dotnet := strings.NewReplacer(`\"`, `\u0022`, "'", `\u0027`, "+", `\u002b`, "`", `\u0060`).Replace(quoted(text))
	for _, form := range []string{quoted(text), quotedPlainly(text), dotnet} {
		for _, form := range []string{form, escapedRunes(form)} {
			for _, form := range []string{form, unicodeEscape.ReplaceAllStringFunc(form, upperDigits)} {
				forms = append(forms, form, strings.ReplaceAll(form, "/", `\/`))
			}
		}
	}
	return forms
}

// unicodeEscape matches a \u escape of JSON with lower-case digits.
var unicodeEscape = regexp.MustCompile(`\\u[0-9a-f]{4}`)

func upperDigits(escape string) string { return `\u` + strings.ToUpper(escape[2:]) }

// escapedRunes escapes non-ASCII characters as UTF-16 units.
func escapedRunes(text string) string {
	var escaped strings.Builder
	for _, c := range text {
		if c < utf8.RuneSelf {
			escaped.WriteRune(c)
			continue
		}
		for _, unit := range utf16.Encode([]rune{c}) {
			fmt.Fprintf(&escaped, `\u%04x`, unit)
		}
	}
	return escaped.String()
}

// urlForms returns a text in URL encoding, as the encoders of several languages write it:
// with blanks as + or %20, with and without escaped slashes, with the characters that
// encodeURIComponent does not escape, and with upper-case and lower-case hexadecimal
// digits.
func urlForms(text string) []string {
	var forms []string
	query := url.QueryEscape(text)
	component := strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*").Replace(query)
	for _, form := range []string{query, strings.ReplaceAll(query, "+", "%20"), component, url.PathEscape(text)} {
		for _, form := range []string{form, strings.ReplaceAll(form, "%2F", "/")} {
			forms = append(forms, form, percent.ReplaceAllStringFunc(form, strings.ToLower))
		}
	}
	return forms
}

// percent matches a byte in URL encoding.
var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// quoted returns the text between the quotes of a JSON string, with escaped <, > and & as
// in Go.
func quoted(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded[1 : len(encoded)-1])
}

// quotedPlainly is quoted without escaped <, > and &.
func quotedPlainly(text string) string {
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.Encode(text)
	return strings.TrimSuffix(strings.TrimPrefix(encoded.String(), `"`), "\"\n")
}

// encodings returns a text in base64. It also returns the part of the encoding that does
// not depend on the text before and after it, for texts that are encoded together with
// others, as in a basic authorization header.
func encodings(text string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(text)))
		for before := range 3 { // bytes before the text in its group of three
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
			begin := (before*8 + 5) / 6         // the first digit that does not depend on the bytes before
			end := (before + len(text)) * 8 / 6 // the first digit that depends on the bytes after
			if end-begin >= 2*minLength {
				forms = append(forms, encoded[begin:end])
			}
		}
	}
	return forms
}

// Hide replaces every secret in the text by ***.
func (m *Masks) Hide(text string) string {
	if m.replacer == nil {
		return text
	}
	return m.replacer.Replace(text)
}
