package expr

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxJSONDepth is how deep lists and objects may be nested, as in GitHub's runner.
const maxJSONDepth = 100

// FromJSON reads one JSON value: nil, a bool, a float64, a string, a []any or an
// [*Object]. Of members with the same name the last one counts; of members whose names
// differ in case only, the first one.
func FromJSON(text []byte) (any, error) {
	var valid json.RawMessage
	if err := json.Unmarshal(text, &valid); err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	v, err := (&jsonReader{rest: string(valid)}).value(maxJSONDepth)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	return v, nil
}

// jsonReader reads text that is known to be valid JSON. The decoder of the standard library
// preserves the order of members only by reading tokens, which is slow.
type jsonReader struct {
	rest string
}

// next skips white space and returns the next byte.
func (r *jsonReader) next() byte {
	r.rest = strings.TrimLeft(r.rest, " \t\r\n")
	return r.rest[0]
}

// take removes n bytes from the rest and returns them.
func (r *jsonReader) take(n int) string {
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

// value returns an error only if lists and objects are nested deeper than depth.
func (r *jsonReader) value(depth int) (any, error) {
	switch r.next() {
	case '{':
		return r.object(depth - 1)
	case '[':
		return r.list(depth - 1)
	case '"':
		return r.text(), nil
	case 't':
		r.take(len("true"))
		return true, nil
	case 'f':
		r.take(len("false"))
		return false, nil
	case 'n':
		r.take(len("null"))
		return nil, nil
	}
	end := strings.IndexAny(r.rest, ",]} \t\r\n")
	if end < 0 {
		end = len(r.rest)
	}
	n, _ := strconv.ParseFloat(r.take(end), 64) // out of range is ±Infinity
	return n, nil
}

var errTooDeep = fmt.Errorf("lists and objects are nested deeper than %d", maxJSONDepth)

func (r *jsonReader) list(depth int) (any, error) {
	if depth < 0 {
		return nil, errTooDeep
	}
	list := make([]any, 0, 1) // not nil, so that even an empty list has an identity
	for r.take(1); r.next() != ']'; {
		item, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
		if r.next() == ',' {
			r.take(1)
		}
	}
	r.take(1)
	return list, nil
}

func (r *jsonReader) object(depth int) (any, error) {
	if depth < 0 {
		return nil, errTooDeep
	}
	o := &Object{}
	for r.take(1); r.next() != '}'; {
		name := r.text()
		r.next()
		r.take(len(":"))
		value, err := r.value(depth)
		if err != nil {
			return nil, err
		}
		o.Set(name, value)
		if r.next() == ',' {
			r.take(1)
		}
	}
	r.take(1)
	return o, nil
}

func (r *jsonReader) text() string {
	end := 1
	for r.rest[end] != '"' {
		if r.rest[end] == '\\' {
			end++
		}
		end++
	}
	quoted := r.take(end + 1)
	if s := quoted[1:end]; !strings.Contains(s, `\`) && utf8.ValidString(s) {
		return s
	}
	var s string
	_ = json.Unmarshal([]byte(quoted), &s) // can't fail: the text is valid
	return s
}

// ToJSON returns a value as the function toJSON does: on several lines, with an indentation
// of two spaces.
func ToJSON(v any) string {
	t := text{limit: math.MaxInt}
	t.writeJSON(v, 0)
	return t.String()
}

// writeJSON writes v at a level of indentation.
func (t *text) writeJSON(v any, level int) {
	if o, is := v.(*Object); is {
		t.writeObject(o, level)
	} else if list, is := List(v); is {
		t.writeList(list, level)
	} else if s, is := v.(string); is {
		t.write(quoteJSON(s))
	} else if kindOf(v) == "Null" {
		t.write("null")
	} else {
		t.write(ToString(v))
	}
}

func (t *text) writeObject(o *Object, level int) {
	if o.Len() == 0 {
		t.write("{}")
		return
	}
	t.write("{")
	for i, m := range o.members {
		if t.full {
			return
		}
		t.writeIndent(i > 0, level+1)
		t.write(quoteJSON(m.name))
		t.write(": ")
		t.writeJSON(m.value, level+1)
	}
	t.writeIndent(false, level)
	t.write("}")
}

func (t *text) writeList(list []any, level int) {
	if len(list) == 0 {
		t.write("[]")
		return
	}
	t.write("[")
	for i, item := range list {
		if t.full {
			return
		}
		t.writeIndent(i > 0, level+1)
		t.writeJSON(item, level+1)
	}
	t.writeIndent(false, level)
	t.write("]")
}

func (t *text) writeIndent(comma bool, level int) {
	if comma {
		t.write(",")
	}
	t.write("\n")
	t.write(strings.Repeat("  ", level))
}

// quoteJSON escapes the characters that JSON requires, and line ends outside of ASCII.
func quoteJSON(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\u0085', '\u2028', '\u2029':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			if r < ' ' {
				fmt.Fprintf(&b, `\u%04x`, r)
				continue
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
