package apischema

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/smithy-go"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

// pairs are the lists that users write as a map, with the members that the key and the
// value of each entry become.
var pairs = map[string]struct {
	key, value string
	mended     bool // if false, an error shows the list
}{
	"EnvironmentVariables":         {"name", "value", true},
	"SecretList":                   {"name", "valueFrom", true},
	"ProxyConfigurationProperties": {"name", "value", false},
	"Tags":                         {"key", "value", false},
}

// notList converts a value that is no list to one, if that is harmless. Else it reports a
// fault.
func (c *checker) notList(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	item := schema.ListMember()
	pair, isPair := pairs[schema.TargetID().Name]
	switch {
	case n.Kind == document.Map && isPair && pair.mended:
		return c.mendPairs(n, schema, path, pair.key, pair.value)
	case n.Kind == document.Map && isPair:
		c.wrongType(n, path, "a list", pairsHint(n, pair.key, pair.value))
	case n.Kind == document.String && item.Type() == smithy.ShapeTypeEnum && slices.Contains(EnumValues(item), n.Text):
		c.Notice(n.Place, path, "mended", "%q taken as the list of it alone", n.Text)
		return &document.Node{Kind: document.List, Items: []*document.Node{n}, Place: n.Place}
	case n.Kind == document.String && item.Type() == smithy.ShapeTypeEnum:
		hint := ""
		if near := nearest.Name(n.Text, EnumValues(item)); near != "" {
			hint = "[" + document.Quote(near) + "]"
		}
		c.wrongType(n, path, "a list of "+strings.Join(EnumValues(item), ", "), hint)
	case n.Kind == document.String && item.Type() == smithy.ShapeTypeString:
		c.wrongType(n, path, "a list of strings", document.Brief(listHint(n.Text, schema.MemberName(), path)))
	case n.Kind == document.Map:
		c.wrongType(n, path, "a list", "put it in a list: [ { … } ]")
	default:
		c.wrongType(n, path, "a list", "")
	}
	return n
}

// mendPairs converts a map to the list of pairs that the API has instead.
func (c *checker) mendPairs(n *document.Node, schema *smithy.Schema, path, key, value string) *document.Node {
	c.Notice(n.Place, path, "mended", "the map taken as a list of %s and %s", key, value)
	list := &document.Node{Kind: document.List, Place: n.Place, Items: make([]*document.Node, 0, len(n.Members))}
	keyNode := &document.Node{Kind: document.String, Text: key, Place: n.Place}
	valueNode := &document.Node{Kind: document.String, Text: value, Place: n.Place}
	for _, m := range n.Members {
		v, inner := m.Value, document.MemberPath(path, m.Key.Text)
		if value == "value" {
			v = c.free(v, inner)
		}
		v = c.text(v, schema.ListMember().Member(value), inner)
		list.Items = append(list.Items, &document.Node{Kind: document.Map, Place: m.Key.Place, Members: []document.Member{
			{Key: keyNode, Value: m.Key},
			{Key: valueNode, Value: v},
		}})
	}
	return list
}

// listHint returns a string as the list that it has to be: a command line as its words.
func listHint(line, member, path string) string {
	words := []string{line}
	switch {
	case strings.HasSuffix(path, "healthCheck.command"):
		words = []string{"CMD-SHELL", line}
	case member == "command" || member == "entryPoint":
		return CommandHint(line)
	}
	return document.QuoteList(words)
}

// CommandHint returns a command line as the list of its words, or as a script of sh if a
// shell would do more with it than split it.
func CommandHint(line string) string {
	words := splitWords(line)
	if words == nil {
		words = []string{"sh", "-c", line}
	}
	return document.QuoteList(words)
}

// splitWords splits a command line into words. The result is nil if a shell would do more
// than split it.
func splitWords(line string) []string {
	words, err := shellwords.Split(line)
	if err != nil || slices.ContainsFunc(words, func(w shellwords.Word) bool { return w.Expansion != "" || w.Pattern }) {
		return nil
	}
	return shellwords.Texts(words)
}

