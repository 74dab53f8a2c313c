// Package result writes what a step did as documents that CIs and people read: a
// JUnit report and a page. Like everything that the step prints they hold no
// secret, as far as the function that is given hides them.
//
// It opens no file and decides nothing: whether the step succeeded stands in the
// result that it is given.
package result

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Write returns the document of a result that the ending of a file's name stands
// for: .json, .env, .xml for JUnit, or .html. Hide takes secrets out of a text.
func Write(name string, r report.Result, hide func(string) string) ([]byte, error) {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return append(r.JSON(hide), '\n'), nil
	case ".env":
		return r.Dotenv(hide), nil
	case ".xml":
		return JUnit(r, hide)
	case ".html":
		return Page(r, hide), nil
	}
	return nil, fmt.Errorf("%s: expected a name that ends in .json, .env, .xml or .html", name)
}

// good reports whether nothing is wrong with a task.
func good(state *task.State) bool {
	return state.Verdict != nil && state.Verdict.Outcome == task.Succeeded || state.Reached
}

// deciding returns the containers of a task on which its verdict rests, in the
// order of its definition.
func deciding(r report.Result, state *task.State) []task.End {
	var ends []task.End
	for i, end := range state.Ends() {
		if r.Rule.Decides(state.Definition.ContainerDefinitions[i]) {
			ends = append(ends, end)
		}
	}
	return ends
}

// failedFirst returns the tasks, those that failed first.
func failedFirst(states []*task.State) []*task.State {
	rank := func(state *task.State) int {
		if good(state) {
			return 1
		}
		return 0
	}
	return slices.SortedStableFunc(slices.Values(states), func(a, b *task.State) int { return cmp.Compare(rank(a), rank(b)) })
}

// logOf returns the log of a container, the zero value if none was read.
func logOf(r report.Result, state *task.State, container string) report.Log {
	for _, log := range r.Logs {
		if log.TaskARN == aws.ToString(state.TaskArn) && log.Container == container {
			return log
		}
	}
	return report.Log{}
}

// short is the part of a task's id that people read.
func short(state *task.State) string {
	return fmt.Sprintf("%.8s", task.ID(aws.ToString(state.TaskArn)))
}
