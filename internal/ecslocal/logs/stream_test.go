package logs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// TestStream reads back what was written through compressed chunks, by position, by
// time, forwards and backwards.
func TestStream(t *testing.T) {
	const n = 60000
	s := &stream{}
	message := func(i int) string { return fmt.Sprintf("%d %s", i, strings.Repeat("ä", i%50)) }
	total := 0
	for i := range n {
		total += s.add(event{Timestamp: int64(1000 + i/7), Message: message(i), IngestionTime: int64(1000 + i/7 + 5)})
	}
	if len(s.chunks) < 3 || s.end() != n {
		t.Fatalf("%d chunks, %d events; want several chunks and %d", len(s.chunks), s.end(), n)
	}
	if total > s.bytes/2 {
		t.Errorf("%d of %d bytes are stored, want them compressed", total, s.bytes)
	}
	r := s.reader()
	for _, i := range []int{n - 1, 0, n / 2, 1, n/2 - 1, s.openAt, s.openAt - 1} {
		want := event{Timestamp: int64(1000 + i/7), Message: message(i), IngestionTime: int64(1000 + i/7 + 5)}
		if got := r.at(i); got != want {
			t.Errorf("at(%d) = %v, want %v", i, got, want)
		}
	}
	for _, at := range []int64{0, 1000, 1001, 1000 + n/14, 1000 + (n-1)/7, 5000000} {
		want := min(max(int(at-1000)*7, 0), n)
		if got := r.since(at); got != want {
			t.Errorf("since(%d) = %d, want %d", at, got, want)
		}
	}
	s.dropOldest()
	if got := s.reader().since(0); got != s.chunks[0].start || s.dropped == 0 {
		t.Errorf("after a chunk was dropped the first event is at %d, want %d", got, s.chunks[0].start)
	}
}

// TestDropped holds that a reader who comes too late for the oldest lines gets a line that says so.
func TestDropped(t *testing.T) {
	l := New("1")
	w, err := l.Open("r", "g", "s", false, 0)
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 16000) + "\n"
	for range 200 {
		w.Write([]byte(line))
	}
	l.stored = maxStored + 1
	w.Write([]byte("last\n"))
	answer, err := l.GetLogEvents(wire.Object{"logGroupName": "g", "logStreamName": "s", "startFromHead": true},
		Caller{Region: "r"})
	if err != nil {
		t.Fatal(err)
	}
	events := answer.(wire.Object)["events"].([]event)
	if !strings.Contains(events[0].Message, "older lines of this stream were dropped") {
		t.Errorf("first event = %.100q, want a notice of what was dropped", events[0].Message)
	}
}

// TestFilter reads a group's events in the order of their times, page after page, and
// no event twice.
func TestFilter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := New("1")
		a, _ := l.Open("r", "g", "p/a", false, 0)
		b, _ := l.Open("r", "g", "p/b", false, 0)
		var want []string
		for i := range 20 {
			w := a
			if i%3 == 0 {
				w = b
			}
			line := fmt.Sprintf("line %d", i)
			fmt.Fprintln(w, line)
			want = append(want, line)
			if i%2 == 1 {
				time.Sleep(time.Millisecond)
			}
		}
		read := func(in wire.Object) (lines []string) {
			ids := make(map[string]bool)
			in["logGroupName"] = "g"
			for {
				answer, err := l.FilterLogEvents(in, Caller{Region: "r"})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range answer.(wire.Object)["events"].([]wire.Object) {
					id := wire.Text(e, "eventId")
					if ids[id] {
						t.Errorf("event %s comes twice", id)
					}
					ids[id] = true
					lines = append(lines, wire.Text(e, "message"))
				}
				token, more := answer.(wire.Object)["nextToken"]
				if !more {
					return lines
				}
				in["nextToken"] = token
			}
		}
		for _, limit := range []string{"1", "3", "100"} {
			got := read(wire.Object{"limit": json.Number(limit)})
			if len(got) != len(want) {
				t.Errorf("pages of %s: %q, want %d lines", limit, got, len(want))
			}
			for i := 0; i+1 < len(got); i += 2 {
				if got[i] != want[i] && got[i] != want[i+1] { // two lines share a millisecond
					t.Errorf("pages of %s: line %d = %q, want %q", limit, i, got[i], want[i])
				}
			}
		}
		for _, c := range []struct {
			in   wire.Object
			want int
		}{
			{wire.Object{"filterPattern": `"line 1"`}, 11}, {wire.Object{"filterPattern": `?7 ?8`}, 4},
			{wire.Object{"filterPattern": `line -1`}, 9}, {wire.Object{"filterPattern": `%^line .$%`}, 10},
			{wire.Object{"logStreamNamePrefix": "p/b"}, 7}, {wire.Object{"logStreamNames": []any{"p/a"}}, 13},
		} {
			if got := read(c.in); len(got) != c.want {
				t.Errorf("FilterLogEvents(%v) = %q, want %d lines", c.in, got, c.want)
			}
		}
		if _, err := l.FilterLogEvents(wire.Object{"logGroupName": "g", "filterPattern": "{ $.a = 1 }"},
			Caller{Region: "r"}); err == nil {
			t.Error("a JSON pattern is taken, and would be ignored")
		}
	})
}
