package tail

import (
	"testing"
	"time"
)

func TestLastPoll(t *testing.T) {
	const none = -1 // no line, or the machine is there
	start := time.Now()
	at := func(seconds float64) time.Time {
		if seconds == none {
			return time.Time{}
		}
		return start.Add(time.Duration(seconds * float64(time.Second)))
	}
	for _, tt := range []struct {
		name   string
		rule   Rule
		failed bool
		line   float64 // when the last line came, in seconds after the end
		gone   float64 // when the machine was gone
		want   float64
	}{
		{"success, no lines", Default, false, none, none, 5},
		{"success, a line before the end", Default, false, -20, none, 5},
		{"success, a line at the end", Default, false, 0, none, 5},
		{"success, a line that leaves time", Default, false, 3, none, 5},
		{"success, a line that leaves less", Default, false, 3.5, none, 5.5},
		{"success, a line at the last poll", Default, false, 5, none, 7},
		{"success, lines that go on", Default, false, 9.9, none, 11.9},
		{"success, lines that go on for too long", Default, false, 11, none, 12},
		{"success, the machine does not matter", Default, false, none, 1, 5},
		{"failure, no lines", Default, true, none, none, 12},
		{"failure, a line late", Default, true, 9, none, 12},
		{"failure, a line later", Default, true, 11, none, 13},
		{"failure, lines that go on for too long", Default, true, 29, none, 30},
		{"failure, the machine gone", Default, true, none, 6, 7.5},
		{"failure, the machine gone after lines", Default, true, 11, 10, 11.5},
		{"failure, the machine gone late", Default, true, none, 12, 12},
		{"no wait", For(0), false, 3, none, 0},
		{"no wait after a failure", For(0), true, none, none, 0},
		{"a wait of one's own", For(30 * time.Second), false, none, none, 30},
		{"a wait of one's own after a failure", For(30 * time.Second), true, none, 3, 30},
		{"a short wait and a line", For(time.Second), false, 0.5, none, 1.5},
		{"a long wait has no shorter limit", For(time.Minute), false, 59.5, none, 60},
		{"the zero value", Rule{}, true, 3, 3, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			end := End{At: start, Failed: tt.failed, Gone: at(tt.gone)}
			line := at(tt.line)
			if got := tt.rule.lastPoll(end, line).Sub(start).Seconds(); got != tt.want {
				t.Errorf("lastPoll is %gs after the end, want %gs", got, tt.want)
			}
		})
	}
}
