package turn

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/stage"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Turn searches for tasks of one plan that run already.
type Turn struct {
	stage.Stage
	Owner ownership.Owner // owner of the step's tasks; the zero value outside of a CI
}

// Earlier compares tasks by the time when they were created, and then by their ARNs. It returns a
// negative number if a comes first, a positive one if b does, and 0 if they are equal.
func Earlier(a, b types.Task) int {
	return cmp.Or(aws.ToTime(a.CreatedAt).Compare(aws.ToTime(b.CreatedAt)),
		cmp.Compare(aws.ToString(a.TaskArn), aws.ToString(b.TaskArn)))
}

// OfService reports whether an ECS service started a task.
func OfService(t types.Task) bool {
	return strings.HasPrefix(aws.ToString(t.Group), "service:") || strings.HasPrefix(aws.ToString(t.StartedBy), "ecs-svc/")
}

func markOf(t types.Task) ownership.Mark {
	return ownership.MarkOf(aws.ToString(t.StartedBy), task.Tag(t, ownership.Tag))
}

// definitionOf returns family:revision of a task.
func definitionOf(t types.Task) string {
	definition := aws.ToString(t.TaskDefinitionArn)
	return definition[strings.LastIndexByte(definition, '/')+1:]
}

func startedByText(t types.Task) string {
	if startedBy := aws.ToString(t.StartedBy); startedBy != "" {
		return "it is started by " + startedBy
	}
	return "it does not say who started it"
}

// comparison is the result of comparing a running task with a job.
type comparison struct {
	states     []*task.State // the state of this task alone
	difference string        // how the task differs from those of the job; empty if it does not
}

// compare compares a running task with those that a job starts. The states of the result allow the
// step to watch the task in place of one that the job starts.
func (r Turn) compare(ctx context.Context, job int, t types.Task) (comparison, error) {
	revision, answer, err := r.ECS.Describe(ctx, aws.ToString(t.TaskDefinitionArn))
	if err != nil {
		return comparison{}, err
	}
	c := comparison{states: r.States(job, cluster.Launched{Definition: revision, Tasks: []types.Task{t}})}
	c.difference, err = definitionDifference(r.Plan.Jobs[job], revision, answer)
	if err != nil {
		return comparison{}, err
	}
	if c.difference == "" {
		c.difference = RequestDifference(r.Plan.Jobs[job].Request, t)
	}
	return c, nil
}

func taskTexts(tasks []types.Task) []string {
	var texts []string
	for _, t := range tasks {
		texts = append(texts, TaskText(t))
	}
	return texts
}

// TaskText returns a text with the ARN of a task, its definition, who started it and when.
func TaskText(t types.Task) string {
	text := "task " + aws.ToString(t.TaskArn) + " of " + definitionOf(t)
	if startedBy := aws.ToString(t.StartedBy); startedBy != "" {
		text += ", started by " + startedBy
	}
	if t.CreatedAt != nil {
		text += ", created at " + t.CreatedAt.UTC().Format(time.RFC3339)
	}
	return text
}
