package tail_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/tail"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"
)

var (
	stream    = tail.Stream{Group: "/ecs/web", Name: "web/web/0123456789abcdef"}
	errCut    = errors.New("read tcp: connection reset by peer")
	throttled = fault("ThrottlingException", "Rate exceeded")
	noStream  = &types.ResourceNotFoundException{Message: aws.String("The specified log stream does not exist.")}
	noGroup   = &types.ResourceNotFoundException{Message: aws.String("The specified log group does not exist.")}
)

func fault(code, message string) error {
	return &smithy.OperationError{ServiceID: "CloudWatch Logs", OperationName: "GetLogEvents",
		Err: &smithy.GenericAPIError{Code: code, Message: message}}
}

// line is a line that the stream returns from a time on, which counts from the start.
type line struct {
	at   time.Duration
	text string
}

// answers is a CloudWatch Logs client with one stream. Its tokens are "line/gap".
type answers struct {
	start    time.Time
	lines    []line
	page     func() int                                            // lines a page holds; nil means 10000
	disturb  func(n int, since time.Duration) (disturbance, error) // what is wrong with call n
	mu       sync.Mutex
	calls    []time.Duration
	stampAll bool // all lines have the same time
}

type disturbance int

const (
	none    disturbance = iota
	stall               // the token given, as at the end
	hole                // a new token and no lines
	noToken             // lines and no token
	repeat              // the page before, with the token given
	hang                // no answer at all
)

func (a *answers) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput,
	_ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !aws.ToBool(in.StartFromHead) || aws.ToString(in.LogGroupName) != stream.Group ||
		aws.ToString(in.LogStreamName) != stream.Name {
		return nil, fault("InvalidParameterException", fmt.Sprintf("bad input %+v", *in))
	}
	since := time.Since(a.start)
	a.calls = append(a.calls, since)
	from, gap := 0, 0
	if in.NextToken != nil {
		if _, err := fmt.Sscanf(*in.NextToken, "%d/%d", &from, &gap); err != nil {
			return nil, fault("InvalidParameterException", "bad token")
		}
	}
	what, err := none, error(nil)
	if a.disturb != nil {
		what, err = a.disturb(len(a.calls), since)
	}
	if err != nil {
		return nil, err
	}
	size := 10000
	if a.page != nil {
		size = a.page()
	}
	to := from
	for to < len(a.lines) && to < from+size && a.lines[to].at <= since {
		to++
	}
	token := in.NextToken
	if token == nil || to > from {
		token = aws.String(fmt.Sprintf("%d/0", to))
	}
	switch what {
	case hang:
		<-ctx.Done()
		return nil, ctx.Err()
	case stall:
		if in.NextToken != nil {
			return &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: in.NextToken}, nil
		}
	case hole:
		return &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: aws.String(fmt.Sprintf("%d/%d", from, gap+1))}, nil
	case noToken:
		token = nil
	case repeat:
		if in.NextToken != nil && from > 0 {
			from, to, token = from-1, from, in.NextToken
		}
	}
	out := &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: token}
	for _, l := range a.lines[from:to] {
		stamp := a.start.Add(l.at)
		if a.stampAll {
			stamp = a.start
		}
		out.Events = append(out.Events, types.OutputLogEvent{
			Message:       aws.String(l.text),
			Timestamp:     aws.Int64(stamp.UnixMilli()),
			IngestionTime: aws.Int64(a.start.Add(l.at).UnixMilli()),
		})
	}
	return out, nil
}

// stopAt reports d plus delay from now that the container failed d from now.
func stopAt(d, delay time.Duration) <-chan tail.End {
	ends := make(chan tail.End, 1)
	at := time.Now().Add(d)
	time.AfterFunc(d+delay, func() { ends <- tail.End{At: at, Failed: true} })
	return ends
}

