package action

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// readLog is a log that the step has read, as the post stage gets to know it.
type readLog struct {
	Container string `json:"c"` // and its task, if there are several
	Region    string `json:"r"`
	Group     string `json:"g"`
	Stream    string `json:"s"`
	Token     string `json:"t"` // after the last line
}

func (r readLog) source() tail.Source {
	return tail.Source{Region: r.Region, Stream: tail.Stream{Group: r.Group, Name: r.Stream}}
}

// readLogsLimit is how many bytes of what the post stage is to know of logs are saved:
// Linux takes 128 KiB of one environment variable.
const readLogsLimit = 96 << 10

// laterLogsTime is how long the post stage reads.
const laterLogsTime = 20 * time.Second

// saveLogs saves for the post stage up to where the logs have been read, and says where
// later lines are.
func (in invocation) saveLogs(positions []logs.Position) {
	if len(positions) == 0 {
		return
	}
	state := []byte("[")
	for _, at := range positions {
		one, err := json.Marshal(readLog{at.Name, at.Region, at.Stream.Group, at.Stream.Name, at.Token})
		if err != nil || len(state)+len(one) > readLogsLimit {
			break
		}
		if len(state) > 1 {
			state = append(state, ',')
		}
		state = append(state, one...)
	}
	in.console.Emit(event.State{Name: "logs", Value: string(append(state, ']'))})
	where := "at the addresses of the logs above"
	if in.console.HasState() {
		where = "in the step's post stage, and " + where
	}
	in.console.Printf("log lines that CloudWatch Logs shows later are %s", where)
}

// laterLogs shows the log lines that came after the step.
func (l *leftovers) laterLogs(ctx context.Context) {
	var saved []readLog
	if json.Unmarshal([]byte(l.env.getenv("STATE_logs")), &saved) != nil || len(saved) == 0 {
		return
	}
	if !l.config.Logs || l.config.Local != "" {
		return
	}
	if err := l.connectOnce(ctx); err != nil {
		l.console.Notice(report.Note{Text: "did not look for later log lines: " + err.Error()})
		return
	}
	names := map[tail.Source]string{}
	for _, log := range saved {
		names[log.source()] = printable(log.Container)
	}
	group := tail.Group{
		Client: func(region string) tail.API { return l.clients.Logs(region) },
		Rule:   tail.For(0),
		Lines: func(source tail.Source, events []tail.Event) {
			lines := make([]string, len(events))
			for i, e := range events {
				lines[i] = e.Message
			}
			l.console.Log(names[source], lines...)
		},
		Ended: func(tail.Source, error) {}, // the step has said what is wrong, and where the log is
	}
	ctx, cancel := context.WithTimeout(ctx, laterLogsTime)
	defer cancel()
	for _, log := range saved {
		group.Follow(ctx, log.source(), log.Token)
		group.End(log.source(), tail.End{At: time.Now()})
	}
	group.Wait(ctx)
}

// printable returns a text without characters that control a console.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return -1
		}
		return c
	}, text)
}
