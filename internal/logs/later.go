package logs

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// savedPosition is a [Position] as it is saved for the post stage.
type savedPosition struct {
	Container string `json:"c"` // and its task, if there are several
	Region    string `json:"r"`
	Group     string `json:"g"`
	Stream    string `json:"s"`
	Token     string `json:"t"` // after the last line
}

// savedLimit is how many bytes of positions are saved: Linux takes 128 KiB of one
// environment variable.
const savedLimit = 96 << 10

// Save returns up to where logs were read, as a value for the post stage: as many as fit.
func Save(positions []Position) string {
	state := []byte("[")
	for _, at := range positions {
		one, err := json.Marshal(savedPosition{at.Name, at.Region, at.Stream.Group, at.Stream.Name, at.Token})
		if err != nil || len(state)+len(one) > savedLimit {
			break
		}
		if len(state) > 1 {
			state = append(state, ',')
		}
		state = append(state, one...)
	}
	return string(append(state, ']'))
}

// Saved reads what [Save] returned; nil for any other text.
func Saved(state string) []Position {
	var saved []savedPosition
	if json.Unmarshal([]byte(state), &saved) != nil {
		return nil
	}
	var all []Position
	for _, s := range saved {
		source := tail.Source{Region: s.Region, Stream: tail.Stream{Group: s.Group, Name: s.Stream}}
		all = append(all, Position{printable(s.Container), tail.Position{Source: source, Token: s.Token}})
	}
	return all
}

// laterTime is how long lines are looked for that came after a step, and lateStream how
// long after one look the next is for streams that have not appeared: those of containers
// that ran do appear.
const (
	laterTime  = 20 * time.Second
	lateStream = 2 * time.Second
)

// ShowLater shows the lines that CloudWatch Logs has after the positions. It says nothing of
// a log that can't be read: the step has said what is wrong, and where the log is.
func ShowLater(ctx context.Context, clients *session.Clients, positions []Position, emit event.Sink) {
	ctx, cancel := context.WithTimeout(ctx, laterTime)
	defer cancel()
	for {
		if positions = showOnce(ctx, clients, positions, emit); len(positions) == 0 {
			return
		}
		select {
		case <-time.After(lateStream):
		case <-ctx.Done():
			return
		}
	}
}

// showOnce reads each log once to its end, and returns those whose streams do not exist.
func showOnce(ctx context.Context, clients *session.Clients, positions []Position, emit event.Sink) (missing []Position) {
	from := map[tail.Source]Position{}
	for _, at := range positions {
		from[at.Source] = at
	}
	var mu sync.Mutex // of missing
	group := tail.Group{
		Client: func(region string) tail.API { return clients.Logs(region) },
		Rule:   tail.For(0),
		Lines: func(source tail.Source, events []tail.Event) {
			emit(event.Log{Container: from[source].Name, Lines: messages(events)})
		},
		Ended: func(source tail.Source, err error) {
			if errors.Is(err, tail.ErrNoStream) {
				mu.Lock()
				defer mu.Unlock()
				missing = append(missing, from[source])
			}
		},
	}
	for _, at := range positions {
		group.Follow(ctx, at.Source, at.Token)
		group.End(at.Source, tail.End{At: time.Now()})
	}
	group.Wait(ctx)
	return missing
}

// printable returns a text without characters that control a console: what was saved may be
// forged.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, text)
}