// follow follows the stream and returns the messages.
func follow(t *testing.T, f tail.Follower, ends <-chan tail.End) ([]string, error) {
	t.Helper()
	var got []string
	if f.Rule == (tail.Rule{}) {
		f.Rule = tail.Default
	}
	_, err := f.Follow(t.Context(), stream, "", ends, func(events []tail.Event) {
		if len(events) == 0 {
			t.Error("emit was called without events")
		}
		for _, e := range events {
			got = append(got, e.Message)
		}
	})
	return got, err
}

func texts(lines []line) []string {
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return texts
}

// TestFollowFaultPlans checks that every line arrives once and in order in spite of
// faults, if it is in the stream before the wait for late lines ends.
func TestFollowFaultPlans(t *testing.T) {
	for seed := range uint64(50) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(seed, 1))
				run := time.Duration(1+rnd.IntN(120)) * time.Second
				if seed%5 == 0 {
					run = time.Second // gone at once
				}
				api := &answers{start: time.Now(), page: func() int { return 1 + rnd.IntN(50) }, stampAll: seed%7 == 0}
				for at := time.Duration(0); len(api.lines) < 400; {
					if rnd.IntN(8) == 0 {
						at = min(run, at+time.Duration(rnd.Int64N(int64(run/20))))
					}
					// The last are late: the driver writes them after the end.
					late := time.Duration(0)
					if len(api.lines) > 380 {
						late = run - at + time.Duration(len(api.lines)-380)*500*time.Millisecond
					}
					api.lines = append(api.lines, line{at + max(late, 0), fmt.Sprintf("line %d", len(api.lines))})
				}
				slices.SortStableFunc(api.lines, func(a, b line) int { return int(a.at - b.at) })
				there := time.Duration(rnd.IntN(40)) * time.Second / 10
				api.disturb = func(n int, since time.Duration) (disturbance, error) {
					switch {
					case since < there/2:
						return none, noGroup
					case since < there:
						return none, noStream
					case since > run+11*time.Second:
						return none, nil
					}
					switch rnd.IntN(20) {
					case 0, 1:
						return none, throttled
					case 2:
						return none, fault("ServiceUnavailableException", "")
					case 3, 4:
						return none, errCut
					case 5, 6, 7:
						return stall, nil
					case 8, 9:
						return hole, nil
					case 10:
						return noToken, nil
					case 11:
						return repeat, nil
					case 12:
						if since < run/2 {
							return hang, nil
						}
					case 13:
						return none, fault("ExpiredTokenException",
							"The security token included in the request is expired")
					}
					return none, nil
				}
				got, err := follow(t, tail.Follower{API: api}, stopAt(run, time.Duration(rnd.IntN(15))*time.Second))
				if want := texts(api.lines); err != nil || !slices.Equal(got, want) {
					t.Errorf("Follow emitted %d lines and returned %v, want %d and nil", len(got), err, len(want))
					for i := range want {
						if i >= len(got) || got[i] != want[i] {
							t.Fatalf("first difference at %d", i)
						}
					}
				}
			})
		})
	}
}

