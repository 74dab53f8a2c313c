package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/expand"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/localrun"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/source"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// Load reads, expands and checks all definitions and builds their requests. It does not call
// ECS. The error joins the faults of all definitions. With an error, Load also returns the part
// of the draft that it could load.
func Load(ctx context.Context, c input.Config, env Env, emit event.Sink) (Draft, error) {
	l, err := newLoader(c, env, emit)
	if err != nil {
		return Draft{config: c}, err
	}
	jobs, err := l.load(ctx)
	secrets, fault := l.localSecrets(jobs)
	environment, fileFault := l.localEnvironment(jobs)
	err = errors.Join(err, fault, fileFault)
	return Draft{
		Jobs: jobs, Commit: l.commit, LocalSecrets: secrets, LocalEnvironment: environment,
		config: c, tags: l.tags, files: l.files, common: l.common(), mark: l.mark(),
		outputs: l.outputs,
	}, err
}

// Secrets returns the secrets in the inputs and the credentials in the environment. Logs must
// not contain them.
func Secrets(c input.Config, env Env) event.Secrets {
	var secrets event.Secrets
	for _, value := range ci.Credentials(env.Environ()) {
		secrets = append(secrets, event.Secret{Value: value})
	}
	l := &loader{config: c, env: env}
	for _, value := range l.source().Secrets() {
		secrets = append(secrets, event.Secret{Name: "the credentials for the repository", Value: value})
	}
	for _, secret := range c.Secrets {
		secrets = append(secrets, event.Secret{Name: "secrets." + secret.Name, Value: secret.Value})
	}
	return secrets
}

func newLoader(c input.Config, env Env, emit event.Sink) (*loader, error) {
	l := &loader{config: c, env: env, emit: emit, files: map[string]bool{}, outputs: newOutputs(c)}
	emit(Secrets(c, env))
	var err error
	l.workspace, err = env.Getwd()
	return l, err
}

func (l *loader) load(ctx context.Context) ([]DraftJob, error) {
	if l.config.Registered() {
		return l.loadNamed()
	}
	loaded, fault := source.Load(ctx, l.source())
	l.reportFetch(loaded.Fetch)
	expander, err := l.expander()
	if err != nil {
		return nil, errors.Join(fault, err)
	}
	for _, text := range loaded.Texts {
		l.files[text.Name] = text.Name != source.Stdin
	}
	faults := errors.Join(fault, l.setTags(expander))
	definitions, err := l.read(expander, loaded.Texts)
	faults = errors.Join(faults, err)
	var sources []Source
	for _, definition := range definitions {
		sources = append(sources, ToRegister{definition})
		l.emit.Printf("task definition %s from %s", definition.Family, definition.Place.Name)
	}
	if err == nil { // after an error, some containers are unknown
		faults = errors.Join(faults, checkVerdict(l.config.VerdictNames(), sources...), checkOutputs(l.config, sources...))
	}
	jobs, err := l.jobs(sources)
	return jobs, errors.Join(faults, err)
}

// loadNamed returns the job of a registered definition. [Draft.Resolve] describes the
// definition later.
func (l *loader) loadNamed() ([]DraftJob, error) {
	expander, err := l.expander()
	if err != nil {
		return nil, err
	}
	l.emit.Printf("task definition %s, as it is registered", l.config.Definition)
	fault := l.setTags(expander)
	jobs, err := l.jobs([]Source{Named{l.config.Definition}})
	return jobs, errors.Join(fault, err)
}

// read parses, expands and checks the definitions in texts. It returns all definitions that it
// could decode. The error joins the faults of all texts.
func (l *loader) read(expander expand.Expander, texts []source.Text) ([]*taskdef.Definition, error) {
	var definitions []*taskdef.Definition
	var faults []error
	for _, text := range texts {
		trees, warnings, err := document.Parse(text.Name, text.Bytes)
		l.warn(warnings)
		faults = append(faults, err)
		for _, tree := range trees {
			tree, err := expander.Tree(tree)
			if err == nil {
				var decoded []*taskdef.Definition
				decoded, err = l.decode(tree)
				definitions = append(definitions, decoded...)
			}
			faults = append(faults, err)
		}
	}
	return definitions, errors.Join(faults...)
}

