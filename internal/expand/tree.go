package expand

import (
	"math"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

const (
	maxOutput = 8 << 20 // bytes of the nodes that one document may add
	maxFaults = 100     // faults reported of one document
	nodeSize  = 160     // bytes of a node without its text
)

// Explanation is one expression of a document with its value.
type Explanation struct {
	Place      document.Place
	Path       string // of the string it is in, as in containerDefinitions[0].image
	Expression string // as it is written, with ${{ }} or ${ }
	Value      string // a string as it is, other values as JSON; *** for what comes from secrets
}

// expansion is the state of expanding one document.
type expansion struct {
	evaluator    *expr.Evaluator
	placeholders *expr.Object
	secrets      *strings.Replacer
	faults       []error
	output       int // bytes
	stopped      bool
	explain      bool
	explanations []Explanation
}

// node expands a node and reports whether it stays in the document.
func (x *expansion) node(n *document.Node, path string) (*document.Node, bool) {
	switch n.Kind {
	case document.String:
		return x.text(n, path)
	case document.List:
		return x.list(n, path), true
	case document.Map:
		return x.mapping(n, path), true
	}
	return n, true
}

func (x *expansion) list(n *document.Node, path string) *document.Node {
	out := &document.Node{Kind: document.List, Place: n.Place, Items: make([]*document.Node, 0, len(n.Items))}
	for i, item := range n.Items {
		if x.stopped {
			break
		}
		if item, present := x.node(item, document.ItemPath(path, i)); present {
			out.Items = append(out.Items, item)
		}
	}
	return out
}

func (x *expansion) mapping(n *document.Node, path string) *document.Node {
	out := &document.Node{Kind: document.Map, Place: n.Place, Members: make([]document.Member, 0, len(n.Members))}
	seen := make(map[string]*document.Node, len(n.Members))
	for _, m := range n.Members {
		if x.stopped {
			break
		}
		key := x.key(m.Key, path)
		memberPath := document.MemberPath(path, key.Text)
		value, present := x.node(m.Value, memberPath)
		if !present {
			continue
		}
		if first, exists := seen[key.Text]; exists {
			x.fault(m.Key, 0, memberPath, &expr.Error{
				Kind:    collision,
				Message: "the key " + strconv.Quote(key.Text) + " is the same as the one at " + first.Place.String(),
			})
		}
		seen[key.Text] = m.Key
		out.Members = append(out.Members, document.Member{Key: key, Value: value})
	}
	return out
}

// key expands a key. It returns a key with a fault unchanged.
func (x *expansion) key(n *document.Node, path string) *document.Node {
	parts := x.parts(n, path)
	if parts == nil {
		return n
	}
	path = document.MemberPath(path, n.Text)
	var b strings.Builder
	for _, p := range parts {
		v, ok := x.value(n, path, p)
		if !ok {
			return n
		}
		if len(parts) == 1 && v == nil {
			x.fault(n, p.at, path, expr.EvaluationError("a key is null: "+p.source))
			return n
		}
		if !x.write(&b, n, path, p, v) {
			return n
		}
	}
	return &document.Node{Kind: document.String, Text: b.String(), Place: n.Place}
}

// text expands a string and reports whether it stays in the document.
func (x *expansion) text(n *document.Node, path string) (*document.Node, bool) {
	parts := x.parts(n, path)
	if parts == nil {
		return n, true
	}
	if len(parts) == 1 {
		v, ok := x.value(n, path, parts[0])
		if !ok {
			return n, true
		}
		return x.place(n, path, parts[0], v), v != nil
	}
	var b strings.Builder
	for _, p := range parts {
		v, ok := x.value(n, path, p)
		if !ok {
			continue
		}
		x.write(&b, n, path, p, v)
	}
	return &document.Node{Kind: document.String, Text: b.String(), Place: n.Place}, true
}

// parts splits a string at its expressions. It returns nil if there is nothing to replace,
// or a fault, which it reports.
func (x *expansion) parts(n *document.Node, path string) []part {
	if !strings.Contains(n.Text, "${") {
		return nil
	}
	parts, err := cut(n.Text, x.placeholders != nil)
	if err != nil {
		x.fault(n, err.Offset, path, err)
		return nil
	}
	return parts
}

// value evaluates a part. It reports a fault, and then returns false.
func (x *expansion) value(n *document.Node, path string, p part) (any, bool) {
	v, err := any(p.text), (*expr.Error)(nil)
	switch p.kind {
	case partText:
		return v, true
	case partExpression:
		v, err = x.evaluator.Evaluate(p.text)
	case partPlaceholder:
		v, err = placeholder(x.placeholders, p.text, x.evaluator)
	}
	if err != nil {
		x.evaluationFault(n, path, p, err)
		return nil, false
	}
	if x.explain {
		x.explanations = append(x.explanations, Explanation{
			Place:      at(n, p.at),
			Path:       x.secrets.Replace(path),
			Expression: x.secrets.Replace(p.source),
			Value:      x.show(p, v),
		})
	}
	return v, true
}

// show returns a value as an explanation shows it.
func (x *expansion) show(p part, v any) string {
	if p.kind == partExpression && x.evaluator.UsedSecrets() {
		return "***"
	}
	if s, is := v.(string); is {
		return x.secrets.Replace(s)
	}
	return x.secrets.Replace(expr.ToJSON(v))
}

// write adds a value to text. It reports a fault, and then returns false.
func (x *expansion) write(b *strings.Builder, n *document.Node, path string, p part, v any) bool {
	if !expr.IsPrimitive(v) {
		err := expr.EvaluationError(p.source + " is " + expr.Describe(v) + ", which can't stand in text")
		if p.kind == partExpression {
			err.Hint = "${{ toJSON(" + strings.TrimSpace(p.text) + ") }}"
		}
		x.fault(n, p.at, path, err)
		return false
	}
	s := expr.ToString(v)
	if !x.grow(n, path, len(s)) {
		return false
	}
	b.WriteString(s)
	return true
}

// place returns the node of a value, with the place of the string n.
func (x *expansion) place(n *document.Node, path string, p part, v any) *document.Node {
	out := &document.Node{Place: n.Place}
	if !x.grow(n, path, nodeSize) {
		return out
	}
	if list, is := expr.List(v); is {
		out.Kind = document.List
		for _, item := range list {
			out.Items = append(out.Items, x.place(n, path, p, item))
		}
		return out
	}
	switch v := v.(type) {
	case bool:
		out.Kind, out.Text = document.Bool, strconv.FormatBool(v)
	case float64:
		if math.IsInf(v, 0) || v != v {
			x.fault(n, p.at, path, expr.EvaluationError(p.source+" is "+expr.ToString(v)+", which is no number of a document"))
		}
		out.Kind, out.Text = document.Number, literal(v)
	case string:
		x.grow(n, path, len(v))
		out.Kind, out.Text = document.String, v
	case *expr.Object:
		out.Kind = document.Map
		for name, value := range v.All() {
			key := x.place(n, path, p, name)
			out.Members = append(out.Members, document.Member{Key: key, Value: x.place(n, path, p, value)})
		}
	}
	return out
}

// grow counts output, and reports whether it is below the limit.
func (x *expansion) grow(n *document.Node, path string, size int) bool {
	if x.stopped {
		return false
	}
	x.output += size
	if x.output > maxOutput {
		x.fault(n, 0, path, expr.EvaluationError("the expanded document is larger than 8 MiB"))
		x.stopped = true
	}
	return !x.stopped
}

// evaluationFault reports the error of an expression. GitHub's messages about syntax quote
// the expression; it is added to the others.
func (x *expansion) evaluationFault(n *document.Node, path string, p part, err *expr.Error) {
	fault := *err
	if err.Kind == expr.Evaluation && !strings.Contains(err.Message, p.text) {
		fault.Message += " in " + shorten(p.source)
	}
	x.fault(n, p.at+p.offset+err.Offset, path, &fault)
	if x.evaluator.Exhausted() {
		x.stopped = true
	}
}

// fault reports an error at an offset of the text of a node.
func (x *expansion) fault(n *document.Node, offset int, path string, err *expr.Error) {
	if x.stopped {
		return
	}
	if len(x.faults) == maxFaults {
		x.stopped = true
		err = &expr.Error{Kind: err.Kind, Message: "there are more faults than the 100 before this one"}
	}
	x.faults = append(x.faults, &document.Error{
		Place:   at(n, offset),
		Path:    x.secrets.Replace(path),
		Code:    codes[err.Kind],
		Message: x.secrets.Replace(err.Message),
		Hint:    x.secrets.Replace(err.Hint),
	})
}

// collision is the kind of a fault of keys.
const collision expr.Kind = "collision"

// codes are the codes of faults, by kind.
var codes = map[expr.Kind]string{
	expr.Lexing:     "expression",
	expr.Parsing:    "expression",
	expr.Evaluation: "expression",
	expr.Missing:    "missing-value",
	expr.Withheld:   "withheld-value",
	collision:       "key-collision",
}

// at returns the place of an offset in the text of a string. It is known in JSON, where a
// string that is more than one expression has quotes, up to the first character that may
// have been escaped; else at returns the place of the string.
func at(n *document.Node, offset int) document.Place {
	place := n.Place
	bare := document.ExpressionEnd(n.Text) == len(n.Text) && strings.HasPrefix(n.Text, "${{")
	if place.Line == 0 || bare || !strings.HasSuffix(strings.ToLower(place.Name), ".json") {
		return place
	}
	before := n.Text[:offset]
	if strings.ContainsFunc(before, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		return place
	}
	place.Column += len(`"`) + len(before)
	return place
}

// literal returns a number in JSON, without an exponent where it has few digits.
func literal(n float64) string {
	switch size := math.Abs(n); {
	case size == 0:
		return "0"
	case size < 1e-6 || size >= 1e21:
		return strconv.FormatFloat(n, 'e', -1, 64)
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
