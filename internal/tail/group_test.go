package tail_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// limited is a CloudWatch Logs client with many streams and a quota of calls a second.
type limited struct {
	mu      sync.Mutex
	start   time.Time
	rate    int // calls a second; 0 for no limit
	calls   []time.Duration
	refused int
	streams map[string]*answers
}

func (l *limited) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput,
	options ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	l.mu.Lock()
	now := time.Since(l.start)
	if n := len(l.calls); l.rate > 0 && n >= l.rate && now-l.calls[n-l.rate] < time.Second {
		l.refused++
		l.mu.Unlock()
		return nil, throttled
	}
	l.calls = append(l.calls, now)
	one := *in
	one.LogStreamName = &stream.Name
	answer := l.streams[*in.LogStreamName]
	l.mu.Unlock()
	return answer.GetLogEvents(ctx, &one, options...)
}

// TestGroup checks how long after the simultaneous end of many containers their logs are
// complete, at the quotas of the service.
func TestGroup(t *testing.T) {
	const second = time.Second
	for _, tt := range []struct {
		name    string
		streams int
		rate    int
		late    time.Duration // of each log's last line, after the end
		want    time.Duration
	}{
		{"one", 1, 0, 0, 5500 * time.Millisecond},
		{"ten", 10, 10, 0, 8 * second},
		{"200 that have written all before", 200, 10, -30 * second, 27 * second},
		{"200, in most regions", 200, 25, 0, 20 * second},
		{"200, without a limit", 200, 0, 0, 20 * second},
		{"200 with a line at the end, in the regions that allow least", 200, 10, 0, 45 * second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const end = 60 * second
				api := &limited{start: time.Now(), rate: tt.rate, streams: map[string]*answers{}}
				var mu sync.Mutex
				got := map[tail.Source][]string{}
				g := &tail.Group{
					Client: func(string) tail.API { return api }, Rule: tail.Default,
					Lines: func(source tail.Source, events []tail.Event) {
						mu.Lock()
						defer mu.Unlock()
						for _, e := range events {
							got[source] = append(got[source], e.Message)
						}
					},
					Ended: func(source tail.Source, err error) {
						if err != nil {
							t.Error(err)
						}
					},
				}
				var sources []tail.Source
				for i := range tt.streams {
					source := tail.Source{
						Region: "eu-west-1",
						Stream: tail.Stream{Group: stream.Group, Name: fmt.Sprint(i)},
					}
					api.streams[source.Stream.Name] = &answers{
						start: api.start,
						lines: []line{{second, "first"}, {end + tt.late, "last"}},
					}
					sources = append(sources, source)
				}
				for _, source := range sources { // once the streams are all there
					g.Follow(t.Context(), source, "")
					g.Follow(t.Context(), source, "") // not a second time
				}
				time.Sleep(end)
				at := time.Now()
				time.Sleep(2 * second) // until ECS has been asked
				for _, source := range sources {
					g.End(source, tail.End{At: at})
				}
				g.Wait(t.Context())
				took := time.Since(at)
				t.Logf("%v after the end, %d calls, %d throttled", took, len(api.calls), api.refused)
				if took > tt.want || took < 5*second {
					t.Errorf("logs complete %v after the end, want 5s to %v", took, tt.want)
				}
				for _, source := range sources {
					if !slices.Equal(got[source], []string{"first", "last"}) {
						t.Errorf("lines of %s = %q, want first and last", source.Stream, got[source])
					}
				}
				if g.Reading() != 0 || len(g.Positions()) != tt.streams {
					t.Errorf("%d logs are read and %d have positions, want 0 and %d", g.Reading(),
						len(g.Positions()), tt.streams)
				}
			})
		})
	}
}

// TestGroupCut checks that Wait stops all reading with its context, and that reading can
// continue from the positions.
func TestGroupCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &answers{start: time.Now(), lines: []line{{0, "a"}, {5 * time.Second, "b"}}}
		var got []string
		newGroup := func() *tail.Group {
			return &tail.Group{
				Client: func(string) tail.API { return api }, Rule: tail.Default,
				Lines: func(_ tail.Source, events []tail.Event) { got = append(got, events[0].Message) },
				Ended: func(tail.Source, error) {},
			}
		}
		source := tail.Source{Stream: stream}
		g := newGroup()
		g.Wait(t.Context()) // for nothing
		g.Follow(t.Context(), source, "")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		g.Wait(ctx)
		if took := time.Since(api.start); took != 3*time.Second {
			t.Errorf("Wait took %v, want 3s", took)
		}
		time.Sleep(time.Minute)
		later := newGroup()
		later.Follow(t.Context(), source, g.Positions()[0].Token)
		later.CutOff()
		later.End(source, tail.End{At: time.Now().Add(-time.Minute)})
		later.Wait(t.Context())
		if !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("lines = %q, want a and b", got)
		}
	})
}
