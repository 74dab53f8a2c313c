package outputs_test

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
)

const (
	begin = "ecs-run-task outputs begin abc"
	end   = "ecs-run-task outputs end abc"
)

// read returns the outputs of a log with the lines.
func read(lines ...string) (outputs.Values, error) {
	r := outputs.NewReader(outputs.Markers{Begin: begin, End: end})
	for _, line := range lines {
		r.Add(line)
	}
	return r.Values()
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name string
		log  []string
		want outputs.Values
	}{
		{"one", []string{"starting", begin, "version=3", end, "bye"}, outputs.Values{"version": "3"}},
		{"text around a value is its own", []string{begin, `a= "x" = $(id) # `, end}, outputs.Values{"a": ` "x" = $(id) # `}},
		{"an empty value", []string{begin, "a=", end}, outputs.Values{"a": ""}},
		{"an empty block", []string{begin, end}, outputs.Values{}},
		{"a later line wins", []string{begin, "a=1", "b=2", "a=3", end}, outputs.Values{"a": "3", "b": "2"}},
		{"several blocks", []string{begin, "a=1", "b=2", end, "a=0", begin, "a=3", end}, outputs.Values{"a": "3", "b": "2"}},
		{"Windows", []string{begin + "\r", "a=1\r", end + "\r"}, outputs.Values{"a": "1"}},
		{"several lines in one event", []string{"x\n" + begin + "\na=1\n" + end + "\n"}, outputs.Values{"a": "1"}},
		{"names", []string{begin, "_a-B9=1", end}, outputs.Values{"_a-B9": "1"}},
		{"another's markers", []string{begin, "a=1", end, begin + "d", "b=2", "ecs-run-task outputs end abcd"},
			outputs.Values{"a": "1"}},
		{"the environment is printed",
			[]string{outputs.BeginVariable + "=" + begin, "b=2", outputs.EndVariable + "=" + end, begin, end}, outputs.Values{}},
		{"commands are values", []string{begin, "a=::set-output name=b::1", "c=<<EOF", end},
			outputs.Values{"a": "::set-output name=b::1", "c": "<<EOF"}},
	} {
		got, err := read(test.log...)
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%s: got %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func TestReadFaults(t *testing.T) {
	long := strings.Repeat("x", 8<<10)
	many := []string{begin}
	for i := range 101 {
		many = append(many, fmt.Sprintf("a%d=1", i))
	}
	large := []string{begin}
	for i := range 9 {
		large = append(large, fmt.Sprintf("a%d=%s", i, long))
	}
	for _, test := range []struct {
		name string
		log  []string
		want string
	}{
		{"no block", []string{"a=1"}, "there is no block of outputs"},
		{"no log", nil, "there is no block of outputs"},
		{"a logger's marker", []string{"INFO " + begin, "INFO a=1", "INFO " + end}, "in a line with other text"},
		{"no end", []string{begin, "a=1"}, "no end marker"},
		{"no second end", []string{begin, "a=1", end, begin}, "no end marker"},
		{"begun again", []string{begin, "a=1", begin, "b=1", end}, "within another"},
		{"an end alone", []string{"a=1", end}, "before a begin marker"},
		{"no name=value", []string{begin, "a=1", "hello", end}, "line 2 of the block of outputs: expected name=value"},
		{"an empty line", []string{begin, "", end}, "line 1 "},
		{"a here document", []string{begin, "a<<EOF", "x", "EOF", end}, "line 1 "},
		{"a blank", []string{begin, " a=1", end}, "line 1 "},
		{"no letter", []string{begin, "1a=1", end}, "line 1 "},
		{"another alphabet", []string{begin, "ä=1", end}, "line 1 "},
		{"a long name", []string{begin, strings.Repeat("a", 101) + "=1", end}, "line 1 "},
		{"a long value", []string{begin, "a=x" + long, end}, "the value of a has 8193 bytes"},
		{"many names", append(many, end), "more than 100 outputs"},
		{"many bytes", append(large, end), "more than 65536 bytes"},
		{"one variable", []string{begin, "a-b=1", "A_B=2", end}, "A_B and a-b have the same variable name"},
		{"one variable in two blocks", []string{begin, "a=1", end, begin, "A=2", end}, "A and a have the same variable name"},
		{"a carriage return", []string{begin, "a=1\rb=2", end}, "the value of a is not one line"},
		{"an escape", []string{begin, "a=\x1b[31m", end}, "the value of a is not one line"},
		{"a line separator", []string{begin, "a=1\u2028b=2", end}, "the value of a is not one line"},
		{"an order of writing", []string{begin, "a=1\u202eb", end}, "the value of a is not one line"},
		{"not UTF-8", []string{begin, "a=\xff", end}, "the value of a is not one line"},
	} {
		got, err := read(test.log...)
		if got != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %q, %v, want none and an error with %q", test.name, got, err, test.want)
		}
	}
	if _, err := read(begin, "a=1"); !errors.Is(err, outputs.ErrNoEnd) {
		t.Errorf("error without an end: got %v", err)
	}
	if _, err := read("INFO " + begin); !errors.Is(err, outputs.ErrNoBlock) {
		t.Errorf("error without a block: got %v", err)
	}
}

