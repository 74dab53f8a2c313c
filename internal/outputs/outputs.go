// Package outputs reads the outputs of a container from its log. The container prints lines
// name=value between two marker lines, which are in its environment.
//
// The markers contain a nonce, so that no other log line looks like a marker. A block is
// read completely or not at all. The package does not check for secrets, and prints
// nothing.
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

// The variables that contain the marker lines in the environment of a container.
const (
	BeginVariable = "ECS_RUN_TASK_OUTPUTS_BEGIN"
	EndVariable   = "ECS_RUN_TASK_OUTPUTS_END"
)

// The texts of the markers before the nonce. They contain no characters that are special
// for a shell or printf.
const (
	beginText = "ecs-run-task outputs begin "
	endText   = "ecs-run-task outputs end "
)

// Markers are the lines before and after a block of outputs.
type Markers struct{ Begin, End string }

// NewMarkers returns markers with a new nonce of 130 random bits.
func NewMarkers() Markers {
	nonce := strings.ToLower(rand.Text())
	return Markers{beginText + nonce, endText + nonce}
}

// MarkersIn returns the markers in the environment of a container. It returns false if they
// are missing or not from [NewMarkers].
func MarkersIn(getenv func(name string) string) (Markers, bool) {
	m := Markers{getenv(BeginVariable), getenv(EndVariable)}
	nonce, ok := strings.CutPrefix(m.Begin, beginText)
	return m, ok && m.End == endText+nonce && nonceForm.MatchString(nonce)
}

var nonceForm = regexp.MustCompile(`^[0-9a-z]+$`)

// Limits for the outputs of one task, and of all tasks together, in bytes. A line is
// shorter than the 16 KiB at which Docker splits lines. All outputs together are shorter
// than the 128 KiB that Linux allows for one environment variable.
const (
	maxNameLength  = 100
	maxValueLength = 8 << 10
	maxNames       = 100
	maxTotalSize   = 64 << 10 // of all outputs as one JSON object
)

// Values are outputs by name. No two names have the same [Variable].
type Values map[string]string

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// Variable returns the name of an environment variable, without a prefix, for an output
// name.
func Variable(name string) string {
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// set sets or replaces an output. Its error never contains a value.
func (v Values) set(name, value string) error {
	if len(value) > maxValueLength {
		return fmt.Errorf("the value of %s has %d bytes; the limit is %d", name, len(value), maxValueLength)
	}
	if !utf8.ValidString(value) || strings.ContainsFunc(value, isControl) {
		return fmt.Errorf("the value of %s is not one line of printable UTF-8 text", name)
	}
	size := memberSize(name, value)
	for other, otherValue := range v {
		if other == name {
			continue
		}
		if size += memberSize(other, otherValue); Variable(other) == Variable(name) {
			return fmt.Errorf("%s and %s have the same variable name in a .env file", min(name, other), max(name, other))
		}
	}
	if _, exists := v[name]; !exists && len(v) == maxNames {
		return fmt.Errorf("there are more than %d outputs", maxNames)
	}
	if size > maxTotalSize {
		return fmt.Errorf("the outputs have more than %d bytes together, as JSON", maxTotalSize)
	}
	v[name] = value
	return nil
}

// memberSize returns the size of an output in a JSON object, in bytes.
func memberSize(name, value string) int {
	text, _ := json.Marshal(Values{name: value}) // texts can always be marshalled
	return len(text)
}

// isControl reports whether a character ends a line or controls a console.
func isControl(c rune) bool {
	return c != '\t' && unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// Merge returns the outputs of several tasks together. If several have the same name, the
// last one is used. The limits of one task apply.
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

// ErrNoBlock means that a log has no block of outputs. ErrNoEnd means that a block has no
// end marker.
var (
	ErrNoBlock = errors.New("there is no block of outputs")
	ErrNoEnd   = errors.New("the block of outputs has no end marker")
)

// Reader reads the outputs in one log. It stores only the outputs.
type Reader struct {
	markers      Markers
	values       Values
	open         bool
	blocks       int // number of complete blocks
	line         int // in the open block; counts from 1
	inlineMarker bool
	fault        error // the first error
}

// NewReader returns a reader for the log of a container that has the markers.
func NewReader(m Markers) *Reader { return &Reader{markers: m, values: Values{}} }

// Add reads the next message of the log, which may have several lines.
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
			return errors.New("an end marker of outputs comes before a begin marker")
		}
		r.open = false
		r.blocks++
		return nil
	}
	if !r.open {
		r.inlineMarker = r.inlineMarker || strings.Contains(line, r.markers.Begin)
		return nil
	}
	name, value, ok := strings.Cut(line, "=")
	if !ok || len(name) > maxNameLength || !nameForm.MatchString(name) {
		return fmt.Errorf("line %d of the block of outputs: expected name=value with a name of up to %d letters, "+
			"digits, _ and -, which begins with a letter or _; does another process write to the same log?",
			r.line, maxNameLength)
	}
	if err := r.values.set(name, value); err != nil {
		return fmt.Errorf("line %d of the block of outputs: %w", r.line, err)
	}
	return nil
}

// Complete reports whether the log may end here: it has a complete block, and no block is
// open. It is also true after an error, because later lines do not change the error.
func (r *Reader) Complete() bool { return r.fault != nil || r.blocks > 0 && !r.open }

// Values returns the outputs after the end of the log. Its error wraps [ErrNoBlock] or
// [ErrNoEnd] if a marker is missing.
func (r *Reader) Values() (Values, error) {
	switch {
	case r.fault != nil:
		return nil, r.fault
	case r.open:
		return nil, ErrNoEnd
	case r.blocks == 0 && r.inlineMarker:
		return nil, fmt.Errorf("%w: the begin marker is in a line with other text; it must be the whole line",
			ErrNoBlock)
	case r.blocks == 0:
		return nil, ErrNoBlock
	}
	return r.values, nil
}
