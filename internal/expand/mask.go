package expand

import (
	"slices"
	"strconv"
	"strings"
)

// masker returns what replaces every string in secrets, in whatever form an
// error or an explanation may quote it, by ***.
func masker(secrets any) *strings.Replacer {
	var forms []string
	for _, secret := range stringsIn(nil, secrets) {
		quoted := strconv.Quote(secret)
		inJSON := quoteJSON(secret)
		forms = append(forms, secret, quoted[1:len(quoted)-1], inJSON[1:len(inJSON)-1], strings.ReplaceAll(secret, "'", "''"))
	}
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) }) // a secret may be part of another
	var pairs []string
	for _, form := range forms {
		pairs = append(pairs, form, "***")
	}
	return strings.NewReplacer(pairs...)
}

// stringsIn adds to found the strings in v that are not empty.
func stringsIn(found []string, v any) []string {
	switch v := v.(type) {
	case string:
		if v != "" {
			found = append(found, v)
		}
	case []any:
		for _, item := range v {
			found = stringsIn(found, item)
		}
	case *Object:
		for _, m := range v.members {
			found = stringsIn(found, m.value)
		}
	}
	return found
}