// portMapping matches a mapping as Docker writes it: a port, or a port of the host and one
// of the container.
var portMapping = lazyregexp.New(`^(?:([0-9]{1,5}):)?([0-9]{1,5})(?:/(tcp|udp))?$`)

// itemHint returns a scalar as the map that it has to be, or "".
func itemHint(n *document.Node, schema *smithy.Schema) string {
	if n.Kind != document.String && n.Kind != document.Number {
		return ""
	}
	pair := func(name, value string) string {
		if before, after, found := strings.Cut(n.Text, "="); found {
			return document.Brief(`{ "` + name + `": ` + document.Quote(before) + `, "` + value + `": ` + document.Quote(after) +
				` }`)
		}
		return ""
	}
	switch schema.TargetID().Name {
	case "KeyValuePair":
		return pair("name", "value")
	case "Tag":
		return pair("key", "value")
	case "Secret":
		return pair("name", "valueFrom")
	case "EphemeralStorage":
		if size, ok := wholeNumber(n.Text); ok {
			return fmt.Sprintf(`{ "sizeInGiB": %d }`, size)
		}
	case "ContainerDependency":
		return document.Brief(`{ "containerName": ` + document.Quote(n.Text) + `, "condition": "START" }`)
	case "PortMapping":
		ports := portMapping.FindStringSubmatch(n.Text)
		if ports == nil {
			return ""
		}
		hint := `{ "containerPort": ` + ports[2]
		if ports[1] != "" {
			hint += `, "hostPort": ` + ports[1]
		}
		if ports[3] != "" {
			hint += `, "protocol": "` + ports[3] + `"`
		}
		return hint + " }"
	}
	return ""
}

// pairsHint returns a map as the list of pairs that the API has instead.
func pairsHint(n *document.Node, key, value string) string {
	var b strings.Builder
	for i, m := range n.Members {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, `{ "%s": %s, "%s": %s }`, key, document.Quote(m.Key.Text), value, document.Quote(written(m.Value)))
	}
	return document.Brief("[ " + b.String() + " ]")
}

// mapHint returns a list of KEY=value strings as the map that it has to be, or "".
func mapHint(n *document.Node) string {
	if n.Kind != document.List || len(n.Items) == 0 {
		return ""
	}
	var entries []string
	for _, item := range n.Items {
		key, value, found := strings.Cut(item.Text, "=")
		if item.Kind != document.String || !found {
			return ""
		}
		entries = append(entries, document.Quote(key)+": "+document.Quote(value))
	}
	return document.Brief("{ " + strings.Join(entries, ", ") + " }")
}

// plainInteger matches a number that has one text only.
var plainInteger = lazyregexp.New(`^-?(0|[1-9][0-9]{0,14})$`)

// free returns a number or a boolean as the text by which it is written. It is for texts
// that a program reads: the value of a variable, a label or an option. It returns any other
// value unchanged.
func (c *checker) free(n *document.Node, path string) *document.Node {
	switch {
	case n.Kind == document.Number:
		return c.mend(n, path, document.String, written(n), "the number %s taken as the string %q", written(n), written(n))
	case n.Kind == document.Bool:
		return c.mend(n, path, document.String, written(n), "%s taken as the string %q", written(n), written(n))
	}
	return n
}

// text checks a string. A whole number becomes its digits. For any other value it is not
// certain which text the user expects (1.10 may be a version, true may be True), so the
// error shows the value in quotes.
func (c *checker) text(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	switch n.Kind {
	case document.String:
		return c.size(n, schema, path)
	case document.Number:
		if plainInteger.MatchString(written(n)) {
			return c.mend(n, path, document.String, n.Text, "the number %s taken as the string %q", n.Text, n.Text)
		}
		c.wrongType(n, path, "a string", numberHint(n, schema))
	case document.Bool:
		c.wrongType(n, path, "a string", document.Quote(written(n)))
	case document.Null:
		c.wrongType(n, path, "a string", `""`)
	case document.Map:
		hint := ""
		if schema.MemberName() == "member" && len(n.Members) == 1 && n.Members[0].Value.Kind == document.String {
			// YAML reads "a: b" without quotes as a map.
			hint = document.Quote(n.Members[0].Key.Text + ": " + n.Members[0].Value.Text)
		}
		c.wrongType(n, path, "a string", hint)
	default:
		c.wrongType(n, path, "a string", "")
	}
	return n
}

