// Package logs is CloudWatch Logs in memory: groups and streams of lines, and the operations that
// read them. It knows no tasks.
package logs

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxLine   = 16 << 10 // bytes after which Docker splits a line
	maxPage   = 1 << 20  // bytes of one response
	maxEvents = 10000    // of one response
)

// A Store is CloudWatch Logs of one account, in all regions. It is safe for
// concurrent use. [New] returns one.
type Store struct {
	account string

	mu      sync.Mutex
	strict  bool
	groups  map[groupKey]*group
	streams []*stream // by number
	stored  int       // bytes of their events
}

// New returns a store that creates every group on its first use.
func New(account string) *Store {
	return &Store{account: account, groups: make(map[groupKey]*group)}
}

// Strict creates groups of a region. Others are created by a container with the option
// awslogs-create-group or by CreateLogGroup only.
func (l *Store) Strict(region string, names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strict = true
	for _, name := range names {
		l.makeGroup(region, name)
	}
}

// Expect creates the group of a definition, unless the store is strict: on AWS the group exists
// before tasks run, and clients may follow it before the first line.
func (l *Store) Expect(region, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.strict && l.groups[groupKey{region, name}] == nil {
		l.makeGroup(region, name)
	}
}

type groupKey struct{ region, name string }

type group struct {
	created time.Time
	streams map[string]*stream // by name
}

func (l *Store) makeGroup(region, name string) *group {
	g := &group{created: time.Now(), streams: make(map[string]*stream)}
	l.groups[groupKey{region, name}] = g
	return g
}

// Open creates a log stream and returns its writer, which adds an event for every line. An event
// can be read after the delay only. create is the option awslogs-create-group.
func (l *Store) Open(region, name, streamName string, create bool, delay time.Duration) (io.WriteCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[groupKey{region, name}]
	if g == nil {
		if l.strict && !create {
			return nil, errors.New("ResourceInitializationError: failed to validate logger args: create stream has been " +
				"retried 1 times: " +
				"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : " +
				"exit status 1")
		}
		g = l.makeGroup(region, name)
	}
	stream := &stream{created: time.Now(), number: len(l.streams) + 1}
	l.streams = append(l.streams, stream)
	g.streams[streamName] = stream
	return &writer{store: l, stream: stream, delay: delay}, nil
}

// A writer adds the lines of a container as events.
type writer struct {
	store  *Store
	stream *stream
	delay  time.Duration

	mu   sync.Mutex
	line []byte // not complete yet
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(p)
	var lines []string
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		room := maxLine - len(w.line)
		switch {
		case i >= 0 && i <= room:
			lines = append(lines, string(w.line)+string(p[:i]))
			w.line, p = w.line[:0], p[i+1:]
		case len(p) >= room && room > 0:
			lines = append(lines, string(w.line)+string(p[:room]))
			w.line, p = w.line[:0], p[room:]
		default:
			w.line = append(w.line, p...)
			p = nil
		}
	}
	w.add(lines)
	return n, nil
}

// Close ends an incomplete line.
func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		w.add([]string{string(w.line)})
		w.line = nil
	}
	return nil
}

func (w *writer) add(lines []string) {
	now := time.Now()
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, line := range lines {
		if line == "" {
			continue // awslogs drops empty lines
		}
		w.store.stored += w.stream.add(event{
			Timestamp:     now.UnixMilli(),
			Message:       strings.ToValidUTF8(line, "\uFFFD"),
			IngestionTime: now.UnixMilli() + w.delay.Milliseconds(),
		})
	}
	w.store.trim()
}

// trim drops the oldest events of the largest streams, until the store is below its limit. The
// caller holds the lock.
func (l *Store) trim() {
	for l.stored > maxStored {
		longest := slices.MaxFunc(l.streams, func(a, b *stream) int { return len(a.chunks) - len(b.chunks) })
		if len(longest.chunks) == 0 {
			return // many short streams: each has at most one chunk that is not compressed
		}
		l.stored -= longest.dropOldest()
	}
}