// decode returns the definitions in a tree.
func (l *loader) decode(tree *document.Node) ([]*taskdef.Definition, error) {
	definitions, warnings, err := taskdef.Decode(tree, l.options())
	l.warn(warnings)
	faults := []error{err}
	for _, definition := range definitions {
		hasCheck := slices.ContainsFunc(definition.Containers, func(c taskdef.Container) bool { return c.HealthCheck })
		if l.config.SteadyState == "healthy" && !hasCheck {
			faults = append(faults, &document.Error{
				Place: definition.Place, Code: "steady-state", Message: "steady-state healthy needs a container with a healthCheck",
				Hint: `"healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost/ || exit 1"]}`,
			})
		}
	}
	return definitions, errors.Join(faults...)
}

func (l *loader) options() taskdef.Options {
	return taskdef.Options{Family: l.config.Family, Tags: l.tags, UnknownMembers: l.config.UnknownMembers,
		Image: l.config.Image, Container: l.config.Container}
}

func (l *loader) source() source.Config {
	c := l.config
	return source.Config{
		Definition: c.Definition, Paths: c.FilePaths, Workspace: l.workspace, Stdin: l.env.Stdin,
		Repository: c.Repository, Branch: c.Branch, Commit: c.Commit,
		Token: c.GitToken, Username: c.GitUsername,
		SSHKey: c.SSHKey, KnownHosts: c.SSHKnownHosts, SSHAgent: l.env.Getenv("SSH_AUTH_SOCK"),
		AWS:           l.env.CodeCommit,
		AllowInsecure: c.GitAllowInsecure,
		InCI:          l.env.CI.System != "",
		Called:        l.folder(),
	}
}

// reportFetch prints how files were fetched from a repository. fetch is nil if there is no
// repository.
func (l *loader) reportFetch(fetch *source.Fetch) {
	if fetch == nil || fetch.Commit == "" {
		return
	}
	l.commit = fetch.Commit
	from := "commit " + fetch.Commit
	if fetch.Ref != "" {
		from = fetch.Ref + " at " + from
	}
	l.emit.Printf("git repository %s, %s", fetch.Repository, from)
	l.emit.Printf("files asked for: %s", strings.Join(fetch.Asked, ", "))
	l.emit.Printf("files fetched: %s (%s fetch, %d bytes, %s)", strings.Join(fetch.Files, ", "), fetch.Method, fetch.Bytes,
		event.Duration(fetch.Duration))
}

// expander returns the expander of expressions, with all values that expressions can use.
func (l *loader) expander() (expand.Expander, error) {
	contexts, err := ci.Contexts(l.values())
	if err != nil {
		return expand.Expander{}, fmt.Errorf("read the values for expressions: %w", err)
	}
	return expand.Expander{
		Contexts:     contexts,
		Placeholders: ci.Placeholders(l.env.CI, contexts),
		HashFiles: func(patterns ...string) (string, error) {
			root, err := os.OpenRoot(l.workspace)
			if err != nil {
				return "", err
			}
			defer root.Close()
			return expand.HashFiles(root.FS(), patterns...)
		},
	}, nil
}

// values returns the sources of the values that expressions can use.
func (l *loader) values() ci.Sources {
	c := l.config
	values := ci.Sources{
		Run: l.env.CI, Environ: l.env.Environ(),
		Job: c.Job, Strategy: c.Strategy, Matrix: c.Matrix, Inputs: c.Inputs,
		Vars: object(c.Variables), Secrets: object(c.Secrets),
		Family: c.Family, Cluster: c.Cluster, Commit: l.commit,
		Region: Region(c, l.env.Getenv),
	}
	if name := l.env.Getenv("GITHUB_EVENT_PATH"); name != "" {
		text, err := os.ReadFile(name)
		if err != nil {
			l.emit.Notice(event.Note{Text: fmt.Sprintf("github.event is empty: %v", err)})
		}
		values.Event = text
	}
	return values
}

