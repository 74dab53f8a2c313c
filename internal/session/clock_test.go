package session

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClock(t *testing.T) {
	type answer struct{ after, skew time.Duration }
	for _, tt := range []struct {
		name    string
		answers []answer
		skew    time.Duration // that is taken
	}{
		{"no answer", nil, 0},
		{"one", []answer{{0, -time.Hour}}, -time.Hour},
		{"the nearest of answers in whole seconds",
			[]answer{{0, 300 * time.Millisecond}, {time.Second, 900 * time.Millisecond}, {time.Second, 100 * time.Millisecond}},
			900 * time.Millisecond},
		{"the first", []answer{{0, time.Minute}, {time.Hour, 0}}, time.Minute},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c clock
				for _, a := range tt.answers {
					time.Sleep(a.after)
					c.measured(a.skew)
				}
				time.Sleep(time.Minute)
				now := time.Now()
				for _, ago := range []time.Duration{0, 3 * time.Second, time.Hour} {
					if got := now.Sub(c.local(now.Round(0).Add(tt.skew - ago))); got != ago {
						t.Errorf("a time %s ago by AWS's clock is %s ago, want the same", ago, got)
					}
				}
				if got := c.local(now.Add(tt.skew + time.Minute)); !got.Equal(now) {
					t.Errorf("a time to come is %s from now, want now", got.Sub(now))
				}
			})
		})
	}
}
