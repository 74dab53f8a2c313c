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

// savedPosition is a [Position] in the state for the post stage.
type savedPosition struct {
	Container string `json:"c"` // with the task if there are several
	Region    string `json:"r"`
	Group     string `json:"g"`
	Stream    string `json:"s"`
	Token     string `json:"t"` // after the last line
}

// maxSavedSize is the size of the saved positions, in bytes. Linux allows 128 KiB for one
// environment variable.
const maxSavedSize = 96 << 10

// Save returns the positions as a value for the post stage. It leaves out positions that do
// not fit.
func Save(positions []Position) string {
	state := []byte("[")
	for _, at := range positions {
		one, err := json.Marshal(savedPosition{at.Name, at.Region, at.Stream.Group, at.Stream.Name, at.Token})
		if err != nil || len(state)+len(one) > maxSavedSize {
			break
		}
		if len(state) > 1 {
			state = append(state, ',')
		}
		state = append(state, one...)
	}
	return string(append(state, ']'))
}

// Saved returns the positions of a value from [Save], or nil for any other text.
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

// laterTimeout is the limit for reading lines that came after a step. lateStreamInterval is
// the time between two attempts to read streams that do not exist yet: the stream of a
// container that ran appears eventually.
const (
	laterTimeout       = 20 * time.Second
	lateStreamInterval = 2 * time.Second
)

// ShowLater shows the lines after the positions. It ignores logs that can't be read,
// because the step has already reported why, and the address of the log.
func ShowLater(ctx context.Context, clients *session.Clients, positions []Position, emit event.Sink) {
	ctx, cancel := context.WithTimeout(ctx, laterTimeout)
	defer cancel()
	for {
		if positions = showOnce(ctx, clients, positions, emit); len(positions) == 0 {
			return
		}
		select {
		case <-time.After(lateStreamInterval):
		case <-ctx.Done():
			return
		}
	}
}

// showOnce reads each log once to its end, and returns the positions whose streams do not
// exist.
func showOnce(ctx context.Context, clients *session.Clients, positions []Position,
	emit event.Sink) (missing []Position) {
	from := map[tail.Source]Position{}
	for _, at := range positions {
		from[at.Source] = at
	}
	var mu sync.Mutex // protects missing
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

// printable removes control characters from a text, because saved state may be forged.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, text)
}