func TestFollowErrors(t *testing.T) {
	second := time.Second
	always := func(err error) func(int, time.Duration) (disturbance, error) {
		return func(int, time.Duration) (disturbance, error) { return none, err }
	}
	after := func(lines int, err error) func(int, time.Duration) (disturbance, error) {
		return func(n int, _ time.Duration) (disturbance, error) {
			if n > lines {
				return none, err
			}
			return none, nil
		}
	}
	tests := []struct {
		name    string
		disturb func(int, time.Duration) (disturbance, error)
		lines   int
		want    error
		min     time.Duration // from the start; the container stops after 60s
		max     time.Duration
	}{
		{
			"denied",
			always(fault("AccessDeniedException", "User: x is not authorized to perform: logs:GetLogEvents")),
			0,
			tail.ErrDenied,
			0,
			second,
		},
		{"denied later", after(3, fault("AccessDeniedException", "no")), 2, tail.ErrDenied, second, 10 * second},
		{"no group", always(noGroup), 0, tail.ErrNoGroup, 72 * second, 75 * second},
		{"no stream", always(noStream), 0, tail.ErrNoStream, 72 * second, 75 * second},
		{"throttled for ever", always(throttled), 0, tail.ErrIncomplete, 90 * second, 100 * second},
		{"credentials expired", after(2, fault("ExpiredTokenException", "expired")), 1, tail.ErrIncomplete,
			90 * second, 100 * second},
		{"no answers", func(int, time.Duration) (disturbance, error) { return hang, nil }, 0,
			tail.ErrIncomplete, 90 * second, 120 * second},
		{"never settles", func(int, time.Duration) (disturbance, error) { return hole, nil }, 0,
			tail.ErrIncomplete, 90 * second, 95 * second},
		{"nothing at all", nil, 0, nil, 72 * second, 75 * second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				api := &answers{start: start, disturb: tt.disturb}
				if tt.lines > 0 {
					for i := range 100 {
						api.lines = append(api.lines, line{time.Duration(i) * second, "x"})
					}
				}
				got, err := follow(t, tail.Follower{API: api}, stopAt(60*second, 0))
				if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
					t.Errorf("Follow() = %v, want %v", err, tt.want)
				}
				if (len(got) > 0) != (tt.lines > 0) {
					t.Errorf("Follow emitted %q, want %d lines or more", got, tt.lines)
				}
				if took := time.Since(start); took < tt.min || took > tt.max {
					t.Errorf("Follow took %v, want %v to %v", took, tt.min, tt.max)
				}
			})
		})
	}
}

// TestFollowCause checks that the error contains the text of the service, which package
// diagnose needs.
func TestFollowCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const text = "User: arn:aws:iam::1:user/ci is not authorized to perform: logs:GetLogEvents on " +
			"resource: arn:aws:logs:x"
		api := &answers{start: time.Now(), disturb: func(int, time.Duration) (disturbance, error) {
			return none, fault("AccessDeniedException", text)
		}}
		_, err := follow(t, tail.Follower{API: api}, nil)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("Follow() = %v, want an error with %q", err, text)
		}
	})
}

// TestFollowEnd checks when reading ends, and after how many calls.
func TestFollowEnd(t *testing.T) {
	const second = time.Second
	seconds := func(at ...float64) []line {
		var lines []line
		for _, a := range at {
			lines = append(lines, line{time.Duration(a * float64(second)), fmt.Sprint(a)})
		}
		return lines
	}
	for _, tt := range []struct {
		name     string
		rule     tail.Rule // the default one if it is zero
		lines    []line
		end      time.Duration // of the container
		learned  time.Duration // after the end
		failed   bool
		want     time.Duration // after the end
		lost     int           // lines that come too late
		maxCalls int           // after the end
	}{
		{name: "success", lines: seconds(1), end: 20 * second, want: 5 * second, maxCalls: 3},
		{
			name:     "success, lines up to the end",
			lines:    seconds(19, 19.5, 20),
			end:      20 * second,
			want:     5 * second,
			maxCalls: 4,
		},
		{name: "success, a line 3s late", lines: seconds(1, 23), end: 20 * second, want: 5 * second, maxCalls: 4},
		{
			name:     "the same, and the end learned of late",
			lines:    seconds(1, 23),
			end:      20 * second,
			learned:  4900 * time.Millisecond,
			want:     5 * second,
			maxCalls: 4,
		},
		{
			name:     "success, a line with the last poll",
			lines:    seconds(1, 24.9),
			end:      20 * second,
			want:     6900 * time.Millisecond,
			maxCalls: 6,
		},
		{
			name:     "success, lines that go on",
			lines:    seconds(21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35),
			end:      20 * second,
			want:     12 * second,
			lost:     3,
			maxCalls: 9,
		},
		{
			name:     "success, learned of long after",
			lines:    seconds(1, 23),
			end:      20 * second,
			learned:  10 * second,
			want:     10 * second,
			maxCalls: 5,
		},
		{
			name:     "failure, a line 9s late",
			lines:    seconds(1, 29),
			end:      20 * second,
			failed:   true,
			want:     12 * second,
			maxCalls: 8,
		},
		{
			name:     "failure, a line 11s late",
			lines:    seconds(1, 31),
			end:      20 * second,
			failed:   true,
			want:     13 * second,
			maxCalls: 9,
		},
		{
			name:     "no wait",
			rule:     tail.For(0),
			lines:    seconds(1, 19.9, 20.5),
			end:      20 * second,
			want:     0,
			lost:     1,
			maxCalls: 2,
		},
		{
			name:     "much wait",
			rule:     tail.For(time.Minute),
			lines:    seconds(1, 79),
			end:      20 * second,
			want:     60 * second,
			maxCalls: 24,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &answers{start: time.Now(), lines: tt.lines}
				end := tail.End{At: time.Now().Add(tt.end), Failed: tt.failed}
				ends := make(chan tail.End, 1)
				time.AfterFunc(tt.end+tt.learned, func() { ends <- end })
				got, err := follow(t, tail.Follower{API: api, Rule: tt.rule}, ends)
				if want := texts(tt.lines[:len(tt.lines)-tt.lost]); err != nil || !slices.Equal(got, want) {
					t.Errorf("Follow emitted %q and returned %v, want %q and nil", got, err, want)
				}
				if took := time.Since(end.At); took < tt.want || took > tt.want+700*time.Millisecond {
					t.Errorf("Follow ended %v after the container, want %v", took, tt.want)
				}
				calls := slices.DeleteFunc(slices.Clone(api.calls), func(at time.Duration) bool { return at < tt.end })
				if len(calls) > tt.maxCalls {
					t.Errorf("%d calls after the end, at %v, want at most %d", len(calls), calls, tt.maxCalls)
				}
			})
		})
	}
}