// Region returns the region from the inputs or the environment. It is empty if only the AWS
// configuration has a region.
func Region(c input.Config, getenv func(string) string) string {
	return cmp.Or(c.Region, getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"))
}

func object(pairs input.Pairs) *expr.Object {
	o := &expr.Object{}
	for _, pair := range pairs {
		o.Set(pair.Name, pair.Value)
	}
	return o
}

// setTags expands, checks and sets the tags of the step.
func (l *loader) setTags(expander expand.Expander) (err error) {
	if l.tags, err = expandTags(expander, l.config.Tags); err != nil {
		return err
	}
	return taskdef.CheckTags(l.tags)
}

// expandTags returns the tags of the input. It expands the expressions in keys and values.
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
			faults = append(faults, &document.Error{Place: place, Path: member.Key.Text,
				Message: "expected text, found a " + member.Value.Kind.String()})
		}
		tags = append(tags, taskdef.Tag{Key: member.Key.Text, Value: member.Value.Text, Place: place})
	}
	return tags, errors.Join(faults...)
}

func (l *loader) warn(warnings []document.Warning) {
	for _, warning := range warnings {
		l.emit(event.Warning{Warning: warning, InWorkspace: inWorkspace(l.config, l.files, warning.Place.Name)})
	}
}

// inWorkspace reports whether a loaded text is a file in the workspace.
func inWorkspace(c input.Config, files map[string]bool, name string) bool {
	return len(c.FilePaths) > 0 && c.Repository == "" && files[name]
}

// InWorkspace reports whether name is the name of a file in the workspace from which
// definitions were loaded.
func (d Draft) InWorkspace(name string) bool { return inWorkspace(d.config, d.files, name) }

// mark returns the text that identifies the step that starts the tasks.
func (l *loader) mark() string {
	return ownership.Text(l.env.CI, l.config.Matrix, EndPolicyOf(l.config).LeavesTasks())
}

// common returns the values that the requests of all jobs share.
func (l *loader) common() runtask.Common {
	mark := l.mark()
	common := runtask.Common{StartedBy: cmp.Or(l.config.StartedBy, mark), Outputs: l.outputs.variables()}
	// If startedBy is only the marker, the tag would contain no further information.
	if mark != common.StartedBy || mark != ownership.Marker {
		inCI := l.env.CI.ID != "" // only in a CI does the mark identify the step
		common.Owner = runtask.OwnerTag{Key: ownership.Tag, Value: mark, Always: inCI && l.config.StartedBy != ""}
	}
	for _, tag := range l.tags {
		common.Tags = append(common.Tags, input.Pair{Name: tag.Key, Value: tag.Value})
	}
	return common
}

// jobs returns a job with settings and a request for each definition. It makes all checks that
// are possible without AWS.
func (l *loader) jobs(sources []Source) ([]DraftJob, error) {
	base, warnings, err := runtask.Parse(l.config.Launch, l.options())
	l.warn(warnings)
	var jobs []DraftJob
	if err != nil {
		for _, s := range sources {
			jobs = append(jobs, DraftJob{Definition: s})
		}
		return jobs, err
	}
	var faults []error
	for _, s := range sources {
		job, err := l.job(base, s)
		if d, ok := job.Definition.(ToRegister); ok && err == nil && job.Settings.Image != "" {
			container, _ := job.Settings.Chosen(definitionInfo(s))
			reportImage(l.emit, d.Text, job.Settings.Image, container)
		}
		jobs, faults = append(jobs, job), append(faults, err)
	}
	return jobs, errors.Join(faults...)
}

func (l *loader) job(base runtask.Settings, s Source) (DraftJob, error) {
	d, ok := s.(ToRegister)
	if !ok {
		settings, err := l.buildSettings(base)
		return DraftJob{Definition: s, Settings: settings}, err
	}
	run := d.Text.Run
	settings, warnings, fault := base.With(run)
	l.warn(warnings)
	job, err := l.buildJob(settings, d)
	return job, errors.Join(fault, runtask.InDefinition(err, run))
}

