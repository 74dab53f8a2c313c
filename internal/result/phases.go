package result

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Phase is one part of a task's life cycle.
type Phase struct {
	Name       string
	Start, End time.Time
	Over       bool // the phase has ended
}

// Phases returns the known phases of a task in their order: queued, image pull, start, run,
// stop. A phase that has not ended ends at now.
func Phases(state *task.State, now time.Time) []Phase {
	ended := state.ExecutionStoppedAt
	if ended == nil && state.Verdict != nil {
		ended = state.StoppingAt
	}
	marks := []struct {
		begins string // the phase that starts at this time
		at     *time.Time
	}{
		{"queued", state.CreatedAt},
		{"image pull", state.PullStartedAt},
		{"start", state.PullStoppedAt},
		{"run", state.StartedAt},
		{"stop", ended},
		{"", state.StoppedAt},
	}
	var all []Phase
	for _, mark := range marks {
		if mark.at == nil {
			continue
		}
		if last := len(all) - 1; last >= 0 && !all[last].Over {
			all[last].End, all[last].Over = later(all[last].Start, *mark.at), true
		}
		if mark.begins != "" {
			all = append(all, Phase{Name: mark.begins, Start: *mark.at})
		}
	}
	if last := len(all) - 1; last >= 0 && !all[last].Over {
		all[last].End = later(all[last].Start, now)
	}
	return all
}

// later returns the later of two times: clocks of different hosts may differ.
func later(a, t time.Time) time.Time {
	if t.Before(a) {
		return a
	}
	return t
}

// Duration returns the length of the phase.
func (p Phase) Duration() time.Duration { return p.End.Sub(p.Start) }

// Ran returns how long a task's containers ran, or have been running until now. It returns
// false if they never ran.
func Ran(state *task.State, now time.Time) (time.Duration, bool) {
	for _, p := range Phases(state, now) {
		if p.Name == "run" {
			return p.Duration(), true
		}
	}
	return 0, false
}

// Usage is the billed resource usage of a task.
type Usage struct{ VCPUHours, GBHours float64 }

// UsageOf returns the usage of a task from the start of its image pull, as AWS bills it,
// until its end or now. It returns false if the pull did not start or the task's size is
// unknown.
func UsageOf(state *task.State, now time.Time) (Usage, bool) {
	units, memory := size(state)
	if state.PullStartedAt == nil || units == 0 && memory == 0 {
		return Usage{}, false
	}
	end := now
	if at := firstTime(state.StoppedAt, state.ExecutionStoppedAt); at != nil {
		end = *at
	}
	hours := later(*state.PullStartedAt, end).Sub(*state.PullStartedAt).Hours()
	return Usage{float64(units) / 1024 * hours, float64(memory) / 1024 * hours}, true
}

// size returns the CPU units and the memory, in MiB, of a task: those of the task or, if it
// has none, the sum of its containers. They are 0 if unknown.
func size(state *task.State) (units, memory int) {
	units, memory = number(state.Cpu), number(state.Memory)
	ownUnits, ownMemory := units > 0, memory > 0
	for _, c := range state.Definition.ContainerDefinitions {
		if !ownUnits {
			units += int(c.Cpu)
		}
		if !ownMemory {
			memory += reserved(c)
		}
	}
	return units, memory
}

// reserved returns the memory that a container reserves on its host, in MiB.
func reserved(c types.ContainerDefinition) int {
	if c.MemoryReservation != nil {
		return int(*c.MemoryReservation)
	}
	return int(aws.ToInt32(c.Memory))
}

func number(text *string) int {
	n, err := strconv.Atoi(aws.ToString(text))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func firstTime(times ...*time.Time) *time.Time {
	for _, t := range times {
		if t != nil {
			return t
		}
	}
	return nil
}
