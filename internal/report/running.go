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

// maxRunning is the number of tasks in the summary of a running step.
const maxRunning = 20

// running is the text in the job summary while the step runs. It remains there if the
// runner kills the step; otherwise the summary of the result replaces it.
type running struct {
	before  int64 // size of the file without the text, in bytes
	written int64 // size of the text, in bytes
	tasks   []*summary.RunningTask
}

// of returns the entry of a task and adds it if it is new. It returns nil if there are
// already maxRunning tasks.
func (s *running) of(state *task.State) *summary.RunningTask {
	arn := aws.ToString(state.TaskArn)
	if i := slices.IndexFunc(s.tasks, func(t *summary.RunningTask) bool { return t.ARN == arn }); i >= 0 {
		return s.tasks[i]
	}
	if len(s.tasks) == maxRunning {
		return nil
	}
	t := &summary.RunningTask{ARN: arn, Name: task.Name(state.Definition), Status: aws.ToString(state.LastStatus)}
	s.tasks = append(s.tasks, t)
	return t
}

// clear removes the text of the running step from the summary file with the name. It
// returns false if it can't: the file is not a regular one, or another process has written
// to it since.
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