func (l *loader) buildJob(settings runtask.Settings, d ToRegister) (DraftJob, error) {
	job := DraftJob{Definition: d, Settings: settings}
	var err error
	if job.Settings, err = l.buildSettings(settings); err != nil {
		return job, err
	}
	if l.config.Local != "" {
		var leftOut string
		if job.Settings, leftOut = localrun.Settings(job.Settings, d.Text); leftOut != "" {
			l.emit.Notice(event.Note{Title: "left out in a local run", Text: "a local run leaves out " + leftOut})
		}
	}
	if l.env.NothingRuns {
		job.Settings = localrun.WithNetwork(job.Settings, d.Text)
	}
	l.warn(job.Settings.Warnings(definitionInfo(d), d.Text.Run))
	changed, err := withImage(d.Text, job.Settings, l.options())
	if err != nil {
		return job, err
	}
	job.Definition = ToRegister{changed}
	warnings, fault := job.Settings.CheckDefinition(changed)
	l.warn(warnings)
	job.Request, err = job.Settings.Request(definitionInfo(job.Definition), nil, l.common())
	return job, errors.Join(fault, err)
}

// buildSettings reads the environment file in the workspace that the settings name.
func (l *loader) buildSettings(settings runtask.Settings) (_ runtask.Settings, err error) {
	if file := settings.Environment.File; file != "" {
		if settings.Environment.Pairs, err = environmentFile(l.workspace, file); err != nil {
			return settings, &input.Error{Input: "environment", Message: err.Error()}
		}
	}
	return settings, nil
}

// withImage returns the definition with the image of the settings. It returns d if the settings
// have no image.
func withImage(d *taskdef.Definition, settings runtask.Settings, options taskdef.Options) (*taskdef.Definition, error) {
	if settings.Image == "" {
		return d, nil
	}
	container, err := settings.Chosen(definitionInfo(ToRegister{d}))
	if err != nil {
		return nil, err
	}
	image := &document.Node{Kind: document.String, Text: settings.Image, Place: document.Place{Name: "input image"}}
	if own := d.Run.Member("image"); own != nil {
		image.Place = own.Place
	}
	return d.WithImage(container, image, options)
}

func reportImage(emit event.Sink, d *taskdef.Definition, image, container string) {
	emit.Printf("task definition %s with the image %s for container %s", d.Family, image, container)
}

// NeedsAWS reports whether the step must call AWS before the requests are complete.
func (d Draft) NeedsAWS() bool {
	return slices.ContainsFunc(d.Jobs, func(job DraftJob) bool { return job.needsLookup(d.config.Preflight) })
}

func (job DraftJob) needsLookup(preflight bool) bool {
	_, isNamed := job.Definition.(Named)
	byName := func(item string) bool { return !awsfacts.IsNetworkID(item) }
	return isNamed || preflight || job.Settings.Service != "" ||
		slices.ContainsFunc(job.Settings.Subnets, byName) || slices.ContainsFunc(job.Settings.SecurityGroups, byName)
}

// Check reads, expands and checks files without calling ECS. It also checks the settings in the
// member x-run-task of their definitions. A missing container choice or network is not a fault,
// because the inputs of a step can add it. With explain, Check emits each expression with its
// value. It returns all definitions that it could decode.
func Check(ctx context.Context, c input.Config, env Env, explain bool, emit event.Sink) ([]*taskdef.Definition, error) {
	l, err := newLoader(c, env, emit)
	if err != nil {
		return nil, err
	}
	expander, err := l.expander()
	if err != nil {
		return nil, err
	}
	loaded, fault := source.Load(ctx, l.source())
	if explain {
		l.explain(expander, loaded.Texts)
	}
	definitions, err := l.read(expander, loaded.Texts)
	faults := []error{fault, err}
	for _, definition := range definitions {
		_, err := l.job(runtask.Partial(l.options()), ToRegister{definition})
		faults = append(faults, err)
	}
	return definitions, errors.Join(faults...)
}

// explain emits the expressions in texts with their values. It ignores texts that have faults,
// because Check reports those.
func (l *loader) explain(expander expand.Expander, texts []source.Text) {
	for _, text := range texts {
		trees, _, _ := document.Parse(text.Name, text.Bytes)
		for _, tree := range trees {
			explanations, _ := expander.Explain(tree)
			for _, e := range explanations {
				at := e.Place.String()
				if e.Path != "" {
					at += ": " + e.Path
				}
				l.emit.Printf("%s: %s is %s", at, e.Expression, e.Value)
			}
		}
	}
}
