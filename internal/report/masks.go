package report

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// masks are the secrets that are kept out of whatever is told.
type masks struct {
	forms    []string // longest first
	replacer *strings.Replacer
}

// shortest is the length from which on a secret is masked.
const shortest = 4

// add takes in a secret and returns the forms, new ones, in which it is looked
// for: each of its lines as it is, and the whole in JSON, base64 and URL
// encoding. It is false for a secret that is too short.
func (m *masks) add(secret string) (forms []string, ok bool) {
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
	add(quoted(whole))
	add(quotedPlainly(whole))
	add(url.QueryEscape(whole))
	add(url.PathEscape(whole))
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

// hide replaces every secret in the text.
func (m *masks) hide(text string) string {
	if m.replacer == nil {
		return text
	}
	return m.replacer.Replace(text)
}
