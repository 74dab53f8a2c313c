package action

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/plan"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/scaffold"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// initialize is the command init: it writes a task definition and the CI's file that runs it,
// and prints what comes next. A file that exists is left as it is; what it lacks is printed.
func initialize(ctx context.Context, env Env, console *report.Report, c input.Init) int {
	fail := func(err error) int {
		for _, note := range explain.Notes(err) {
			console.Error(note)
		}
		return ExitError
	}
	workspace, err := env.Getwd()
	if err != nil {
		return fail(err)
	}
	family := cmp.Or(c.Family, scaffold.Family(filepath.Base(workspace)))
	var definition *scaffold.Definition
	if c.From != "" {
		registered, err := registeredDefinition(ctx, env, console, c)
		if err != nil {
			return fail(err)
		}
		family = cmp.Or(c.Family, registered.Family)
		definition = scaffold.Editable(registered.Node, family)
	}
	repository := os.DirFS(workspace)
	system := scaffold.Recognize(repository)
	files := scaffold.Files(repository, system, family, definition)
	for _, file := range files {
		if file.Exists {
			fmt.Fprintf(env.Stdout, "%s exists and stays as it is; this is what runs the task:\n\n%s\n", file.Path, file.Text)
			continue
		}
		if err := write(workspace, file); err != nil {
			return fail(err)
		}
		fmt.Fprintf(env.Stdout, "wrote %s\n", file.Path)
	}
	fmt.Fprintf(env.Stdout, "\nNext:\n  %s\n", strings.Join(scaffold.NextCommands(family, definition), "\n  "))
	return ExitGood
}

// write writes a file that does not exist, in a folder that may not exist either.
func write(workspace string, file scaffold.File) error {
	name := filepath.Join(workspace, filepath.FromSlash(file.Path))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(file.Text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// registeredDefinition returns the definition that init begins with.
func registeredDefinition(ctx context.Context, env Env, console *report.Report, c input.Init) (*taskdef.Definition, error) {
	in := newInvocation(env, console, input.Config{AWS: input.AWS{AWSAccess: c.AWSAccess}})
	clients, err := in.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer clients.Close()
	revision, answer, err := in.ecs(clients).FindText(ctx, c.From)
	if err != nil {
		return nil, in.explainer(clients, nil).Refusal(ctx, err)
	}
	return plan.ReadDescribed(task.Name(revision), answer, taskdef.Options{UnknownMembers: "pass"}, console.Emit)
}
