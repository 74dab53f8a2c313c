// Package ownership says who started a task: which step of which job of which CI
// run. ECS stores it as the task's startedBy, and where that is the user's own as the
// tag [Tag].
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

// Tag is the key of the tag that holds the owner of a task.
const Tag = "ecs-run-task:owner"

// left is the last part of the mark of a task that may go on after its step.
const left = "left"

// Owner is who started a task, as its startedBy says:
// ecs-run-task/RUN/ATTEMPT/REPOSITORY-JOB-LEG-STEP-RUNNER. The step's post stage, a
// later attempt and the commands stop and reap recognize it.
type Owner struct {
	Run     string // of the CI, as [RunID] writes it
	attempt string

	// The others are short hashes. A run's number may be one of another repository
	// too, a job may run once for each value of a matrix, which is a leg, and the
	// same job on two runners at once, as part of a workflow that is called twice.
	Repository, job, leg, step, runner string
}

// Of returns the owner of the tasks of a step. An attempt that is not known is the
// first.
func Of(run ci.Run, matrix string) Owner {
	matrix = strings.TrimSpace(matrix)
	if matrix == "null" { // what GitHub has for a job without one
		matrix = ""
	}
	attempt := cmp.Or(PlainText(run.Attempt), "1")
	return Owner{
		Run: RunID(run.ID), attempt: attempt[:min(len(attempt), 10)],
		Repository: hash(run.ServerURL, run.Repository), job: hash(run.Job), leg: hash(matrix),
		step: hash(run.Step), runner: hash(run.Runner),
	}
}

// String returns the startedBy of tasks that end with their step.
func (o Owner) String() string {
	return Marker + "/" + o.Run + "/" + o.attempt + "/" +
		strings.Join([]string{o.Repository, o.job, o.leg, o.step, o.runner}, "-")
}

// Parse reads the startedBy of a task; ok is false if it is not one of a step in a
// CI.
func Parse(startedBy string) (o Owner, ok bool) {
	startedBy = strings.TrimSuffix(startedBy, "/"+left)
	parts := strings.Split(startedBy, "/")
	if len(parts) != 4 || parts[0] != Marker {
		return Owner{}, false
	}
	hashes := strings.Split(parts[3], "-")
	if len(hashes) != 5 {
		return Owner{}, false
	}
	return Owner{parts[1], parts[2], hashes[0], hashes[1], hashes[2], hashes[3], hashes[4]}, true
}

// Mark is what a task says of who started it.
type Mark struct {
	Step  bool  // a step started it
	Left  bool  // on purpose: the task may go on after its step
	Known bool  // which step that was: Owner says it
	Owner Owner // of a CI; the zero value if it is not known
}

// MarkOf reads the startedBy of a task, and where that is not of a step the value of
// its [Tag], which is empty if it has none.
func MarkOf(startedBy, tag string) Mark {
	for _, text := range []string{startedBy, tag} {
		if text == Marker || strings.HasPrefix(text, Marker+"/") {
			owner, known := Parse(text)
			return Mark{Step: true, Left: strings.HasSuffix(text, "/"+left), Known: known, Owner: owner}
		}
	}
	return Mark{}
}

// SameJob reports whether both are of one job of one attempt, on one runner, in any
// leg of its matrix.
func (o Owner) SameJob(other Owner) bool {
	o.step, o.leg = other.step, other.leg
	return o == other
}

// SameLeg reports whether both are of one leg of the matrix of their job.
func (o Owner) SameLeg(other Owner) bool { return o.leg == other.leg }

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
	const longest = 50 // of the 128 characters that ECS keeps
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

// Text returns the mark of a step's tasks, which distinguishes the step from all
// others; outside of a CI nothing does, and it begins with the [Marker] alone. Left
// says that the tasks may go on after the step.
func Text(run ci.Run, matrix string, isLeft bool) string {
	text := Marker
	if run.ID != "" {
		text = Of(run, matrix).String()
	}
	if isLeft {
		text += "/" + left
	}
	return text
}