// numberHint returns a number as the text that it has to be. A fraction that is the cpu or
// the memory of a task counts vCPUs or GB, if it is not too large for that.
func numberHint(n *document.Node, schema *smithy.Schema) string {
	const most = 256 // more than either has
	unit := map[string]string{"cpu": " vCPU", "memory": " GB"}[schema.MemberName()]
	if size, err := strconv.ParseFloat(n.Text, 64); unit != "" && (err != nil || size < 0 || size > most) {
		return ""
	}
	return document.Quote(written(n) + unit)
}

// sized are the spellings of a task's cpu and memory that ECS documents.
var sized = lazyregexp.New(`(?i)^[0-9.]+( ?(GB|vCPU))?$`)

// size checks a string. A cpu or memory of a task with a unit that ECS does not document
// becomes a number without a unit.
func (c *checker) size(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	var parse func(string) (int64, bool)
	switch schema.MemberName() {
	case "cpu":
		parse = awsfacts.ParseCPU
	case "memory":
		parse = awsfacts.ParseMemory
	default:
		return n
	}
	if sized.MatchString(n.Text) {
		return n
	}
	if size, ok := parse(strings.TrimSpace(n.Text)); ok {
		return c.mend(n, path, document.String, strconv.FormatInt(size, 10), "%q taken as %d", n.Text, size)
	}
	return n
}

func (c *checker) boolean(n *document.Node, path string) *document.Node {
	if n.Kind == document.Bool {
		return n
	}
	text := strings.ToLower(strings.TrimSpace(n.Text))
	if n.Kind == document.String && (text == "true" || text == "false") {
		return c.mend(n, path, document.Bool, text, "the string %q taken as %s", n.Text, text)
	}
	hint := ""
	switch text {
	case "yes", "on", "1", "enabled":
		hint = "true"
	case "no", "off", "0", "disabled":
		hint = "false"
	}
	c.wrongText(n, path, "true or false", hint)
	return n
}

// inMiB are the whole-number members that count MiB, for which users write 1GB.
var inMiB = []string{"memory", "memoryReservation", "sharedMemorySize", "maxSwap", "size"}

func (c *checker) integer(n *document.Node, schema *smithy.Schema, path string) *document.Node {
	most := int64(math.MaxInt32)
	if schema.Type() == smithy.ShapeTypeLong {
		most = math.MaxInt64
	}
	var i int64
	ok := false
	switch n.Kind {
	case document.Number:
		i, ok = wholeNumber(n.Text)
	case document.String:
		text := strings.TrimSpace(n.Text)
		i, ok = wholeNumber(text)
		if !ok && slices.Contains(inMiB, schema.MemberName()) {
			i, ok = awsfacts.ParseMemory(text)
		}
		if !ok && schema.MemberName() == "cpu" {
			i, ok = awsfacts.ParseCPU(text)
		}
	}
	if !ok {
		c.wrongText(n, path, "a whole number", "")
		return n
	}
	if i > most || i < -most-1 {
		c.Fault(n.Place, path, "range", "", "%s is out of the range of the API's numbers", document.Shorten(n.Text))
		return n
	}
	digits := strconv.FormatInt(i, 10)
	if n.Kind == document.Number && n.Text == digits {
		return n
	}
	return c.mend(n, path, document.Number, digits, "%s taken as %s", quotedIfString(n), digits)
}

// mend returns a scalar of another kind and text, and adds a notice.
func (c *checker) mend(n *document.Node, path string, kind document.Kind, text, format string,
	args ...any) *document.Node {
	c.Notice(n.Place, path, "mended", format, args...)
	return &document.Node{Kind: kind, Text: text, Place: n.Place}
}

// wholeNumber returns the value of a JSON number without a fraction, in any spelling.
func wholeNumber(s string) (int64, bool) {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, true
	}
	if strings.Trim(s, "0123456789+-.eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int64(f), true
}