// TestFollowCutOff checks that all available lines are read if reading will be stopped soon.
func TestFollowCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{start: time.Now(), lines: []line{{60 * time.Second, "a"}, {61 * time.Second, "b"}}}
		ctx, cancel := context.WithTimeout(t.Context(), 61600*time.Millisecond)
		defer cancel()
		ends := make(chan tail.End, 1)
		time.AfterFunc(60100*time.Millisecond, func() { ends <- tail.End{At: time.Now(), Failed: true, CutOff: true} })
		var got []string
		_, err := tail.Follower{API: api, Rule: tail.Default}.Follow(ctx, stream, "", ends, func(events []tail.Event) {
			got = append(got, events[0].Message)
			if late := time.Since(events[0].Time); late > 600*time.Millisecond {
				t.Errorf("%s came %v late", events[0].Message, late)
			}
		})
		if !errors.Is(err, context.DeadlineExceeded) || len(got) != 2 {
			t.Errorf("Follow emitted %q and returned %v, want both lines and %v", got, err, context.DeadlineExceeded)
		}
	})
}

// TestFollowGone checks that there is no wait for the log of a container whose machine
// ended.
func TestFollowGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{start: time.Now(), lines: []line{{0, "a"}}}
		ends := make(chan tail.End, 1)
		end := tail.End{At: time.Now().Add(20 * time.Second), Failed: true}
		time.AfterFunc(20*time.Second, func() { ends <- end })
		time.AfterFunc(24*time.Second, func() {
			end.Gone = time.Now()
			ends <- end
		})
		if _, err := follow(t, tail.Follower{API: api}, ends); err != nil {
			t.Error(err)
		}
		if took := time.Since(api.start); took < 25500*time.Millisecond || took > 26*time.Second {
			t.Errorf("Follow took %v, want 25.5s: 1.5s after the machine ended", took)
		}
	})
}