func TestComplete(t *testing.T) {
	r := outputs.NewReader(outputs.Markers{Begin: begin, End: end})
	for _, step := range []struct {
		line string
		want bool
	}{{"x", false}, {begin, false}, {"a=1", false}, {end, true}, {"x", true}, {begin, false}, {"x", true}} {
		r.Add(step.line)
		if got := r.Complete(); got != step.want {
			t.Errorf("after %q: got %v, want %v", step.line, got, step.want)
		}
	}
}

func TestMarkers(t *testing.T) {
	m, other := outputs.NewMarkers(), outputs.NewMarkers()
	if m.Begin == other.Begin || m.Begin == m.End ||
		!regexp.MustCompile(`^ecs-run-task outputs begin [0-9a-z]{26}$`).MatchString(m.Begin) {
		t.Errorf("got %q and %q", m, other)
	}
	in := func(begin, end string) (outputs.Markers, bool) {
		return outputs.MarkersIn(func(name string) string {
			return map[string]string{outputs.BeginVariable: begin, outputs.EndVariable: end}[name]
		})
	}
	if got, ok := in(m.Begin, m.End); !ok || got != m {
		t.Errorf("markers of an environment: got %q, %v, want %q", got, ok, m)
	}
	for _, test := range [][2]string{{"", ""}, {m.Begin, ""}, {m.Begin, other.End}, {"begin", "end"},
		{"ecs-run-task outputs begin ", "ecs-run-task outputs end "}} {
		if got, ok := in(test[0], test[1]); ok {
			t.Errorf("markers of %q: got %q, want none", test, got)
		}
	}
}

func TestMerge(t *testing.T) {
	got, err := outputs.Merge(outputs.Values{"a": "1", "b": "1"}, nil, outputs.Values{"a": "2"})
	if want := (outputs.Values{"a": "2", "b": "1"}); err != nil || !maps.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if got, err := outputs.Merge(outputs.Values{"a": "1"}, outputs.Values{"A": "2"}); err == nil {
		t.Errorf("names of one variable: got %q, want an error", got)
	}
}

// FuzzReader checks the outputs of any log: no text from outside of the markers is in them,
// and no name or value could be more than one line of a file.
func FuzzReader(f *testing.F) {
	f.Add("x\n", "a=1\nb-c=2", "a=3")
	f.Add(begin, "a=1\r\n"+end+"\nb=2", "\u2028")
	f.Add("", "TASK_OUTPUT_X<<EOF\na=1\nEOF", "::set-output name=a::1")
	f.Fuzz(func(t *testing.T, before, within, after string) {
		if strings.Contains(before+after, begin) || strings.Contains(before+after, end) {
			return
		}
		log := before + "\n" + begin + "\n" + within + "\n" + end + "\n" + after
		got, err := read(log)
		alone, aloneErr := read(begin, within, end)
		if fmt.Sprint(got, err) != fmt.Sprint(alone, aloneErr) {
			t.Errorf("read(%q) = %q, %v; the block alone gives %q, %v", log, got, err, alone, aloneErr)
		}
		variables := map[string]bool{}
		for name, value := range got {
			if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`).MatchString(name) || len(name) > 100 ||
				variables[outputs.Variable(name)] {
				t.Errorf("read(%q) has the name %q", log, name)
			}
			variables[outputs.Variable(name)] = true
			unprintable := func(c rune) bool { return c != '\t' && unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }
			if len(value) > 8<<10 || !utf8.ValidString(value) || strings.ContainsFunc(value, unprintable) {
				t.Errorf("read(%q) has the value %q", log, value)
			}
			if !strings.Contains(within, name+"="+value) {
				t.Errorf("read(%q) has %s=%q, which no line has", log, name, value)
			}
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("read(%q): error of several lines: %v", log, err)
		}
	})
}
