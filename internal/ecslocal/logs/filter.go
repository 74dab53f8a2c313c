package logs

import (
	"container/heap"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A place orders an event among all events of a group: by its time, then by its stream, then by
// its position. Its text is the id of the event.
type place struct {
	timestamp        int64
	number, position int
}

func (p place) id() string { return fmt.Sprintf("3%013d%012d%012d", p.timestamp, p.number, p.position) }

func (p place) before(q place) bool { return p.id() < q.id() }

func parsePlace(id string) (p place, ok bool) {
	if len(id) != 38 || id[0] != '3' {
		return p, false
	}
	var err [3]error
	p.timestamp, err[0] = strconv.ParseInt(id[1:14], 10, 64)
	p.number, err[1] = strconv.Atoi(id[14:26])
	p.position, err[2] = strconv.Atoi(id[26:])
	return p, err == [3]error{}
}

// A cursor is the position of an event in a stream.
type cursor struct {
	*reader
	name    string
	at, end int
}

func (c *cursor) place() place { return place{c.reader.at(c.at).Timestamp, c.number, c.at} }

// cursors is a heap: the oldest event is first.
type cursors []*cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return c[i].place().before(c[j].place()) }
func (c cursors) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }
func (c *cursors) Push(x any)        { *c = append(*c, x.(*cursor)) }
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// FilterLogEvents returns the events of a group in the order of their times.
func (l *Store) FilterLogEvents(in wire.Object, from Caller) (any, error) {
	limit, err := limitOf(in, maxEvents, maxEvents)
	if err != nil {
		return nil, err
	}
	filter, err := parsePattern(wire.Text(in, "filterPattern"))
	if err != nil {
		return nil, err
	}
	names := wire.Texts(in, "logStreamNames")
	prefix := wire.Text(in, "logStreamNamePrefix")
	if len(names) > 0 && prefix != "" {
		return nil, wire.Refuse("InvalidParameterException", "LogStreamNamePrefix and LogStreamNames can't both be given.")
	}
	start := int64(wire.Int(in, "startTime", 0))
	after, paged := place{}, false
	if token := wire.Text(in, "nextToken"); token != "" {
		if after, paged = parsePlace(token); !paged {
			return nil, wire.Refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
		start = max(start, after.timestamp)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, g, err := l.group(in, from.Region)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if g.streams[name] == nil {
			return nil, ErrNoStream()
		}
	}
	var open cursors
	for name, s := range g.streams {
		if len(names) > 0 && !slices.Contains(names, name) || !strings.HasPrefix(name, prefix) {
			continue
		}
		c := &cursor{reader: s.reader(), name: name}
		c.at, c.end = c.span(start, int64(wire.Int(in, "endTime", 0)))
		for paged && c.at < c.end && !after.before(c.place()) {
			c.at++
		}
		if c.at < c.end {
			open = append(open, c)
		}
	}
	heap.Init(&open)
	events := []wire.Object{}
	answer := wire.Object{"searchedLogStreams": []any{}}
	for size := 0; len(open) > 0; {
		c := open[0]
		e, at := c.reader.at(c.at), c.place()
		if filter.matches(e.Message) {
			size += len(e.Message) + eventCost
			events = append(events, wire.Object{
				"eventId": at.id(), "logStreamName": c.name, "timestamp": e.Timestamp, "message": e.Message,
				"ingestionTime": e.IngestionTime,
			})
		}
		if c.at++; c.at < c.end {
			heap.Fix(&open, 0)
		} else {
			heap.Pop(&open)
		}
		if len(open) > 0 && (len(events) == limit || size >= maxPage) {
			answer["nextToken"] = at.id()
			break
		}
	}
	answer["events"] = events
	return answer, nil
}

const (
	tailInterval = time.Second   // between the updates of a live tail
	tailLimit    = 500           // events of one update; of more, a sample
	tailEnd      = 3 * time.Hour // after which AWS ends a session

	// tailBacklog is the maximum age of a stream whose lines before the start of the session
	// are part of it: a local task prints its first line at once, one on AWS long after
	// clients have called StartLiveTail after RunTask.
	tailBacklog = 10 * time.Second
)

// A tail is a session of StartLiveTail.
type tail struct {
	store    *Store
	in       wire.Object
	groups   []tailed
	names    []string
	prefixes []string
	filter   pattern
	seen     map[*stream]int // position of the next event
}

type tailed struct {
	arn string
	*group
}

// StartLiveTail returns the new events of up to 10 groups.
func (l *Store) StartLiveTail(in wire.Object, from Caller) (any, error) {
	identifiers := wire.Texts(in, "logGroupIdentifiers")
	if len(identifiers) == 0 || len(identifiers) > 10 {
		return nil, wire.Refuse("InvalidParameterException", "logGroupIdentifiers must have between 1 and 10 items.")
	}
	t := &tail{
		store: l, in: in, names: wire.Texts(in, "logStreamNames"), prefixes: wire.Texts(in, "logStreamNamePrefixes"),
		seen: make(map[*stream]int),
	}
	switch {
	case len(t.names)+len(t.prefixes) > 0 && len(identifiers) > 1:
		return nil, wire.Refuse("InvalidParameterException",
			"logStreamNames and logStreamNamePrefixes can be given for a single log group only.")
	case len(t.names) > 0 && len(t.prefixes) > 0:
		return nil, wire.Refuse("InvalidParameterException", "logStreamNames and logStreamNamePrefixes can't both be given.")
	}
	var err error
	if t.filter, err = parsePattern(wire.Text(in, "logEventFilterPattern")); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range identifiers {
		if !strings.HasPrefix(id, "arn:") {
			return nil, wire.Refuse("InvalidParameterException", "logGroupIdentifiers must be ARNs of log groups: "+id)
		}
		name, g, err := l.group(wire.Object{"logGroupIdentifier": id}, from.Region)
		if err != nil {
			return nil, err
		}
		t.groups = append(t.groups, tailed{l.arn(from.Region, name), g})
		for _, s := range g.streams {
			if time.Since(s.created) > tailBacklog {
				t.seen[s] = s.end()
			}
		}
	}
	return t, nil
}

// Serve writes the events of the session until the client closes it, or for three hours.
func (t *tail) Serve(w *wire.EventWriter, r *http.Request) {
	start := wire.Object{
		"requestId": wire.UUID(), "sessionId": wire.UUID(), "logGroupIdentifiers": t.in["logGroupIdentifiers"],
		"logStreamNames": t.names, "logStreamNamePrefixes": t.prefixes, "logEventFilterPattern": wire.Text(t.in,
			"logEventFilterPattern"),
	}
	if w.Write("sessionStart", start) != nil {
		return
	}
	ticker := time.NewTicker(tailInterval)
	defer ticker.Stop()
	end := time.NewTimer(tailEnd)
	defer end.Stop()
	for {
		select {
		case <-ticker.C:
		case <-end.C:
			return
		case <-r.Context().Done():
			return
		}
		if w.Write("sessionUpdate", t.update()) != nil {
			return
		}
	}
}

// update returns the events since the last update.
func (t *tail) update() wire.Object {
	t.store.mu.Lock()
	defer t.store.mu.Unlock()
	var results []wire.Object
	for _, g := range t.groups {
		for name, s := range g.streams {
			if !t.wants(name) {
				continue
			}
			r := s.reader()
			first, end := r.span(0, 0)
			for at := max(t.seen[s], first); at < end; at++ {
				if e := r.at(at); t.filter.matches(e.Message) {
					results = append(results, wire.Object{
						"logStreamName": name, "logGroupIdentifier": g.arn, "message": e.Message,
						"timestamp": e.Timestamp, "ingestionTime": e.IngestionTime,
					})
				}
			}
			t.seen[s] = end
		}
	}
	slices.SortStableFunc(results,
		func(a, b wire.Object) int { return int(a["timestamp"].(int64) - b["timestamp"].(int64)) })
	sampled := len(results) > tailLimit
	if sampled {
		results = results[:tailLimit]
	}
	if results == nil {
		results = []wire.Object{}
	}
	return wire.Object{"sessionMetadata": wire.Object{"sampled": sampled}, "sessionResults": results}
}

func (t *tail) wants(name string) bool {
	return len(t.names)+len(t.prefixes) == 0 || slices.Contains(t.names, name) ||
		slices.ContainsFunc(t.prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}
