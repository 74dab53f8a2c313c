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

// mostBars is how many tasks a diagram shows: more can't be read, and Mermaid
// refuses texts of 50,000 characters.
const mostBars = 20

// gantt returns the phases of tasks as a Mermaid diagram, "" if there are none.
// Its axis is the time since the first of the tasks was created: Mermaid reads
// and writes times in the reader's own zone, which a time of the clock would be
// wrong in. The text of names from outside is plain words.
func gantt(states []*task.State, now time.Time) string {
	begin := now
	end := time.Time{}
	var rows []*task.State
	for _, state := range states {
		all := result.Phases(state, now)
		if !telling(all) || len(rows) == mostBars {
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
	const characterWidth = 7 // pixels, of the section names beside the bars
	var text strings.Builder
	fmt.Fprintf(&text, "%%%%{init: {\"gantt\": {\"leftPadding\": %d}}}%%%%\n", characterWidth*longest)
	text.WriteString("gantt\n  dateFormat YYYY-MM-DD HH:mm:ss.SSS\n")
	fmt.Fprintf(&text, "  axisFormat %s\n", axis(end.Sub(begin)))
	for _, state := range rows {
		fmt.Fprintf(&text, "  section %s\n", section(state))
		for _, p := range result.Phases(state, now) {
			if shown(p) {
				took := p.Duration()
				sofar := ""
				if !p.Over {
					sofar = " so far"
				}
				from, to := moment(p.Start.Sub(begin)), moment(p.End.Sub(begin))
				fmt.Fprintf(&text, "  %s %s%s :%s%s, %s\n", p.Name, event.Duration(took), sofar, mark(state, p), from, to)
			}
		}
	}
	return text.String()
}

// telling reports whether phases say anything: a task that was not waited for has but the
// beginning of its first.
func telling(all []result.Phase) bool {
	return slices.ContainsFunc(all, shown) && (len(all) > 1 || all[0].Over || all[0].Duration() >= time.Second)
}

// shown reports whether a phase has a bar: one without a length can't be seen.
func shown(p result.Phase) bool { return p.Duration() >= time.Millisecond }

// section names a task in the diagram.
func section(state *task.State) string {
	family, id := word(aws.ToString(state.Definition.Family)), word(task.ID(aws.ToString(state.TaskArn)))
	return fmt.Sprintf("%s %d task %.8s", family, state.Definition.Revision, id)
}

// axis is the form of the axis' labels, by the time that the diagram covers.
func axis(span time.Duration) string {
	switch {
	case span < 10*time.Second:
		return "%S.%L"
	case span < time.Hour:
		return "%M:%S"
	}
	return "%H:%M:%S"
}

// mark colours a bar: what went on in vain, what is still under way, and the
// rest, of which the run stands out.
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

// followed reports whether the task came further than the phase.
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

// moment writes a time since the beginning as a time of a day on which no zone
// changes its clocks.
func moment(since time.Duration) string {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(since).Format("2006-01-02 15:04:05.000")
}

// word returns a name with nothing in it but letters, digits, hyphens and
// underscores, and cut to what fits beside a diagram.
func word(name string) string {
	safe := strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '_'
	}, name)
	return safe[:min(len(safe), 40)]
}
