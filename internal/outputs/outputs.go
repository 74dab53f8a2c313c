// Package outputs reads what a container writes to its log as outputs: lines
// name=value between two marker lines, which it finds in its environment.
//
// The markers hold a nonce, so that no line is taken for a marker that the container
// did not mean as one. A block is taken as a whole or not at all. The package knows
// nothing of secrets, and prints nothing.
package outputs

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The variables that hold the marker lines in the environment of a container.
const (
	BeginVariable = "ECS_RUN_TASK_OUTPUTS_BEGIN"
	EndVariable   = "ECS_RUN_TASK_OUTPUTS_END"
)

// The texts of the markers, before their nonce. They have nothing in them that a shell or
// printf gives a meaning to.
const (
	beginText = "ecs-run-task outputs begin "
	endText   = "ecs-run-task outputs end "
)

// Markers are the lines before and after a block of outputs.
type Markers struct{ Begin, End string }

// NewMarkers returns markers with a nonce of their own, of 130 random bits.
func NewMarkers() Markers {
	nonce := strings.ToLower(rand.Text())
	return Markers{beginText + nonce, endText + nonce}
}

// MarkersIn returns the markers in the environment of a container; false if it has none
// that were made by [NewMarkers].
func MarkersIn(getenv func(name string) string) (Markers, bool) {
	m := Markers{getenv(BeginVariable), getenv(EndVariable)}
	nonce, ok := strings.CutPrefix(m.Begin, beginText)
	return m, ok && m.End == endText+nonce && nonceForm.MatchString(nonce)
}

var nonceForm = regexp.MustCompile(`^[0-9a-z]+$`)

// The most that a task's outputs may have, and those of all tasks together, in bytes. A
// line is shorter than the 16 KiB at which Docker cuts lines, and all are shorter than the
// 128 KiB that Linux takes in one variable.
const (
	longestName  = 100
	longestValue = 8 << 10
	mostNames    = 100
	mostBytes    = 64 << 10 // of all as one JSON object
)

// Values are outputs by their names. No two names have the same [Variable].
type Values map[string]string

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Variable is the name of an output as that of a variable, without a prefix.
func Variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// set sets an output, in place of one of the same name. It never has a value in its error.
func (v Values) set(name, value string) error {
	if len(value) > longestValue {
		return fmt.Errorf("the value of %s has %d bytes, and the most are %d", name, len(value), longestValue)
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, controls) {
		return fmt.Errorf("the value of %s has characters that are not printed, which one line of text can't have", name)
	}
	size := memberSize(name, value)
	for other, its := range v {
		if other == name {
			continue
		}
		if size += memberSize(other, its); Variable(other) == Variable(name) {
			return fmt.Errorf("%s and %s are the same variable in a .env file", min(name, other), max(name, other))
		}
	}
	if _, again := v[name]; !again && len(v) == mostNames {
		return fmt.Errorf("there are more than %d outputs", mostNames)
	}
	if size > mostBytes {
		return fmt.Errorf("the outputs have more than %d bytes together, as JSON", mostBytes)
	}
	v[name] = value
	return nil
}

// memberSize is how many bytes an output has in a JSON object.
func memberSize(name, value string) int {
	text, _ := json.Marshal(Values{name: value}) // which texts always can be
	return len(text)
}

// controls reports whether a character ends a line, or controls a console.
func controls(c rune) bool {
	return c != '\t' && unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// Merge returns the outputs of several tasks together: of those with the same name the
// last. The limits are those of one task.
func Merge(all ...Values) (Values, error) {
	merged := Values{}
	for _, one := range all {
		for _, name := range slices.Sorted(maps.Keys(one)) {
			if err := merged.set(name, one[name]); err != nil {
				return nil, err
			}
		}
	}
	return merged, nil
}

// ErrNoBlock and ErrNoEnd say that a log ended without a block of outputs, or within one.
var (
	ErrNoBlock = errors.New("there is no block of outputs")
	ErrNoEnd   = errors.New("the block of outputs has no end marker")
)

// Reader reads the outputs in one log. It holds no more than those.
type Reader struct {
	markers Markers
	values  Values
	open    bool
	blocks  int // that have ended
	line    int // of the open block, from 1
	within  bool
	fault   error // the first
}

// NewReader returns a reader of a log whose container has the markers.
func NewReader(m Markers) *Reader { return &Reader{markers: m, values: Values{}} }

// Add takes in the next message of the log, of one line or more.
func (r *Reader) Add(message string) {
	for line := range strings.SplitSeq(message, "\n") {
		if r.fault != nil {
			return
		}
		r.fault = r.add(strings.TrimSuffix(line, "\r"))
	}
}

func (r *Reader) add(line string) error {
	r.line++
	switch line {
	case r.markers.Begin:
		if r.open {
			return fmt.Errorf("a block of outputs begins within another: %w", ErrNoEnd)
		}
		r.open, r.line = true, 0
		return nil
	case r.markers.End:
		if !r.open {
			return errors.New("an end marker of outputs stands before a begin marker")
		}
		r.open = false
		r.blocks++
		return nil
	}
	if !r.open {
		r.within = r.within || strings.Contains(line, r.markers.Begin)
		return nil
	}
	name, value, ok := strings.Cut(line, "=")
	if !ok || len(name) > longestName || !nameForm.MatchString(name) {
		return fmt.Errorf("line %d of the block of outputs: expected name=value with a name of up to %d letters, "+
			"digits, _ and -; does something else write to the log meanwhile?", r.line, longestName)
	}
	if err := r.values.set(name, value); err != nil {
		return fmt.Errorf("line %d of the block of outputs: %w", r.line, err)
	}
	return nil
}

// Complete reports whether the log may end here: it has a block, and none is open. It is
// true after a fault too, which nothing that follows changes.
func (r *Reader) Complete() bool { return r.fault != nil || r.blocks > 0 && !r.open }

// Values returns the outputs of a log that has come to its end.
func (r *Reader) Values() (Values, error) {
	switch {
	case r.fault != nil:
		return nil, r.fault
	case r.open:
		return nil, ErrNoEnd
	case r.blocks == 0 && r.within:
		return nil, fmt.Errorf("%w: the begin marker stands in a line with other text; it must be the whole line",
			ErrNoBlock)
	case r.blocks == 0:
		return nil, ErrNoBlock
	}
	return r.values, nil
}
