package report_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
)

// slowStream is a stream that accepts nothing until it is opened.
type slowStream struct {
	open chan struct{}
	err  error // of each write, once it is open
	text bytes.Buffer
}

func (c *slowStream) Write(text []byte) (int, error) {
	<-c.open
	if c.err != nil {
		return 0, c.err
	}
	return c.text.Write(text)
}

func newSlowStream() *slowStream { return &slowStream{open: make(chan struct{})} }

const megabyte = 1 << 20

// Log lines wait for a slow reader. Other calls return at once. Nothing is lost.
func TestQueueWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSlowStream()
		q := report.NewQueue(c)
		r := report.New(q, func(string) string { return "" }, false)
		logged := 0
		go func() {
			for range 3 {
				r.Log("app", strings.Repeat("x", megabyte))
				logged++
			}
		}()
		synctest.Wait()
		if logged != 1 {
			t.Errorf("%d log lines of a megabyte did not wait, want 1", logged)
		}
		for range 1000 { // does not wait
			r.Printf("%s", strings.Repeat("y", 1000))
		}
		close(c.open)
		synctest.Wait()
		if left := q.Close(); left != 0 || logged != 3 {
			t.Errorf("%d bytes left, %d log lines printed, want 0 and 3", left, logged)
		}
		if x, y := strings.Count(c.text.String(), "x"), strings.Count(c.text.String(), "y"); x != 3*megabyte ||
			y != 1_000_000 {
			t.Errorf("wrote %d bytes of the log and %d of the transcript, want 3 MiB and 1,000,000", x, y)
		}
	})
}

// After a signal log lines are dropped and counted. Commands and masks are not dropped.
func TestQueueDropsLogsAfterSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSlowStream()
		q := report.NewQueue(c)
		r := report.New(q, func(name string) string { return map[string]string{"GITHUB_ACTIONS": "true"}[name] }, false)
		r.Log("app", strings.Repeat("x", megabyte))
		go r.Log("app", "waits", "too")
		synctest.Wait()
		q.CloseBy(time.Now().Add(time.Minute))
		r.Log("app", "late")
		r.Mask("s3cret-value")
		r.Finish(result.Result{Reason: "done"})
		close(c.open)
		if left := q.Close(); left != 0 {
			t.Errorf("%d bytes left, want 0", left)
		}
		text := c.text.String()
		for _, want := range []string{"::add-mask::s3cret-value\n",
			"log lines not printed, because the console was not read: 3\n"} {
			if !strings.Contains(text, want) {
				t.Errorf("wrote no %q", want)
			}
		}
		if strings.Contains(text, "late") || strings.Contains(text, "waits") {
			t.Error("wrote log lines that there was no room for")
		}
	})
}

// Close stops waiting for a console that accepts nothing: after a minute, or at its
// deadline.
func TestQueueCloses(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  time.Duration // 0: none
		want time.Duration
	}{
		{"by itself", 0, time.Minute},
		{"by a time", 300 * time.Millisecond, 300 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newSlowStream()
				q := report.NewQueue(c)
				io.WriteString(q, "a line\n")
				synctest.Wait()
				start := time.Now()
				if tt.set > 0 {
					time.AfterFunc(tt.set/2, func() { q.CloseBy(start.Add(tt.set)) }) // while Close waits
				}
				if left, took := q.Close(), time.Since(start); left != 7 || took != tt.want {
					t.Errorf("%d bytes left after %s, want 7 after %s", left, took, tt.want)
				}
				close(c.open)
			})
		})
	}
}

// A batch that the console does not accept is discarded as a whole, so that no line begins
// in the middle.
func TestQueueDiscards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newSlowStream()
		c.err = errors.New("no space left on device")
		q := report.NewQueue(c)
		close(c.open)
		io.WriteString(q, strings.Repeat("x", 100_000)+"::error::forged\n")
		synctest.Wait()
		c.err = nil
		io.WriteString(q, "a line\n")
		if left := q.Close(); left != 0 || c.text.String() != "a line\n" {
			t.Errorf("%d bytes left, wrote %.30q, want 0 and the last line", left, c.text.String())
		}
	})
}
