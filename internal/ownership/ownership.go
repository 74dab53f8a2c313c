// Package ownership identifies the step of the CI run that started a task. ECS stores this
// as the task's startedBy. If the user sets startedBy, it is in the tag [Tag].
//
// It never calls AWS.
package ownership

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
)

// Marker is the prefix of startedBy for tasks that a step started.
const Marker = "ecs-run-task"

// Tag is the key of the tag that holds the owner of a task.
const Tag = "ecs-run-task:owner"

// left is the last part of startedBy for a task that may run on after its step.
const left = "left"

// Owner is the step that started a task, from its startedBy:
// ecs-run-task/RUN/ATTEMPT/REPOSITORY-JOB-LEG-STEP-RUNNER. The step's post stage, later
// attempts and the commands stop and reap compare it.
type Owner struct {
	Run     string // id of the CI run, in the form of [RunID]
	attempt string

	// The other fields are short hashes. Runs of two repositories may have the same
	// number. A job with a matrix runs once for each combination of values, a leg. The same
	// job may run on two runners at the same time, if a workflow is called twice.
	Repository, job, leg, step, runner string
}

// Of returns the owner for the tasks of a step. An unknown attempt counts as the first.
func Of(run ci.Run, matrix string) Owner {
	matrix = strings.TrimSpace(matrix)
	if matrix == "null" { // GitHub's value for a job without a matrix
		matrix = ""
	}
	attempt := cmp.Or(PlainText(run.Attempt), "1")
	return Owner{
		Run: RunID(run.ID), attempt: attempt[:min(len(attempt), 10)],
		Repository: hash(run.ServerURL, run.Repository), job: hash(run.Job), leg: hash(matrix),
		step: hash(run.Step), runner: hash(run.Runner),
	}
}

// String returns the startedBy of tasks that do not run on after their step.
func (o Owner) String() string {
	return Marker + "/" + o.Run + "/" + o.attempt + "/" +
		strings.Join([]string{o.Repository, o.job, o.leg, o.step, o.runner}, "-")
}

// Parse parses the startedBy of a task. ok is false if it is not that of a step in a CI.
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

// Mark is the information in a task about the step that started it.
type Mark struct {
	Step  bool  // a step started it
	Left  bool  // the task may run on after its step, on purpose
	Known bool  // Owner is set
	Owner Owner // the step in a CI; the zero value if it is not known
}

// MarkOf parses the startedBy of a task or, if that is not from a step, the value of its
// [Tag], which is empty if the task does not have it.
func MarkOf(startedBy, tag string) Mark {
	for _, text := range []string{startedBy, tag} {
		if text == Marker || strings.HasPrefix(text, Marker+"/") {
			owner, known := Parse(text)
			return Mark{Step: true, Left: strings.HasSuffix(text, "/"+left), Known: known, Owner: owner}
		}
	}
	return Mark{}
}

// SameJob reports whether both are the same job in the same attempt on the same runner. The
// legs of the matrix may differ.
func (o Owner) SameJob(other Owner) bool {
	o.step, o.leg = other.step, other.leg
	return o == other
}

// SameLeg reports whether both have the same leg of the matrix.
func (o Owner) SameLeg(other Owner) bool { return o.leg == other.leg }

// SameStep reports whether both are the same step of the same run. The attempts may differ.
// In the same attempt, the same step on another runner is a different one.
func (o Owner) SameStep(other Owner) bool {
	if o.attempt != other.attempt {
		o.attempt, o.runner = other.attempt, other.runner
	}
	return o == other
}

// RunID returns the id of a run in its form for startedBy, with at most 50 characters.
func RunID(id string) string {
	const longest = 50 // of the 128 characters of startedBy
	plain := PlainText(id)
	if len(plain) > longest { // ids may differ only at their end
		digest := hash(id)
		plain = plain[:longest-1-len(digest)] + "-" + digest
	}
	return plain
}

// hash returns a short hash, because startedBy has only 128 characters. It is sufficient
// because a run has few steps.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:4])
}

// PlainText replaces by hyphens the characters that ECS does not accept in startedBy, and
// the slash, which separates the parts.
func PlainText(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '-'
	}, text)
}

// Text returns the startedBy for the tasks of a step. It is different for every step of a
// CI. Outside of a CI it is only the [Marker]. isLeft means that the tasks may run on
// after the step.
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
