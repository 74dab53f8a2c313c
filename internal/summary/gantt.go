package summary

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// maxBars is the number of tasks in a diagram. More are not readable, and Mermaid refuses
// texts of 50,000 characters.
const maxBars = 20

// gantt returns the phases of tasks as a Mermaid diagram, or "" if there are none. The axis
// shows the time since the first task was created: Mermaid shows absolute times in the
// reader's time zone. Names from outside are reduced to plain words.
func gantt(states []*task.State, now time.Time) string {
	begin := now
	end := time.Time{}
	var rows []*task.State
	for _, state := range states {
		all := result.Phases(state, now)
		if !hasBars(all) || len(rows) == maxBars {
			continue
		}
		rows = append(rows, state)
		if all[0].Start.Before(begin) {
			begin = all[0].Start
		}
		if last := all[len(all)-1].End; last.After(end) {
			end = last
		}
	}
	if len(rows) == 0 {
		return ""
	}
	longest := 0
	for _, state := range rows {
		longest = max(longest, len(section(state)))
	}
	const characterWidth = 7 // pixels; of the labels beside the bars
	var text strings.Builder
	fmt.Fprintf(&text, "%%%%{init: {\"gantt\": {\"leftPadding\": %d}}}%%%%\n", characterWidth*longest)
	text.WriteString("gantt\n  dateFormat YYYY-MM-DD HH:mm:ss.SSS\n")
	fmt.Fprintf(&text, "  axisFormat %s\n", axis(end.Sub(begin)))
	for _, state := range rows {
		fmt.Fprintf(&text, "  section %s\n", section(state))
		for _, p := range result.Phases(state, now) {
			if shown(p) {
				took := p.Duration()
				suffix := ""
				if !p.Over {
					suffix = " so far"
				}
				from, to := moment(p.Start.Sub(begin)), moment(p.End.Sub(begin))
				fmt.Fprintf(&text, "  %s %s%s :%s%s, %s\n", p.Name, event.Duration(took), suffix, mark(state, p), from, to)
			}
		}
	}
	return text.String()
}

// hasBars reports whether a task has bars worth showing. A task that the step did not wait
// for has only the beginning of its first phase.
func hasBars(all []result.Phase) bool {
	return slices.ContainsFunc(all, shown) && (len(all) > 1 || all[0].Over || all[0].Duration() >= time.Second)
}

// shown reports whether a phase has a bar. A shorter bar would be invisible.
func shown(p result.Phase) bool { return p.Duration() >= time.Millisecond }

// section returns the label of a task in the diagram.
func section(state *task.State) string {
	family, id := word(aws.ToString(state.Definition.Family)), word(task.ID(aws.ToString(state.TaskArn)))
	return fmt.Sprintf("%s %d task %.8s", family, state.Definition.Revision, id)
}

// axis returns the format of the axis labels for the duration of the diagram.
func axis(span time.Duration) string {
	switch {
	case span < 10*time.Second:
		return "%S.%L"
	case span < time.Hour:
		return "%M:%S"
	}
	return "%H:%M:%S"
}

// mark returns the Mermaid tags for the colour of a bar: crit for the phase in which a task
// failed, active for the run and for a phase that has not ended, done for the others.
func mark(state *task.State, p result.Phase) string {
	failed := state.Verdict != nil && state.Verdict.Outcome != verdict.Succeeded
	switch {
	case failed && p.Name != "stop" && !followed(state, p.Name):
		return "crit, "
	case p.Name == "run" || state.Verdict == nil && !p.Over:
		return "active, "
	}
	return "done, "
}

// followed reports whether the task entered a later phase.
func followed(state *task.State, name string) bool {
	switch name {
	case "queued":
		return state.PullStartedAt != nil
	case "image pull":
		return state.PullStoppedAt != nil
	case "start":
		return state.StartedAt != nil
	}
	return false
}

// moment formats a time since the start of the diagram as a time on a day without a clock
// change.
func moment(since time.Duration) string {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(since).Format("2006-01-02 15:04:05.000")
}

// word replaces all characters of a name except letters, digits, hyphens and underscores,
// and shortens it to the space beside a diagram.
func word(name string) string {
	safe := strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '_'
	}, name)
	return safe[:min(len(safe), 40)]
}
