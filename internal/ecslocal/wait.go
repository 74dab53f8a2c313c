package ecslocal

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Headers of DescribeTasks that only the local ECS understands; AWS ignores them.
const (
	// WaitHeader delays the response of DescribeTasks until one of the tasks changes, or a
	// number of seconds has passed (up to 60, fractions allowed): "20". There is no delay if
	// a task does not exist or all are STOPPED.
	WaitHeader = "X-Ecs-Local-Wait"

	// KnownHeader has the version of each task that the client knows, by task id:
	// "1f2e...=3, 77ab...=9". If a task has another version, there is no delay, so that no
	// change between two calls is missed.
	KnownHeader = "X-Ecs-Local-Known"
)

// A wait is the wait of a request, by its headers.
type wait struct {
	atMost time.Duration
	known  map[string]int // versions by task id
}

func waitOf(header http.Header) (w wait, err error) {
	text := header.Get(WaitHeader)
	if text == "" {
		return w, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds <= 60) {
		return w, wire.InvalidParameter("%s must be a number of seconds from 0 to 60, not %q", WaitHeader, text)
	}
	w.atMost = time.Duration(seconds * float64(time.Second))
	w.known = make(map[string]int)
	for entry := range strings.SplitSeq(header.Get(KnownHeader), ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		id, version, _ := strings.Cut(entry, "=")
		n, err := strconv.Atoi(version)
		if err != nil {
			return w, wire.InvalidParameter("%s must be a list of ID=VERSION, not %q", KnownHeader, entry)
		}
		w.known[id] = n
	}
	return w, nil
}
