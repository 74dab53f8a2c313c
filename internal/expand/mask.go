package expand

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// masker returns a replacer of every string in secrets by ***, in each form in which an
// error or an explanation may quote it.
func masker(secrets any) *strings.Replacer {
	var forms []string
	for _, secret := range stringsIn(nil, secrets) {
		quoted := strconv.Quote(secret)
		inJSON := expr.ToJSON(secret)
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
	case *expr.Object:
		for _, value := range v.All() {
			found = stringsIn(found, value)
		}
	}
	return found
}
