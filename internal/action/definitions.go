package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/git"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// load takes the definitions from their texts to checked requests: every one is
// read, expanded and checked before anything is called. The faults of all are
// told at once.
func (s *step) load(ctx context.Context) ([]*job, error) {
	workspace, err := s.env.Getwd()
	if err != nil {
		return nil, err
	}
	if s.config.Registered() {
		return s.loadRegistered(workspace)
	}
	loaded, fault := source.Load(ctx, s.sourceConfig(workspace))
	s.tellFetch(loaded.Fetch)
	expander, err := s.expander(workspace)
	if err != nil {
		return nil, errors.Join(fault, err)
	}
	s.files = filesOf(loaded.Texts)
	faults := errors.Join(fault, s.setTags(expander))
	definitions, err := s.read(expander, loaded.Texts)
	faults = errors.Join(faults, err)
	var jobs []*job
	for _, definition := range definitions {
		jobs = append(jobs, &job{source: definition})
		s.console.Printf("task definition %s from %s", definition.Family, definition.Place.Name)
	}
	if err == nil { // else not every container is known
		faults = errors.Join(faults, s.checkVerdict(jobs))
	}
	return jobs, errors.Join(faults, s.plan(workspace, jobs))
}

// read takes texts to checked definitions, each as far as it comes. The error
// joins the faults of all.
func (s *step) read(expander expand.Expander, texts []source.Text) ([]*taskdef.Definition, error) {
	var definitions []*taskdef.Definition
	var faults []error
	for _, text := range texts {
		trees, warnings, err := document.Parse(text.Name, text.Bytes)
		s.warn(warnings)
		faults = append(faults, err)
		for _, tree := range trees {
			tree, err := expander.Tree(tree)
			if err == nil {
				var found []*taskdef.Definition
				found, err = s.decode(tree)
				definitions = append(definitions, found...)
			}
			faults = append(faults, err)
		}
	}
	return definitions, errors.Join(faults...)
}

// filesOf returns the names of texts.
func filesOf(texts []source.Text) map[string]bool {
	files := map[string]bool{}
	for _, text := range texts {
		files[text.Name] = true
	}
	return files
}

// loadRegistered takes the name of a registered definition, which ECS is asked
// for later.
func (s *step) loadRegistered(workspace string) ([]*job, error) {
	expander, err := s.expander(workspace)
	if err != nil {
		return nil, err
	}
	s.console.Printf("task definition %s, as it is registered", s.config.Definition)
	jobs := []*job{{}}
	return jobs, errors.Join(s.setTags(expander), s.plan(workspace, jobs))
}

func (s *step) sourceConfig(workspace string) source.Config {
	return source.Config{
		Definition: s.config.Definition, Paths: s.config.FilePaths, Workspace: workspace,
		Repository: s.config.Repository, Branch: s.config.Branch, Commit: s.config.Commit,
		Token: s.config.GitToken, Username: s.config.GitUsername,
		SSHKey: s.config.SSHKey, KnownHosts: s.config.SSHKnownHosts, SSHAgent: s.env.getenv("SSH_AUTH_SOCK"),
		AWS:           s.codeCommit,
		AllowInsecure: s.config.GitAllowInsecure,
		InCI:          s.ci.System != "",
	}
}

// codeCommit returns the credentials for a CodeCommit repository: those of the
// step.
func (s *step) codeCommit(ctx context.Context) (git.AWSCredentials, error) {
	config, err := s.loadConfig(ctx)
	if err != nil {
		return git.AWSCredentials{}, err
	}
	found, err := config.Credentials.Retrieve(ctx)
	return git.AWSCredentials{AccessKeyID: found.AccessKeyID, SecretAccessKey: found.SecretAccessKey, SessionToken: found.SessionToken}, err
}

// tellFetch tells how files came from a repository, if they did.
func (s *step) tellFetch(fetch *source.Fetch) {
	if fetch == nil || fetch.Commit == "" {
		return
	}
	s.commit = fetch.Commit
	from := "commit " + fetch.Commit
	if fetch.Ref != "" {
		from = fetch.Ref + " at " + from
	}
	s.console.Printf("git repository %s, %s", fetch.Repository, from)
	s.console.Printf("files asked for: %s", strings.Join(fetch.Asked, ", "))
	s.console.Printf("files fetched: %s (%s fetch, %d bytes, %s)", strings.Join(fetch.Files, ", "), fetch.Method, fetch.Bytes, report.Since(fetch.Duration))
}

