// Package ownership says who started a task: which step of which job of which CI
// run. ECS stores it as the task's startedBy.
package ownership

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
)

// Marker begins the started-by of tasks that steps start.
const Marker = "ecs-run-task"

// Owner is who started a task, as its startedBy says:
// ecs-run-task/RUN/ATTEMPT/REPOSITORY-JOB-STEP-RUNNER. The step's post stage, a later
// attempt and the commands stop and reap recognize it.
type Owner struct {
	Run     string // of the CI, as [RunID] writes it
	attempt string

	// The others are short hashes. A run's number may be one of another repository
	// too, a step may run once for each value of a matrix, and the same job on two
	// runners at once, as part of a workflow that is called twice.
	Repository, job, step, runner string
}

// Of returns the owner of the tasks of a step. An attempt that is not known is the
// first.
func Of(run ci.Run, matrix string) Owner {
	if matrix == "null" { // what GitHub has for a job without one
		matrix = ""
	}
	attempt := cmp.Or(PlainText(run.Attempt), "1")
	return Owner{
		Run: RunID(run.ID), attempt: attempt[:min(len(attempt), 10)],
		Repository: hash(run.ServerURL, run.Repository), job: hash(run.Job), step: hash(run.Step, matrix), runner: hash(run.Runner),
	}
}

// String returns the startedBy of the tasks.
func (o Owner) String() string {
	return Marker + "/" + o.Run + "/" + o.attempt + "/" + o.Repository + "-" + o.job + "-" + o.step + "-" + o.runner
}

// Parse reads the startedBy of a task; ok is false if it is not one of a step in a
// CI.
func Parse(startedBy string) (o Owner, ok bool) {
	parts := strings.Split(startedBy, "/")
	if len(parts) != 4 || parts[0] != Marker {
		return Owner{}, false
	}
	hashes := strings.Split(parts[3], "-")
	if len(hashes) != 4 {
		return Owner{}, false
	}
	return Owner{parts[1], parts[2], hashes[0], hashes[1], hashes[2], hashes[3]}, true
}

// SameJob reports whether both are of one job of one attempt, on one runner.
func (o Owner) SameJob(other Owner) bool {
	o.step = other.step
	return o == other
}

// SameStep reports whether both are of one step of one run: in different attempts,
// or in one where the CI does not count them. In one attempt the same step on
// another runner is another one.
func (o Owner) SameStep(other Owner) bool {
	if o.attempt != other.attempt {
		o.attempt, o.runner = other.attempt, other.runner
	}
	return o == other
}

// RunID is how a run's id stands in startedBy.
func RunID(id string) string {
	const longest = 60
	plain := PlainText(id)
	if len(plain) > longest { // its end may be what counts
		digest := hash(id)
		plain = plain[:longest-1-len(digest)] + "-" + digest
	}
	return plain
}

// hash is short, as ECS keeps 128 characters, and need not be stronger: a run has
// few steps.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// PlainText replaces the characters that ECS does not accept in startedBy, and the
// slash, which separates its parts.
func PlainText(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '-'
	}, text)
}

// StartedBy returns the startedBy of a step's tasks: the input started-by, or what
// distinguishes the step from all others; outside of a CI nothing does, and it is the
// [Marker].
func StartedBy(given string, run ci.Run, matrix string) string {
	switch {
	case given != "":
		return given
	case run.ID == "":
		return Marker
	}
	return Of(run, matrix).String()
}
