package report

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/summary"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// mostRunning is how many tasks the summary of a step that goes on names.
const mostRunning = 20

// running is what the summary says as long as the step goes on: what a step that its
// runner kills leaves there. The summary of the result replaces it.
type running struct {
	before  int64 // size of the runner's file without it
	written int64 // bytes of it
	tasks   []*summary.RunningTask
}

// of returns what is shown of a task, nil if it is one too many.
func (s *running) of(state *task.State) *summary.RunningTask {
	arn := aws.ToString(state.TaskArn)
	if i := slices.IndexFunc(s.tasks, func(t *summary.RunningTask) bool { return t.ARN == arn }); i >= 0 {
		return s.tasks[i]
	}
	if len(s.tasks) == mostRunning {
		return nil
	}
	t := &summary.RunningTask{ARN: arn, Name: task.Name(state.Definition), Status: aws.ToString(state.LastStatus)}
	s.tasks = append(s.tasks, t)
	return t
}

// clear takes what goes on out of the summary, a file of the name. It is false where that
// can't be done, since the file is none or somebody else has written to it meanwhile.
func (s *running) clear(name string) bool {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil || !info.Mode().IsRegular():
		return false
	case s.written == 0:
		s.before = info.Size()
		return s.before < summary.Limit/2
	case info.Size() != s.before+s.written:
		return false
	}
	s.written = 0
	return os.Truncate(name, s.before) == nil
}
