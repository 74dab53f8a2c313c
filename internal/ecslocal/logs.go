package ecslocal

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxLine   = 16 << 10 // bytes after which Docker splits a line
	maxPage   = 1 << 20  // bytes of one answer
	maxEvents = 10000    // of one answer
	eventCost = 26       // bytes that an event counts beside its message
)

var getLogEventsShape = structure{
	"logGroupName": text, "logGroupIdentifier": text, "logStreamName": text, "startTime": integer, "endTime": integer,
	"nextToken": text, "limit": integer, "startFromHead": boolean, "unmask": boolean,
}

// LogGroups makes the log groups of the region that are there from the start;
// others are there only when made, by a container with the option
// awslogs-create-group or by CreateLogGroup. A container without its log group
// can't start. Without this option every group that is asked for is made.
func LogGroups(names ...string) Option {
	return func(s *Server) {
		s.logs.strict = true
		s.logs.wanted = append(s.logs.wanted, names...)
	}
}

// A logStore is CloudWatch Logs, in all regions.
type logStore struct {
	mu     sync.Mutex
	strict bool
	wanted []string // groups to be made in the server's region
	groups map[groupKey]*logGroup
}

type groupKey struct{ region, name string }

type logGroup struct {
	created time.Time
	streams map[string]*logStream
}

type logStream struct {
	created time.Time
	events  []logEvent
}

// A logEvent is one line, in milliseconds since 1970.
type logEvent struct {
	Timestamp     int64  `json:"timestamp"`
	Message       string `json:"message"`
	IngestionTime int64  `json:"ingestionTime"` // it can't be seen before
}

func newLogStore() *logStore { return &logStore{groups: make(map[groupKey]*logGroup)} }

func (l *logStore) makeGroup(region, name string) *logGroup {
	g := &logGroup{created: time.Now(), streams: make(map[string]*logStream)}
	l.groups[groupKey{region, name}] = g
	return g
}

func errNoLogGroup() *apiError {
	return refuse("ResourceNotFoundException", "The specified log group does not exist.")
}

func errNoLogStream() *apiError {
	return refuse("ResourceNotFoundException", "The specified log stream does not exist.")
}

// openLog makes a container's log stream and returns the writer to it.
func (s *Server) openLog(t *task, c *container, options object) (io.WriteCloser, error) {
	region, name := textOf(options, "awslogs-region"), textOf(options, "awslogs-group")
	stream := c.ID
	if prefix := textOf(options, "awslogs-stream-prefix"); prefix != "" {
		stream = prefix + "/" + c.Name + "/" + t.id
	}
	l := s.logs
	l.mu.Lock()
	defer l.mu.Unlock()
	g := l.groups[groupKey{region, name}]
	if g == nil {
		if l.strict && textOf(options, "awslogs-create-group") != "true" {
			return nil, fmt.Errorf("ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. : exit status 1")
		}
		g = l.makeGroup(region, name)
	}
	w := &logWriter{store: l, stream: &logStream{created: time.Now()}, delay: t.faults.logDelay}
	g.streams[stream] = w.stream
	return w, nil
}

// A logWriter turns what a container prints into events, a line each.
type logWriter struct {
	store  *logStore
	stream *logStream
	delay  time.Duration

	mu   sync.Mutex
	line []byte // begun
}

func (w *logWriter) Write(p []byte) (int, error) {
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
func (w *logWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.line) > 0 {
		w.add([]string{string(w.line)})
		w.line = nil
	}
	return nil
}

func (w *logWriter) add(lines []string) {
	now := time.Now()
	w.store.mu.Lock()
	defer w.store.mu.Unlock()
	for _, line := range lines {
		if line == "" {
			continue // awslogs drops empty lines
		}
		w.stream.events = append(w.stream.events, logEvent{
			Timestamp:     now.UnixMilli(),
			Message:       strings.ToValidUTF8(line, "\uFFFD"),
			IngestionTime: now.Add(w.delay).UnixMilli(),
		})
	}
}

// stream returns a log stream that a request names.
func (l *logStore) stream(in object, region string) (*logStream, error) {
	_, g, err := l.group(in, region)
	if err != nil {
		return nil, err
	}
	stream := g.streams[textOf(in, "logStreamName")]
	if stream == nil {
		return nil, errNoLogStream()
	}
	return stream, nil
}

// group returns a log group that a request names by name or ARN, and its name.
func (l *logStore) group(in object, region string) (name string, g *logGroup, err error) {
	name = textOf(in, "logGroupName")
	if id := textOf(in, "logGroupIdentifier"); id != "" {
		if name != "" {
			return "", nil, refuse("InvalidParameterException", "logGroupName and logGroupIdentifier can't both be given.")
		}
		_, after, _ := strings.Cut(id, ":log-group:")
		if name = strings.TrimSuffix(after, ":*"); after == "" {
			name = id
		}
	}
	if g = l.groups[groupKey{region, name}]; g == nil {
		return "", nil, errNoLogGroup()
	}
	return name, g, nil
}

