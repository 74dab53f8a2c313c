// Package logs is CloudWatch Logs in memory: groups and streams of lines, and the
// calls that read them.
package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

const (
	maxLine   = 16 << 10 // bytes after which Docker splits a line
	maxPage   = 1 << 20  // bytes of one answer
	maxEvents = 10000    // of one answer
	eventCost = 26       // bytes that an event counts beside its message
)

// GetEvents is a GetLogEvents request.
var GetEvents = wire.Structure{
	"logGroupName": wire.String, "logGroupIdentifier": wire.String, "logStreamName": wire.String, "startTime": wire.Integer, "endTime": wire.Integer,
	"nextToken": wire.String, "limit": wire.Integer, "startFromHead": wire.Boolean, "unmask": wire.Boolean,
}

// A Store is CloudWatch Logs of one account, in all regions. It is safe for
// concurrent use. Make one with [New].
type Store struct {
	account string

	mu     sync.Mutex
	strict bool
	groups map[groupKey]*group
}

// New returns a store in which every group that a container asks for is made.
func New(account string) *Store {
	return &Store{account: account, groups: make(map[groupKey]*group)}
}

// Strict makes groups of a region. Others are there only when made, by a
// container with the option awslogs-create-group or by CreateLogGroup.
func (l *Store) Strict(region string, names ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.strict = true
	for _, name := range names {
		l.makeGroup(region, name)
	}
}

type groupKey struct{ region, name string }

type group struct {
	created time.Time
	streams map[string]*stream
}

type stream struct {
	created time.Time
	events  []event
}

// An event is one line, in milliseconds since 1970.
type event struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"` // it can't be seen before
}

func (l *Store) makeGroup(region, name string) *group {
	g := &group{created: time.Now(), streams: make(map[string]*stream)}
	l.groups[groupKey{region, name}] = g
	return g
}

// A Caller is who asks, and what is to go wrong with the answer.
type Caller struct {
	Region string
	Empty  bool // no event, and a token that is new
	Stuck  bool // no event, and the token that was given
}

func errNoGroup() *wire.Error {
	return wire.Refuse("ResourceNotFoundException", "The specified log group does not exist.")
}

// ErrNoStream refuses a stream that is not there.
func ErrNoStream() *wire.Error {
	return wire.Refuse("ResourceNotFoundException", "The specified log stream does not exist.")
}

// Open makes a log stream and returns the writer to it, which makes an event of
// every line. An event can be seen only after the delay. create is the option
// awslogs-create-group.
func (l *Store) Open(region, name, streamName string, create bool, delay time.Duration) (io.WriteCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[groupKey{region, name}]
	if g == nil {
		if l.strict && !create {
			return nil, errors.New("ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: " +
				"failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1")
		}
		g = l.makeGroup(region, name)
	}
	w := &writer{store: l, stream: &stream{created: time.Now()}, delay: delay}
	g.streams[streamName] = w.stream
	return w, nil
}

// A writer turns what a container prints into events, a line each.
type writer struct {
	store  *Store
	stream *stream
	delay  time.Duration

	mu   sync.Mutex
	line []byte // begun
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

// Close ends a line that has no end.
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
		w.stream.events = append(w.stream.events, event{
			Timestamp:     now.UnixMilli(),
			Message:       strings.ToValidUTF8(line, "\uFFFD"),
			IngestionTime: now.Add(w.delay).UnixMilli(),
		})
	}
}

// stream returns a log stream that a request names.
func (l *Store) stream(in wire.Object, region string) (*stream, error) {
	_, g, err := l.group(in, region)
	if err != nil {
		return nil, err
	}
	stream := g.streams[wire.Text(in, "logStreamName")]
	if stream == nil {
		return nil, ErrNoStream()
	}
	return stream, nil
}

