package logs

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Caller is the region of a request, and what goes wrong with the response.
type Caller struct {
	Region string
	Empty  bool // no event, and a new token
	Stuck  bool // no event, and the token of the request
}

func errNoGroup() *wire.Error {
	return wire.Refuse("ResourceNotFoundException", "The specified log group does not exist.")
}

// ErrNoStream is the refusal for a stream that does not exist.
func ErrNoStream() *wire.Error {
	return wire.Refuse("ResourceNotFoundException", "The specified log stream does not exist.")
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

// GetLogEvents returns a page of events of a stream.
func (l *Store) GetLogEvents(in wire.Object, from Caller) (any, error) {
	limit, err := limitOf(in, maxEvents, maxEvents)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	stream, err := l.stream(in, from.Region)
	if err != nil {
		return nil, err
	}
	r := stream.reader()
	first, last := r.span(int64(wire.Int(in, "startTime", 0)), int64(wire.Int(in, "endTime", 0)))
	start, end, nonce, dropped := first, last, 0, false
	switch token := wire.Text(in, "nextToken"); {
	case token == "" && wire.Bool(in, "startFromHead", false):
		end, dropped = r.forward(start, last, limit), stream.dropped > 0
	case token == "":
		start = r.backward(first, end, limit)
	default:
		direction, position, n, ok := parseToken(token)
		if !ok || position > stream.end() {
			return nil, wire.Refuse("InvalidParameterException", "The specified nextToken is invalid.")
		}
		if nonce = n; direction == "f" {
			dropped = position < stream.begin()
			start = max(position, first)
			end = r.forward(start, max(start, last), limit)
		} else {
			end = min(max(position, first), last)
			start = r.backward(first, end, limit)
		}
	}
	if from.Empty || from.Stuck {
		end, dropped = start, false
	}
	if from.Empty {
		nonce++
	}
	events := []event{}
	if dropped {
		at := stream.first
		events = append(events, event{Timestamp: at, IngestionTime: at, Message: describeDropped(stream)})
	}
	for at := start; at < end; at++ {
		events = append(events, r.at(at))
	}
	return wire.Object{
		"events":            events,
		"nextForwardToken":  formatToken("f", end, nonce),
		"nextBackwardToken": formatToken("b", start, nonce),
	}, nil
}

// limitOf returns the limit of a request, or its default.
func limitOf(in wire.Object, absent, most int) (int, error) {
	limit := wire.Int(in, "limit", absent)
	if limit < 1 || limit > most {
		return 0, wire.Refuse("InvalidParameterException", fmt.Sprintf(
			"1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between "+
				"1 and %d", limit, most))
	}
	return limit, nil
}

// forward returns the end of the page that begins at start.
func (r *reader) forward(start, end, limit int) int {
	size, at := 0, start
	for at < end && at-start < limit {
		if size += len(r.at(at).Message) + eventCost; size > maxPage && at > start {
			break
		}
		at++
	}
	return at
}

// backward returns the start of the page that ends at end.
func (r *reader) backward(start, end, limit int) int {
	size, at := 0, end
	for at > start && end-at < limit {
		if size += len(r.at(at-1).Message) + eventCost; size > maxPage && at < end {
			break
		}
		at--
	}
	return at
}

// formatToken returns a token in the form of CloudWatch Logs: a direction and a number. Here the
// number has a position and a nonce, so that two tokens of one position differ.
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

// CreateLogGroup creates a group.
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
	return nil, nil
}

// DeleteLogGroup deletes a group with its streams.
func (l *Store) DeleteLogGroup(in wire.Object, from Caller) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name, g, err := l.group(in, from.Region)
	if err != nil {
		return nil, err
	}
	for _, s := range g.streams {
		for len(s.chunks) > 0 {
			l.stored -= s.dropOldest()
		}
	}
	delete(l.groups, groupKey{from.Region, name})
	return nil, nil
}

// DescribeLogGroups lists groups.
func (l *Store) DescribeLogGroups(in wire.Object, from Caller) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var names []string
	for key := range l.groups {
		if key.region == from.Region && strings.HasPrefix(key.name, wire.Text(in, "logGroupNamePrefix")) &&
			strings.Contains(strings.ToLower(key.name), strings.ToLower(wire.Text(in, "logGroupNamePattern"))) {
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
			stored += stream.bytes
		}
		groups = append(groups, wire.Object{
			"logGroupName": name, "creationTime": g.created.UnixMilli(), "metricFilterCount": 0,
			"arn": arn + ":*", "logGroupArn": arn, "storedBytes": stored, "logGroupClass": "STANDARD",
		})
	}
	return withToken(wire.Object{"logGroups": groups}, next), nil
}

// DescribeLogStreams lists the streams of a group.
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
			if order := cmp.Compare(g.streams[a].lastTime(), g.streams[b].lastTime()); order != 0 {
				return order
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
		if last, any := stream.lastEvent(); any {
			o["firstEventTimestamp"] = stream.first
			o["lastEventTimestamp"] = last.Timestamp
			o["lastIngestionTime"] = last.IngestionTime
			o["uploadSequenceToken"] = fmt.Sprintf("%056d", stream.number)
		}
		streams = append(streams, o)
	}
	return withToken(wire.Object{"logStreams": streams}, next), nil
}

func (s *stream) lastTime() int64 {
	last, _ := s.lastEvent()
	return last.Timestamp
}

func (l *Store) arn(region, group string) string {
	return fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", wire.Partition(region), region, l.account, group)
}

// logPageOf returns the page of names for the nextToken and the limit (at most 50) of a
// request.
func logPageOf(in wire.Object, names []string) (page []string, next string, err error) {
	limit, err := limitOf(in, 50, 50)
	if err != nil {
		return nil, "", err
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