// expander returns what expands expressions, with the values that they can name.
func (s *step) expander(workspace string) (expand.Expander, error) {
	contexts, err := ci.Contexts(s.sources())
	if err != nil {
		return expand.Expander{}, fmt.Errorf("read the values for expressions: %w", err)
	}
	return expand.Expander{
		Contexts:     contexts,
		Placeholders: ci.Placeholders(s.ci, contexts),
		HashFiles: func(patterns ...string) (string, error) {
			root, err := os.OpenRoot(workspace)
			if err != nil {
				return "", err
			}
			defer root.Close()
			return expand.HashFiles(root.FS(), patterns...)
		},
	}, nil
}

// sources are the values that expressions can name.
func (s *step) sources() ci.Sources {
	sources := ci.Sources{
		Run: s.ci, Environ: s.env.Environ(),
		Job: s.config.Job, Strategy: s.config.Strategy, Matrix: s.config.Matrix, Inputs: s.config.Inputs,
		Vars: object(s.config.Variables), Secrets: object(s.config.Secrets),
		Family: s.config.Family, Cluster: s.config.Cluster, Commit: s.commit,
		Region: cmp.Or(s.config.Region, s.env.getenv("AWS_REGION"), s.env.getenv("AWS_DEFAULT_REGION")),
	}
	if name := s.env.getenv("GITHUB_EVENT_PATH"); name != "" {
		event, err := os.ReadFile(name)
		if err != nil {
			s.console.Notice(report.Note{Text: fmt.Sprintf("github.event is empty: %v", err)})
		}
		sources.Event = event
	}
	return sources
}

func object(pairs input.Pairs) *expand.Object {
	o := &expand.Object{}
	for _, pair := range pairs {
		o.Set(pair.Name, pair.Value)
	}
	return o
}

// setTags sets the tags of the step, checked.
func (s *step) setTags(expander expand.Expander) (err error) {
	if s.tags, err = expandTags(expander, s.config.Tags); err != nil {
		return err
	}
	return taskdef.CheckTags(s.tags)
}

// expandTags returns the tags of the input with their expressions replaced, in
// keys and values.
func expandTags(expander expand.Expander, pairs input.Pairs) ([]taskdef.Tag, error) {
	place := document.Place{Name: "input tags"}
	text := func(value string) *document.Node {
		return &document.Node{Kind: document.String, Text: value, Place: place}
	}
	tree := &document.Node{Kind: document.Map, Place: place}
	for _, pair := range pairs {
		tree.Members = append(tree.Members, document.Member{Key: text(pair.Name), Value: text(pair.Value)})
	}
	expanded, err := expander.Tree(tree)
	if err != nil {
		return nil, err
	}
	var tags []taskdef.Tag
	var faults []error
	for _, member := range expanded.Members {
		if member.Value.Kind == document.List || member.Value.Kind == document.Map {
			faults = append(faults, &document.Error{Place: place, Path: member.Key.Text, Message: "expected text, found a " + member.Value.Kind.String()})
		}
		tags = append(tags, taskdef.Tag{Key: member.Key.Text, Value: member.Value.Text, Place: place})
	}
	return tags, errors.Join(faults...)
}

// decode returns the definitions that a tree holds.
func (s *step) decode(tree *document.Node) ([]*taskdef.Definition, error) {
	definitions, warnings, err := taskdef.Decode(tree, s.definitionOptions())
	s.warn(warnings)
	faults := []error{err}
	for _, definition := range definitions {
		hasCheck := slices.ContainsFunc(definition.Containers, func(c taskdef.Container) bool { return c.HealthCheck })
		if s.config.SteadyState == "healthy" && !hasCheck {
			faults = append(faults, &document.Error{
				Place: definition.Place, Code: "steady-state", Message: "steady-state healthy needs a container with a healthCheck",
				Hint: `"healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"]}`,
			})
		}
	}
	return definitions, errors.Join(faults...)
}

func (s *step) definitionOptions() taskdef.Options {
	return taskdef.Options{Family: s.config.Family, Tags: s.tags, UnknownMembers: s.config.UnknownMembers, Image: s.config.Image, Container: s.config.Container}
}

func (s *step) warn(warnings []document.Warning) {
	for _, warning := range warnings {
		if s.keep != nil {
			s.keep.add(severity(warning), &warning.Error)
			continue
		}
		if warning.Notice {
			s.console.Notice(noteAt(&warning.Error))
		} else {
			s.console.Warning(s.placed(noteAt(&warning.Error)))
		}
	}
}

func severity(warning document.Warning) string {
	if warning.Notice {
		return "notice"
	}
	return "warning"
}
