package expand

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxJSONDepth is how many lists and objects may stand inside one another, as
// in GitHub's runner.
const maxJSONDepth = 100

// FromJSON reads one JSON value: nil, a bool, a float64, a string, a []any or an
// [*Object]. Of members of the same name the last one counts, and of those that
// differ by case only, the first.
func FromJSON(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readJSON(d, maxJSONDepth)
	if err == io.EOF {
		return nil, errors.New("read JSON: the text is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("read JSON: text goes on after the value, at byte %d", d.InputOffset())
	}
	return v, nil
}

func readJSON(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		n, _ := strconv.ParseFloat(t.String(), 64) // out of range is ±Infinity
		return n, nil
	case json.Delim:
		if depth == 0 {
			return nil, fmt.Errorf("more than %d lists and objects inside one another", maxJSONDepth)
		}
		v, err := readCollection(d, t, depth-1)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return v, err
	}
	return t, nil
}

func readCollection(d *json.Decoder, start json.Delim, depth int) (any, error) {
	if start == '{' {
		return readObject(d, depth)
	}
	list := make([]any, 0, 1) // so that even an empty one has its identity
	for d.More() {
		item, err := readJSON(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
	}
	_, err := d.Token()
	return list, err
}

func readObject(d *json.Decoder, depth int) (any, error) {
	o := &Object{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := readJSON(d, depth)
		if err != nil {
			return nil, err
		}
		o.Set(name.(string), value) // the decoder lets nothing else through
	}
	_, err := d.Token()
	return o, err
}

// ToJSON writes a value as toJSON does, over several lines with two spaces for
// each level.
func ToJSON(v any) string {
	t := text{limit: math.MaxInt}
	t.writeJSON(v, 0)
	return t.String()
}

// writeJSON writes v at a level of indentation.
func (t *text) writeJSON(v any, level int) {
	if o, is := v.(*Object); is {
		t.writeObject(o, level)
	} else if list, is := items(v); is {
		t.writeList(list, level)
	} else if s, is := v.(string); is {
		t.write(quoteJSON(s))
	} else if kindOf(v) == "Null" {
		t.write("null")
	} else {
		t.write(toString(v))
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

// quoteJSON escapes what JSON demands, and the line ends outside ASCII.
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
