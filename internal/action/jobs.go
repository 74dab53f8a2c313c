package action

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// each calls do for every item, so many at once, and returns when all are done.
func each[T any](items []T, atOnce int, do func(T)) {
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, item := range items {
		places <- struct{}{}
		group.Go(func() {
			do(item)
			<-places
		})
	}
	group.Wait()
}

// jobErrors joins the errors of jobs.
func jobErrors(jobs []*job) error {
	var all []error
	for _, j := range jobs {
		all = append(all, j.err)
	}
	return errors.Join(all...)
}

// good reports whether nothing of the jobs has failed so far.
func good(jobs []*job) bool {
	for _, j := range jobs {
		for _, state := range j.states {
			if j.err != nil || state.Verdict != nil && state.Verdict.Outcome != task.Succeeded {
				return false
			}
		}
	}
	return true
}

func undone(states []*task.State) []*task.State {
	return slices.DeleteFunc(slices.Clone(states), (*task.State).Done)
}

// unended returns the tasks that still run, as far as is known.
func unended(states []*task.State) []*task.State {
	return slices.DeleteFunc(slices.Clone(states), func(state *task.State) bool { return state.Verdict != nil })
}

// short returns the first characters of a task's id, as the transcript names it.
func short(state *task.State) string {
	id := task.ID(aws.ToString(state.TaskArn))
	return id[:min(len(id), 8)]
}

// plural returns "1 task" or "2 tasks".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