func (s *Server) getLogEvents(in object, from caller) (any, error) {
	limit := intOf(in, "limit", maxEvents)
	if limit < 1 || limit > maxEvents {
		return nil, refuse("InvalidParameterException", fmt.Sprintf("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and %d", limit, maxEvents))
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	stream, err := s.logs.stream(in, from.region)
	if err != nil {
		return nil, err
	}
	events := stream.visible(intOf(in, "startTime", 0), intOf(in, "endTime", 0))
	start, end, nonce := 0, 0, 0
	switch token := textOf(in, "nextToken"); {
	case token == "" && boolOf(in, "startFromHead", false):
		end = forward(events, 0, limit)
	case token == "":
		start, end = backward(events, len(events), limit), len(events)
	default:
		direction, position, n, ok := parseToken(token)
		if !ok || position > len(events) {
			return nil, refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
		if nonce = n; direction == "f" {
			start, end = position, forward(events, position, limit)
		} else {
			start, end = backward(events, position, limit), position
		}
	}
	if from.effect.page.empty || from.effect.page.stuck {
		end = start
	}
	if from.effect.page.empty {
		nonce++
	}
	return object{
		"events":            append([]logEvent{}, events[start:end]...),
		"nextForwardToken":  formatToken("f", end, nonce),
		"nextBackwardToken": formatToken("b", start, nonce),
	}, nil
}

// visible returns the events that can be seen by now, and of these, those of a
// time in milliseconds, 0 for no bound.
func (s *logStream) visible(from, to int) []logEvent {
	now := time.Now().UnixMilli()
	events := s.events[:sort.Search(len(s.events), func(i int) bool { return s.events[i].IngestionTime > now })]
	if from == 0 && to == 0 {
		return events
	}
	var within []logEvent
	for _, e := range events {
		if e.Timestamp >= int64(from) && (to == 0 || e.Timestamp < int64(to)) {
			within = append(within, e)
		}
	}
	return within
}

// forward returns the end of the page that begins at start.
func forward(events []logEvent, start, limit int) int {
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
func backward(events []logEvent, end, limit int) int {
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

func (s *Server) createLogGroup(in object, from caller) (any, error) {
	name := textOf(in, "logGroupName")
	if name == "" {
		return nil, refuse("InvalidParameterException", "logGroupName must be given.")
	}
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	if s.logs.groups[groupKey{from.region, name}] != nil {
		return nil, refuse("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	s.logs.makeGroup(from.region, name)
	return object{}, nil
}

func (s *Server) describeLogGroups(in object, from caller) (any, error) {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	var names []string
	for key := range s.logs.groups {
		if key.region == from.region && strings.HasPrefix(key.name, textOf(in, "logGroupNamePrefix")) {
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
		g := s.logs.groups[groupKey{from.region, name}]
		arn := s.logARN(from.region, name)
		stored := 0
		for _, stream := range g.streams {
			stored += stream.size()
		}
		groups = append(groups, object{
			"logGroupName": name, "creationTime": g.created.UnixMilli(), "metricFilterCount": 0,
			"arn": arn + ":*", "logGroupArn": arn, "storedBytes": stored, "logGroupClass": "STANDARD",
		})
	}
	return withToken(object{"logGroups": groups}, next), nil
}

func (s *Server) describeLogStreams(in object, from caller) (any, error) {
	s.logs.mu.Lock()
	defer s.logs.mu.Unlock()
	group, g, err := s.logs.group(in, from.region)
	if err != nil {
		return nil, err
	}
	byTime := textOf(in, "orderBy") == "LastEventTime"
	if byTime && textOf(in, "logStreamNamePrefix") != "" {
		return nil, refuse("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	var names []string
	for name := range g.streams {
		if strings.HasPrefix(name, textOf(in, "logStreamNamePrefix")) {
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
	if boolOf(in, "descending", false) {
		slices.Reverse(names)
	}
	names, next, err := logPageOf(in, names)
	if err != nil {
		return nil, err
	}
	streams := []any{}
	for _, name := range names {
		stream := g.streams[name]
		o := object{
			"logStreamName": name, "creationTime": stream.created.UnixMilli(), "storedBytes": 0,
			"arn": s.logARN(from.region, group) + ":log-stream:" + name,
		}
		if n := len(stream.events); n > 0 {
			o["firstEventTimestamp"] = stream.events[0].Timestamp
			o["lastEventTimestamp"] = stream.last()
			o["lastIngestionTime"] = stream.events[n-1].IngestionTime
		}
		streams = append(streams, o)
	}
	return withToken(object{"logStreams": streams}, next), nil
}

func (s *logStream) last() int64 {
	if len(s.events) == 0 {
		return 0
	}
	return s.events[len(s.events)-1].Timestamp
}

func (s *logStream) size() int {
	size := 0
	for _, e := range s.events {
		size += len(e.Message) + eventCost
	}
	return size
}

func (s *Server) logARN(region, group string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", partition(region), region, s.account, group)
}

// logPageOf returns the page of names that a request's nextToken and limit (at
// most 50) ask for.
func logPageOf(in object, names []string) (page []string, next string, err error) {
	limit := intOf(in, "limit", 50)
	if limit < 1 || limit > 50 {
		return nil, "", refuse("InvalidParameterException", "limit must be between 1 and 50.")
	}
	after, paged := in["nextToken"].(string)
	if paged {
		i := slices.Index(names, after)
		if i < 0 {
			return nil, "", refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
		names = names[i+1:]
	}
	if len(names) > limit {
		return names[:limit], names[limit-1], nil
	}
	return names, "", nil
}

func withToken(answer object, token string) object {
	if token != "" {
		answer["nextToken"] = token
	}
	return answer
}
