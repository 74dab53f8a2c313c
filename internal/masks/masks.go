// Package masks keeps secrets out of texts, in every form that programs print them in.
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

// Masks are the secrets that are kept out of texts. The zero value has none.
type Masks struct {
	forms    []string // longest first
	replacer *strings.Replacer
}

// shortest is the length from which on a secret is masked.
const shortest = 4

// Add takes in a secret and returns the forms, new ones, in which it is looked
// for: each of its lines as it is, and the whole in JSON, base64 and URL
// encoding. It is false for a secret that is too short.
func (m *Masks) Add(secret string) (forms []string, ok bool) {
	whole := strings.TrimSpace(secret)
	if len(whole) < shortest {
		return nil, false
	}
	add := func(form string) {
		if len(form) >= shortest && !slices.Contains(m.forms, form) {
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

// jsonForms returns what stands between the quotes of a JSON string, as programs of
// several languages write it: with <, > and & escaped or not, with a backslash before
// each slash (PHP), with everything but ASCII escaped (Python) and more than that
// (.NET), and with hexadecimal digits of either case.
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

// unicodeEscape is a character that JSON escapes by its number.
var unicodeEscape = regexp.MustCompile(`\\u[0-9a-f]{4}`)

func upperDigits(escape string) string { return `\u` + strings.ToUpper(escape[2:]) }

// escapedRunes escapes what is no ASCII by its numbers in UTF-16.
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

// urlForms returns a text in URL encoding, as programs of several languages write it:
// with blanks as + or %20, slashes as they are or not, the characters that
// encodeURIComponent leaves, and hexadecimal digits of either case.
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

// percent is a byte in URL encoding.
var percent = regexp.MustCompile(`%[0-9A-F]{2}`)

// quoted returns what stands between the quotes of a JSON string, as Go and
// others write it, which escape <, > and &.
func quoted(text string) string {
	encoded, _ := json.Marshal(text)
	return string(encoded[1 : len(encoded)-1])
}

// quotedPlainly is quoted as most others write it.
func quotedPlainly(text string) string {
	var encoded strings.Builder
	encoder := json.NewEncoder(&encoded)
	encoder.SetEscapeHTML(false)
	encoder.Encode(text)
	return strings.TrimSuffix(strings.TrimPrefix(encoded.String(), `"`), "\"\n")
}

// encodings returns a text in base64, and the part of it that is the same where
// the text is encoded together with what stands before and after it, as in the
// header of a basic authorization.
func encodings(text string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(text)))
		for before := range 3 { // bytes of the group of three that the text begins in
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
			begin := (before*8 + 5) / 6         // digits that depend on what is before
			end := (before + len(text)) * 8 / 6 // digits that don't on what is after
			if end-begin >= 2*shortest {
				forms = append(forms, encoded[begin:end])
			}
		}
	}
	return forms
}

// Hide replaces every secret in the text.
func (m *Masks) Hide(text string) string {
	if m.replacer == nil {
		return text
	}
	return m.replacer.Replace(text)
}
