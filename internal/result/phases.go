package result

import (
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Phase is one part of a task's life.
type Phase struct {
	Name       string
	Start, End time.Time
	Over       bool // it has come to its end
}

// Phases returns the parts of a task's life as far as they are known, in their
// order: queued, image pull, start, run, stop. One that has not ended ends at
// the time now.
func Phases(state *task.State, now time.Time) []Phase {
	ended := state.ExecutionStoppedAt
	if ended == nil && state.Verdict != nil {
		ended = state.StoppingAt
	}
	marks := []struct {
		begins string // the phase that begins then
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

// later returns t, or a if t is before it: clocks of different hosts may differ.
func later(a, t time.Time) time.Time {
	if t.Before(a) {
		return a
	}
	return t
}

// Duration is how long a phase took.
func (p Phase) Duration() time.Duration { return p.End.Sub(p.Start) }

// Ran returns how long a task's containers ran, or have run until now; false if
// they never did.
func Ran(state *task.State, now time.Time) (time.Duration, bool) {
	for _, p := range Phases(state, now) {
		if p.Name == "run" {
			return p.Duration(), true
		}
	}
	return 0, false
}

// Usage is what a task took.
type Usage struct{ VCPUHours, GBHours float64 }

// UsageOf returns what a task took from the beginning of its image pull, from
// which on AWS counts, to its end or until now. It is false where the task did not
// come so far, or its size is not known.
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

// size returns the CPU units and the MiB of memory of a task: its own or, where
// it has none, what its containers have together; 0 if that is not known.
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

// reserved returns the MiB of memory that a container takes of its host.
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
