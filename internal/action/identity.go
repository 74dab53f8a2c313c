package action

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"ecs-run-task/internal/ci"
)

// marker begins the started-by of tasks that steps start.
const marker = "ecs-run-task"

// startedBy is what ECS keeps of who started the tasks of this step: the CI run,
// its attempt, and a hash of the job and the step in it. All of it is known again
// in the step's post stage, in a later attempt, and to whoever looks for what a
// run has left.
func startedBy(run ci.Run, attempt, matrix string) string {
	if run.ID == "" {
		return marker
	}
	if matrix == "null" { // what GitHub has for a job without one
		matrix = ""
	}
	hash := sha256.Sum256([]byte(run.Job + "\x00" + run.Step + "\x00" + matrix))
	name := ofRun(run.ID) + cmp.Or(plainText(attempt), "1") + "/" + hex.EncodeToString(hash[:5])
	return name[:min(len(name), 128)]
}

// ofRun is what the started-by of all tasks of a CI run begins with.
func ofRun(id string) string {
	id = plainText(id)
	return marker + "/" + id[:min(len(id), 90)] + "/"
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

// startedBy returns the input, or what tells this step from all others.
func (s *step) startedBy() string {
	return cmp.Or(s.config.StartedBy, startedBy(s.ci, s.ci.Attempt, s.config.Matrix))
}
