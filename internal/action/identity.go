package action

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
)

// marker begins the started-by of tasks that steps start.
const marker = "ecs-run-task"

// name is what ECS keeps of who started a task, its startedBy, taken apart:
// ecs-run-task/RUN/ATTEMPT/REPOSITORY-JOB-STEP-RUNNER. It is known again in the
// step's post stage, in a later attempt, and to whoever looks for what a run has
// left.
type name struct {
	run, attempt string // as the CI counts them

	// The others are short hashes. A run's number may be one of another repository
	// too, a step may run once for each value of a matrix, and the same job on two
	// runners at once, as part of a workflow that is called twice.
	repository, job, step, runner string
}

// nameOf returns the name of a step. An attempt that is not known is the first.
func nameOf(run ci.Run, matrix string) name {
	if matrix == "null" { // what GitHub has for a job without one
		matrix = ""
	}
	attempt := cmp.Or(plainText(run.Attempt), "1")
	return name{
		run: runOf(run.ID), attempt: attempt[:min(len(attempt), 10)],
		repository: hash(run.ServerURL, run.Repository), job: hash(run.Job), step: hash(run.Step, matrix), runner: hash(run.Runner),
	}
}

func (n name) String() string {
	return marker + "/" + n.run + "/" + n.attempt + "/" + n.repository + "-" + n.job + "-" + n.step + "-" + n.runner
}

// parseName takes the startedBy of a task apart; ok is false if it is not one of a
// step in a CI.
func parseName(startedBy string) (n name, ok bool) {
	parts := strings.Split(startedBy, "/")
	if len(parts) != 4 || parts[0] != marker {
		return name{}, false
	}
	hashes := strings.Split(parts[3], "-")
	if len(hashes) != 4 {
		return name{}, false
	}
	return name{parts[1], parts[2], hashes[0], hashes[1], hashes[2], hashes[3]}, true
}

// sameJob reports whether both are of one job of one attempt, on one runner.
func (n name) sameJob(m name) bool {
	n.step = m.step
	return n == m
}

// earlier reports whether n is of the step in another attempt of the run, or in
// this one where the CI does not count them. The same step on another runner in
// this attempt is another one.
func (n name) earlier(m name) bool {
	if n.attempt != m.attempt {
		n.attempt, n.runner = m.attempt, m.runner
	}
	return n == m
}

// runOf is how a run's id stands in a name.
func runOf(id string) string {
	const longest = 60
	plain := plainText(id)
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

// plainText replaces the characters that ECS does not take in started-by, and the
// slash, which separates its parts.
func plainText(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' {
			return c
		}
		return '-'
	}, text)
}

// startedBy returns the input, or what tells this step from all others; outside of
// a CI nothing does.
func (s *step) startedBy() string {
	switch {
	case s.config.StartedBy != "":
		return s.config.StartedBy
	case s.ci.ID == "":
		return marker
	}
	return nameOf(s.ci, s.config.Matrix).String()
}