// group returns a log group that a request names by name or ARN, and its name.
func (l *Store) group(in wire.Object, region string) (name string, g *group, err error) {
	name = wire.Text(in, "logGroupName")
	if id := wire.Text(in, "logGroupIdentifier"); id != "" {
		if name != "" {
			return "", nil, wire.Refuse("InvalidParameterException", "logGroupName and logGroupIdentifier can't both be given.")
		}
		_, after, _ := strings.Cut(id, ":log-group:")
		if name = strings.TrimSuffix(after, ":*"); after == "" {
			name = id
		}
	}
	if g = l.groups[groupKey{region, name}]; g == nil {
		return "", nil, errNoGroup()
	}
	return name, g, nil
}

// GetLogEvents is the operation.
func (l *Store) GetLogEvents(in wire.Object, from Caller) (any, error) {
	limit := wire.Int(in, "limit", maxEvents)
	if limit < 1 || limit > maxEvents {
		return nil, wire.Refuse("InvalidParameterException", fmt.Sprintf("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, maxEvents))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	stream, err := l.stream(in, from.Region)
	if err != nil {
		return nil, err
	}
	events := stream.visible(wire.Int(in, "startTime", 0), wire.Int(in, "endTime", 0))
	start, end, nonce := 0, 0, 0
	switch token := wire.Text(in, "nextToken"); {
	case token == "" && wire.Bool(in, "startFromHead", false):
		end = forward(events, 0, limit)
	case token == "":
		start, end = backward(events, len(events), limit), len(events)
	default:
		direction, position, n, ok := parseToken(token)
		if !ok || position > len(events) {
			return nil, wire.Refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
		if nonce = n; direction == "f" {
			start, end = position, forward(events, position, limit)
		} else {
			start, end = backward(events, position, limit), position
		}
	}
	if from.Empty || from.Stuck {
		end = start
	}
	if from.Empty {
		nonce++
	}
	return wire.Object{
		"events":            append([]event{}, events[start:end]...),
		"nextForwardToken":  formatToken("f", end, nonce),
		"nextBackwardToken": formatToken("b", start, nonce),
	}, nil
}

// visible returns the events that can be seen by now, and of these, those of a
// time in milliseconds, 0 for no bound.
func (s *stream) visible(from, to int) []event {
	now := time.Now().UnixMilli()
	events := s.events[:sort.Search(len(s.events), func(i int) bool { return s.events[i].IngestionTime > now })]
	if from == 0 && to == 0 {
		return events
	}
	var within []event
	for _, e := range events {
		if e.Timestamp >= int64(from) && (to == 0 || e.Timestamp < int64(to)) {
			within = append(within, e)
		}
	}
	return within
}

// forward returns the end of the page that begins at start.
func forward(events []event, start, limit int) int {
	size, end := 0, start
	for end < len(events) && end-start < limit {
		if size += len(events[end].Message) + eventCost; size > maxPage && end > start {
			break
		}
		end++
	}
	return end
}

// backward returns the start of the page that ends at end.
func backward(events []event, end, limit int) int {
	size, start := 0, end
	for start > 0 && end-start < limit {
		if size += len(events[start-1].Message) + eventCost; size > maxPage && start < end {
			break
		}
		start--
	}
	return start
}

// formatToken returns a token as CloudWatch Logs has them: a direction and a
// number, here of a position and of something that makes tokens of the same
// position differ.
func formatToken(direction string, position, nonce int) string {
	return fmt.Sprintf("%s/%048d%08d/s", direction, position, nonce)
}

func parseToken(token string) (direction string, position, nonce int, ok bool) {
	direction, rest, _ := strings.Cut(token, "/")
	digits, end, _ := strings.Cut(rest, "/")
	if direction != "f" && direction != "b" || end != "s" || len(digits) != 56 {
		return "", 0, 0, false
	}
	position, err := strconv.Atoi(digits[:48])
	nonce, err2 := strconv.Atoi(digits[48:])
	return direction, position, nonce, err == nil && err2 == nil && position >= 0 && nonce >= 0
}

// CreateLogGroup is the operation.
func (l *Store) CreateLogGroup(in wire.Object, from Caller) (any, error) {
	name := wire.Text(in, "logGroupName")
	if name == "" {
		return nil, wire.Refuse("InvalidParameterException", "logGroupName must be given.")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.groups[groupKey{from.Region, name}] != nil {
		return nil, wire.Refuse("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	l.makeGroup(from.Region, name)
	return wire.Object{}, nil
}

// DescribeLogGroups is the operation.
func (l *Store) DescribeLogGroups(in wire.Object, from Caller) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for key := range l.groups {
		if key.region == from.Region && strings.HasPrefix(key.name, wire.Text(in, "logGroupNamePrefix")) {
			names = append(names, key.name)
		}
	}
	slices.Sort(names)
	names, next, err := logPageOf(in, names)
	if err != nil {
		return nil, err
	}
	groups := []any{}
	for _, name := range names {
		g := l.groups[groupKey{from.Region, name}]
		arn := l.arn(from.Region, name)
		stored := 0
		for _, stream := range g.streams {
			stored += stream.size()
		}
		groups = append(groups, wire.Object{
			"logGroupName": name, "creationTime": g.created.UnixMilli(), "metricFilterCount": 0,
			"arn": arn + ":*", "logGroupArn": arn, "storedBytes": stored, "logGroupClass": "STANDARD",
		})
	}
	return withToken(wire.Object{"logGroups": groups}, next), nil
}

// DescribeLogStreams is the operation.
func (l *Store) DescribeLogStreams(in wire.Object, from Caller) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	group, g, err := l.group(in, from.Region)
	if err != nil {
		return nil, err
	}
	byTime := wire.Text(in, "orderBy") == "LastEventTime"
	if byTime && wire.Text(in, "logStreamNamePrefix") != "" {
		return nil, wire.Refuse("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	var names []string
	for name := range g.streams {
		if strings.HasPrefix(name, wire.Text(in, "logStreamNamePrefix")) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		if byTime {
			if order := g.streams[a].last() - g.streams[b].last(); order != 0 {
				return int(order)
			}
		}
		return strings.Compare(a, b)
	})
	if wire.Bool(in, "descending", false) {
		slices.Reverse(names)
	}
	names, next, err := logPageOf(in, names)
	if err != nil {
		return nil, err
	}
	streams := []any{}
	for _, name := range names {
		stream := g.streams[name]
		o := wire.Object{
			"logStreamName": name, "creationTime": stream.created.UnixMilli(), "storedBytes": 0,
			"arn": l.arn(from.Region, group) + ":log-stream:" + name,
		}
		if n := len(stream.events); n > 0 {
			o["firstEventTimestamp"] = stream.events[0].Timestamp
			o["lastEventTimestamp"] = stream.last()
			o["lastIngestionTime"] = stream.events[n-1].IngestionTime
		}
		streams = append(streams, o)
	}
	return withToken(wire.Object{"logStreams": streams}, next), nil
}

func (s *stream) last() int64 {
	if len(s.events) == 0 {
		return 0
	}
	return s.events[len(s.events)-1].Timestamp
}

func (s *stream) size() int {
	size := 0
	for _, e := range s.events {
		size += len(e.Message) + eventCost
	}
	return size
}

func (l *Store) arn(region, group string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", wire.Partition(region), region, l.account, group)
}

// logPageOf returns the page of names that a request's nextToken and limit (at
// most 50) ask for.
func logPageOf(in wire.Object, names []string) (page []string, next string, err error) {
	limit := wire.Int(in, "limit", 50)
	if limit < 1 || limit > 50 {
		return nil, "", wire.Refuse("InvalidParameterException", "limit must be between 1 and 50.")
	}
	after, paged := in["nextToken"].(string)
	if paged {
		i := slices.Index(names, after)
		if i < 0 {
			return nil, "", wire.Refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
		names = names[i+1:]
	}
	if len(names) > limit {
		return names[:limit], names[limit-1], nil
	}
	return names, "", nil
}

func withToken(answer wire.Object, token string) wire.Object {
	if token != "" {
		answer["nextToken"] = token
	}
	return answer
}
