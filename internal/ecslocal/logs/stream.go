package logs

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"sort"
	"time"
)

const (
	chunkSize = 1 << 20 // bytes of messages that are compressed together

	// maxStored is how many bytes of events, compressed or not, a store has. Beyond that
	// the oldest events of the longest stream are dropped.
	maxStored = 128 << 20
)

const eventCost = 26 // bytes that an event counts beside its message

// A stream is the events of one container, in the order of their times. The position of an event
// counts from 0 and does not change when older ones are dropped.
type stream struct {
	created time.Time
	number  int     // among the streams of the store, from 1
	chunks  []chunk // complete, the oldest first
	open    []event // the newest
	openAt  int     // position of the first of open
	opened  int     // bytes of the messages of open
	bytes   int     // of all events that were ever written
	first   int64   // timestamp of the first event ever
	dropped int     // events
}

// A chunk is compressed events.
type chunk struct {
	start, count int   // positions
	from         event // the first one, without its message
	last         int64 // timestamp of the last one
	data         []byte
}

// An event is one line, in milliseconds since 1970.
type event struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"` // when it can be read
}

func (s *stream) end() int { return s.openAt + len(s.open) }

func (s *stream) begin() int {
	if len(s.chunks) > 0 {
		return s.chunks[0].start
	}
	return s.openAt
}

// lastEvent returns the newest event without its message, and whether there is one.
func (s *stream) lastEvent() (e event, ok bool) {
	if n := len(s.open); n > 0 {
		return s.open[n-1], true
	}
	if n := len(s.chunks); n > 0 {
		delay := s.chunks[n-1].from.IngestionTime - s.chunks[n-1].from.Timestamp
		return event{Timestamp: s.chunks[n-1].last, IngestionTime: s.chunks[n-1].last + delay}, true
	}
	return event{}, false
}

// add appends an event and returns by how many bytes the stream has grown.
func (s *stream) add(e event) (grown int) {
	if s.end() == 0 {
		s.first = e.Timestamp
	}
	s.open = append(s.open, e)
	s.opened += len(e.Message) + eventCost
	s.bytes += len(e.Message) + eventCost
	grown = len(e.Message) + eventCost
	if s.opened >= chunkSize {
		c := compress(s.open, s.openAt)
		grown += len(c.data) - s.opened
		s.chunks = append(s.chunks, c)
		s.openAt, s.open, s.opened = s.end(), nil, 0
	}
	return grown
}

// dropOldest drops the oldest chunk and returns how many bytes that frees.
func (s *stream) dropOldest() int {
	c := s.chunks[0]
	s.chunks = s.chunks[1:]
	s.dropped += c.count
	return len(c.data)
}

// A chunk has the delay between time and ingestion once: it is the same for all events of a
// stream.
func compress(events []event, start int) chunk {
	last := events[len(events)-1].Timestamp
	c := chunk{start: start, count: len(events), from: events[0], last: last}
	c.from.Message = ""
	var data bytes.Buffer
	w, _ := flate.NewWriter(&data, flate.BestSpeed) // the level is valid
	var head []byte
	before := events[0].Timestamp
	for _, e := range events {
		head = binary.AppendVarint(head[:0], e.Timestamp-before)
		head = binary.AppendUvarint(head, uint64(len(e.Message)))
		before = e.Timestamp
		w.Write(head) // to memory: never fails
		io.WriteString(w, e.Message)
	}
	w.Close()
	c.data = bytes.Clone(data.Bytes())
	return c
}

// events returns a chunk's events.
func (c chunk) events() []event {
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(c.data)))
	if err != nil {
		panic(fmt.Sprintf("a chunk of log events can't be read back: %v", err))
	}
	events := make([]event, 0, c.count)
	at := c.from.Timestamp
	delay := c.from.IngestionTime - at
	text := string(data)
	for len(text) > 0 {
		delta, n := binary.Varint([]byte(text[:min(len(text), binary.MaxVarintLen64)]))
		size, m := binary.Uvarint([]byte(text[n:min(len(text), n+binary.MaxVarintLen64)]))
		at += delta
		text = text[n+m:]
		events = append(events, event{Timestamp: at, Message: text[:size], IngestionTime: at + delay})
		text = text[size:]
	}
	return events
}

// A reader reads the events of a stream by their positions. The caller holds the lock of the
// store.
type reader struct {
	*stream
	chunk  int // whose events these are, -1 for none
	events []event
}

func (s *stream) reader() *reader { return &reader{stream: s, chunk: -1} }

// at returns the event at a position. The stream must still have it.
func (r *reader) at(position int) event {
	if position >= r.openAt {
		return r.open[position-r.openAt]
	}
	if r.chunk < 0 || position < r.chunks[r.chunk].start || position >= r.chunks[r.chunk].start+r.chunks[r.chunk].count {
		r.chunk = sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].start > position }) - 1
		r.events = r.chunks[r.chunk].events()
	}
	return r.events[position-r.chunks[r.chunk].start]
}

// since returns the position of the first event at a time or later.
func (r *reader) since(timestamp int64) int {
	if len(r.open) == 0 || r.open[0].Timestamp >= timestamp {
		i := sort.Search(len(r.chunks), func(i int) bool { return r.chunks[i].last >= timestamp })
		if i < len(r.chunks) {
			start := r.chunks[i].start
			return start + sort.Search(r.chunks[i].count, func(n int) bool { return r.at(start+n).Timestamp >= timestamp })
		}
	}
	return r.openAt + sort.Search(len(r.open), func(i int) bool { return r.open[i].Timestamp >= timestamp })
}

// span returns the positions of the events that can be read now and are between two times in
// milliseconds; 0 means no limit.
func (r *reader) span(from, to int64) (start, end int) {
	start, end = r.begin(), r.end()
	now := time.Now().UnixMilli()
	if e, ok := r.lastEvent(); ok && e.IngestionTime > now {
		end = r.since(now + 1 - (e.IngestionTime - e.Timestamp))
	}
	if from > 0 {
		start = max(start, r.since(from))
	}
	if to > 0 {
		end = min(end, r.since(to))
	}
	return start, max(start, end)
}