// TestFollowOn checks that reading continues after a token, without repeated lines.
func TestFollowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{start: time.Now(), lines: []line{{0, "a"}, {time.Second, "b"}, {30 * time.Second, "c"}}}
		var got []string
		emit := func(events []tail.Event) {
			for _, e := range events {
				got = append(got, e.Message)
			}
		}
		f := tail.Follower{API: api, Rule: tail.Default}
		token, err := f.Follow(t.Context(), stream, "", stopAt(0, 0), emit)
		if err != nil || !slices.Equal(got, []string{"a", "b"}) {
			t.Fatalf("Follow emitted %q and returned %v, want two lines and nil", got, err)
		}
		time.Sleep(time.Minute)
		ends := make(chan tail.End, 1)
		ends <- tail.End{At: time.Now()}
		start := time.Now()
		f.Rule = tail.Rule{}
		_, err = f.Follow(t.Context(), stream, token, ends,
			emit)
		if err != nil || !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("Follow emitted %q and returned %v, want the third line and nil", got, err)
		}
		if took := time.Since(start); took > time.Second {
			t.Errorf("Follow took %v, want no wait", took)
		}
	})
}

// TestFollowBacklog checks that Cap never cuts off available lines, even if reading them
// takes longer than Cap.
func TestFollowBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{start: time.Now(), page: func() int { return 1 }}
		for i := range 2000 {
			api.lines = append(api.lines, line{0, strconv.Itoa(i)})
		}
		got, err := follow(t, tail.Follower{API: api}, stopAt(0, 0))
		if took := time.Since(api.start); took < time.Minute || took > 4*time.Minute {
			t.Errorf("Follow took %v, want more than Cap, but no pause after a page with lines", took)
		}
		if err != nil || !slices.Equal(got, texts(api.lines)) {
			t.Errorf("Follow emitted %d lines and returned %v, want %d and nil", len(got), err, len(api.lines))
		}
	})
}

// TestFollowLateStop checks that there is at least one call after Follow learned of the
// end, even if the end was long ago.
func TestFollowLateStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{start: time.Now(), lines: []line{{59900 * time.Millisecond, "last"}}}
		got, err := follow(t, tail.Follower{API: api}, stopAt(10*time.Second, 50*time.Second))
		if err != nil || !slices.Equal(got, []string{"last"}) {
			t.Errorf("Follow emitted %q and returned %v, want the last line and nil", got, err)
		}
	})
}

func TestFollowCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3200*time.Millisecond, cancel)
		api := &answers{start: time.Now(), lines: []line{{0, strings.Repeat("x", 16384)}}}
		var got []tail.Event
		_, err := tail.Follower{
			API: api,
		}.Follow(ctx, stream, "", nil, func(events []tail.Event) { got = append(got, events...) })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Follow() = %v, want %v", err, context.Canceled)
		}
		if took := time.Since(api.start); took != 3200*time.Millisecond {
			t.Errorf("Follow took %v, want 3.2s", took)
		}
		if len(got) != 1 || !got[0].Time.Equal(api.start.Truncate(time.Millisecond)) {
			t.Errorf("Follow emitted %d events, want the line that was held back, with its time", len(got))
		}
	})
}

// TestFollowCalls checks the number of calls in ten minutes, and that lines arrive soon.
func TestFollowCalls(t *testing.T) {
	tests := []struct {
		name  string
		every time.Duration // between lines
		late  time.Duration // until a line is shown, at the most
		limit int
	}{
		{"quiet", 0, 0, 135},
		{"a line a minute", time.Minute, 5 * time.Second, 180},
		{"a line every 8 s", 8 * time.Second, 2 * time.Second, 330},
		{"a line every 100 ms", 100 * time.Millisecond, 2 * time.Second, 330},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				api := &answers{start: time.Now()}
				for at := tt.every; tt.every > 0 && at < 10*time.Minute; at += tt.every {
					api.lines = append(api.lines, line{at, at.String()})
				}
				_, err := tail.Follower{API: api, Rule: tail.Default}.Follow(t.Context(), stream, "",
					stopAt(10*time.Minute, 0), func(events []tail.Event) {
						for _, e := range events {
							if late := time.Since(e.Time); late > tt.late && time.Since(api.start) > 10*time.Second {
								t.Errorf("%s came %v late", e.Message, late)
							}
						}
					})
				if err != nil || len(api.calls) > tt.limit {
					t.Errorf("Follow made %d calls and returned %v, want at most %d and nil",
						len(api.calls), err, tt.limit)
				}
			})
		})
	}
}

