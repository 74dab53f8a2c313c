package e2e

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
)

// containerRun holds when the container of a task ran, by the id of the task.
type containerRun struct {
	task        string
	began, over time.Time
}

// planPair plans two steps that start at the same moment, each of which looks for the task of
// the other.
func (p *plan) planPair(r *rand.Rand) {
	mode := []string{"wait", "follow", "fail"}[r.IntN(3)]
	p.kind, p.pair, p.single = "two steps with if-running: "+mode, true, true
	p.inputs["if-running"] = mode
	p.pairAfter = time.Duration(r.IntN(400)) * time.Millisecond
	p.provisioning = time.Duration(1+r.IntN(2500)) * time.Millisecond
	p.count, p.most = 1, 4 // each step may withdraw one
	p.codes = []int{0}
	p.want = func(truth) []int { return []int{conclude.ExitSuccess, conclude.ExitError} }
}

// runPair runs two steps of different CI runs. It returns the worse exit status.
func (p *plan) runPair() {
	var both sync.WaitGroup
	var outs [2]lockedBuffer
	status := make([]int, 2)
	for i := range status {
		env := p.env()
		env["GITHUB_RUN_ID"] = fmt.Sprint(1000 + i)
		env["GITHUB_STATE"] += fmt.Sprint(i)
		if !p.full {
			env["GITHUB_OUTPUT"] += fmt.Sprint(i)
		}
		both.Go(func() {
			time.Sleep(time.Duration(i) * p.pairAfter)
			status[i] = p.runTo(&outs[i], env, nil)
		})
	}
	both.Wait()
	for i := range outs {
		failed := status[i] == conclude.ExitError && !p.full
		if failed && p.inputs["if-running"] == "wait" &&
			!strings.Contains(outs[i].String(), "and is not started again") {
			status[i] = -1
		}
		fmt.Fprintf(&p.out, "--- step %d\n%s--- exit status %d\n", i+1, outs[i].String(), status[i])
	}
	if p.status = max(status[0], status[1]); min(status[0], status[1]) < 0 {
		p.status = -1
	}
}

// holdPair returns the violated invariants of two steps: no step runs its container twice, and
// if the containers of both ran at the same time, a warning names them.
func (p *plan) holdPair(tasks []taskOf) (faults []string) {
	ran := map[string]int{} // tasks of each step
	for _, task := range tasks {
		if slices.ContainsFunc(p.runs, func(r containerRun) bool { return strings.HasSuffix(task.ARN, r.task) }) {
			if ran[task.StartedBy]++; ran[task.StartedBy] > 1 {
				faults = append(faults, fmt.Sprintf("the step %s started its container twice", task.StartedBy))
			}
		}
	}
	for _, pair := range p.overlaps() {
		if !warned(p.out.String(), pair) {
			faults = append(faults,
				fmt.Sprintf("the containers of the tasks %s and %s ran at the same time, and no warning names both",
					pair[0], pair[1]))
		}
	}
	return faults
}

// overlaps returns the ids of tasks whose containers ran at the same time, in pairs.
func (p *plan) overlaps() (pairs [][2]string) {
	for i, a := range p.runs {
		for _, b := range p.runs[:i] {
			if a.began.Before(b.over) && b.began.Before(a.over) {
				pairs = append(pairs, [2]string{a.task, b.task})
			}
		}
	}
	return pairs
}

// warned reports whether a warning of a transcript names both of two tasks.
func warned(transcript string, pair [2]string) bool {
	return slices.ContainsFunc(strings.Split(transcript, "\n"), func(line string) bool {
		return strings.Contains(line, "two tasks of one family run") &&
			strings.Contains(line, pair[0]) && strings.Contains(line, pair[1])
	})
}