// TestFollowStarved checks that a service that always fails is called rarely.
func TestFollowStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{
			start:   time.Now(),
			disturb: func(int, time.Duration) (disturbance, error) { return none, throttled },
		}
		follow(t, tail.Follower{API: api}, stopAt(10*time.Minute, 0))
		if len(api.calls) > 80 {
			t.Errorf("Follow made %d calls, want at most 80", len(api.calls))
		}
	})
}

// TestPacer checks that followers with the same Pacer share the quota, and slow down
// together.
func TestPacer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tasks = 4
		busy := true
		api := &answers{start: time.Now(), page: func() int { return 1000 }}
		for i := range 20000 {
			api.lines = append(api.lines, line{0, strconv.Itoa(i)})
		}
		api.disturb = func(_ int, since time.Duration) (disturbance, error) {
			if busy = since < 5*time.Second; busy {
				return none, throttled
			}
			return none, nil
		}
		var group sync.WaitGroup
		pacer := &tail.Pacer{}
		for range tasks {
			group.Go(func() {
				got, err := follow(t, tail.Follower{API: api, Pacer: pacer}, stopAt(time.Minute, 0))
				if err != nil || !slices.Equal(got, texts(api.lines)) {
					t.Errorf("Follow emitted %d lines and returned %v, want %d and nil", len(got), err, len(api.lines))
				}
			})
		}
		group.Wait()
		throttles := 0
		for i, at := range api.calls {
			if i >= 10 && at-api.calls[i-10] < time.Second {
				t.Fatalf("calls %d to %d took %v, want 1s or more", i-10, i, at-api.calls[i-10])
			}
			if at < 5*time.Second {
				throttles++
			}
		}
		if throttles > 12 {
			t.Errorf("%d calls in 5s of throttling, want at most 12", throttles)
		}
	})
}

// TestFollowJoins checks that the pieces of a long line become one line.
func TestFollowJoins(t *testing.T) {
	piece := strings.Repeat("x", 16384)
	large := strings.Repeat("y", 262118)
	rune3 := strings.Repeat("z", 262115)
	tests := []struct {
		name string
		same bool // time
		in   []string
		want []string
	}{
		{"short lines", true, []string{"a", "", "b"}, []string{"a", "", "b"}},
		{"one cut", true, []string{"a", piece, "b", "c"}, []string{"a", piece + "b", "c"}},
		{"cut twice", true, []string{piece, piece, "b", "c"}, []string{piece + piece + "b", "c"}},
		{"cut by awslogs", true, []string{large, large, "b"}, []string{large + large + "b"}},
		{"cut before a character", true, []string{rune3, "b"}, []string{rune3 + "b"}},
		{"cut at the end", true, []string{"a", piece}, []string{"a", piece}},
		{"another time", false, []string{piece, "b", piece}, []string{piece, "b", piece}},
		{"another length", true, []string{piece + "x", "b", piece[4:], "c"},
			[]string{piece + "x", "b", piece[4:], "c"}},
		{"endless", true, slices.Repeat([]string{large}, 6), []string{strings.Repeat(large, 5), large}},
	}
	for _, tt := range tests {
		for _, page := range []int{1, 2, 10000} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, page), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					api := &answers{start: time.Now(), stampAll: tt.same, page: func() int { return page }}
					for i, text := range tt.in {
						api.lines = append(api.lines, line{time.Duration(i) * time.Millisecond, text})
					}
					got, err := follow(t, tail.Follower{API: api}, stopAt(time.Second, 0))
					if err != nil || !slices.Equal(got, tt.want) {
						t.Errorf("Follow emitted lengths %v and returned %v, want %v and nil", lengths(got),
							err, lengths(tt.want))
					}
				})
			})
		}
	}
}

func lengths(texts []string) []int {
	var n []int
	for _, text := range texts {
		n = append(n, len(text))
	}
	return n
}

// TestFollowWire checks that errors of the real client are classified, and that the
// client does not retry itself.
func TestFollowWire(t *testing.T) {
	tests := []struct {
		body   string
		status int
		want   error
	}{
		{`{"__type":"AccessDeniedException","message":"not authorized"}`, 400, tail.ErrDenied},
		{`{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}`, 400,
			tail.ErrNoGroup},
		{`{"__type":"ResourceNotFoundException","message":"The specified log stream does not exist."}`, 400,
			tail.ErrNoStream},
		{`{"__type":"ThrottlingException","message":"Rate exceeded"}`, 400, tail.ErrIncomplete},
		{`<html>`, 503, tail.ErrIncomplete},
	}
	for _, tt := range tests {
		t.Run(tt.body, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var calls []time.Time
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				mu.Lock()
				calls = append(calls, time.Now())
				mu.Unlock()
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			defer server.Close()
			client := cloudwatchlogs.New(cloudwatchlogs.Options{
				Region: "eu-west-1", BaseEndpoint: &server.URL,
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
				}),
			})
			ends := make(chan tail.End, 1)
			ends <- tail.End{At: time.Now()}
			_, err := follow(t, tail.Follower{API: client, Rule: tail.For(1), Cap: 1}, ends)
			if !errors.Is(err, tt.want) {
				t.Errorf("Follow() = %v, want %v", err, tt.want)
			}
			if len(calls) > 3 {
				t.Errorf("%d calls, want at most 3", len(calls))
			}
		})
	}
}

// endless is a stream of full pages.
type endless struct {
	events []types.OutputLogEvent
	pages  int
}

func (e *endless) GetLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput,
	_ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	n, _ := strconv.Atoi(aws.ToString(in.NextToken))
	if n == e.pages {
		return &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: in.NextToken}, nil
	}
	return &cloudwatchlogs.GetLogEventsOutput{Events: e.events, NextForwardToken: aws.String(strconv.Itoa(n + 1))}, nil
}

// BenchmarkFollow reads pages of 10000 lines of 100 bytes, the maximum of a page.
func BenchmarkFollow(b *testing.B) {
	message := strings.Repeat("x", 100)
	api := &endless{pages: 50}
	for i := range 10000 {
		api.events = append(api.events, types.OutputLogEvent{Message: &message, Timestamp: aws.Int64(int64(i))})
	}
	benchmark(b, api, api.pages*len(api.events))
}

// BenchmarkFollowWire does the same with the real client, including the decoding of
// responses.
func BenchmarkFollowWire(b *testing.B) {
	const pages, perPage = 5, 10000
	var body strings.Builder
	body.WriteString(`{"events":[`)
	for i := range perPage {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"ingestionTime":1700000000000,"message":"%s","timestamp":%d}`,
			strings.Repeat("x", 100), 1700000000000+i)
	}
	call := 0
	client := cloudwatchlogs.New(cloudwatchlogs.Options{
		Region: "eu-west-1",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET"}, nil
		}),
		HTTPClient: transport(func(*http.Request) (*http.Response, error) {
			call++
			answer := io.MultiReader(strings.NewReader(body.String()),
				strings.NewReader(fmt.Sprintf(`],"nextForwardToken":"%d"}`, call)))
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(answer)}, nil
		}),
	})
	benchmark(b, client, pages*perPage)
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) Do(r *http.Request) (*http.Response, error) { return t(r) }

// benchmark follows a stream with a number of lines in a loop.
func benchmark(b *testing.B, api tail.API, lines int) {
	b.ReportAllocs()
	rounds := 0
	for b.Loop() {
		ctx, cancel := context.WithCancel(b.Context())
		read := 0
		tail.Follower{API: api, Pacer: &tail.Pacer{Interval: 1}}.Follow(ctx, stream, "", nil,
			func(events []tail.Event) {
				if read += len(events); read >= lines {
					cancel()
				}
			})
		cancel()
		rounds++
	}
	b.ReportMetric(float64(rounds*lines)/b.Elapsed().Seconds(), "lines/s")
}
