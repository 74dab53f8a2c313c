package e2e

import (
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
)

// runner runs the container action of action.yml like GitHub's runner: with the same docker run
// command, mounts, environment and signals. It also handles workflow commands in the log and in
// files.
//
// https://github.com/actions/runner/tree/main/src/Runner.Worker
type runner struct {
	image     string
	workspace string
	env       []string          // of the job and of earlier steps, as NAME=value
	with      map[string]string // inputs
	cancelAt  string            // the job is cancelled when a log line contains this
	kills     bool              // a cancellation kills the container without a signal, as in some runners
	timeout   time.Duration     // of the step; 0 means none
}

// outcome is the information of the runner after a step and its post stage.
type outcome struct {
	exit        int
	log         string // as users see it
	outputs     map[string]string
	env, state  map[string]string
	paths       string // that the step added to PATH
	summary     string
	annotations []string // level: message
	masks       []string
	faults      []string      // faults that the runner reports
	ending      time.Duration // from the first signal to the end
	leaked      bool          // the container was still running when the runner gave up
	postExit    int
}

// The times between SIGINT and SIGTERM, and between SIGTERM and the end of the docker client.
const (
	afterInterrupt = 7500 * time.Millisecond
	afterTerminate = 2500 * time.Millisecond
)

// actionFile is the part of action.yml that the runner reads.
type actionFile struct {
	Inputs map[string]struct {
		Default string `yaml:"default"`
	} `yaml:"inputs"`
	Outputs map[string]any `yaml:"outputs"`
	Runs    struct {
		Image string `yaml:"image"`
		Post  string `yaml:"post-entrypoint"`
	} `yaml:"runs"`
}

func readAction(t *testing.T) actionFile {
	t.Helper()
	text, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var action actionFile
	if err := yaml.Unmarshal(text, &action); err != nil {
		t.Fatal(err)
	}
	return action
}

// defaults are the values of the expressions in the defaults of action.yml, for a job without a
// matrix.
var defaults = map[string]string{
	"${{ toJSON(job) }}":      `{"status": "success"}`,
	"${{ toJSON(strategy) }}": `{"fail-fast": true, "job-index": 0, "job-total": 1, "max-parallel": 1}`,
	"${{ toJSON(matrix) }}":   "null",
}

func (r runner) run(t *testing.T) outcome {
	t.Helper()
	action := readAction(t)
	given := maps.Clone(r.with)
	inputs := map[string]string{}
	for name, input := range action.Inputs {
		inputs[name] = input.Default
		if value, expression := defaults[input.Default]; expression {
			inputs[name] = value
		} else if strings.Contains(input.Default, "${{") {
			t.Fatalf("action.yml: the default of %s is an expression that this runner does not know: %s",
				name, input.Default)
		}
		if value, ok := given[name]; ok {
			inputs[name] = value
			delete(given, name)
		}
	}
	if len(given) > 0 {
		t.Fatalf("action.yml has no inputs %q", slices.Collect(maps.Keys(given)))
	}
	job := &job{runner: r, inputs: inputs, temp: t.TempDir(), step: "__self_" + rand.Text(), outcome: outcome{
		outputs: map[string]string{}, env: map[string]string{}, state: map[string]string{}, postExit: -1,
	}}
	for _, folder := range []string{"_github_home", "_github_workflow", "_runner_file_commands"} {
		if err := os.Mkdir(filepath.Join(job.temp, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(job.temp, "_github_workflow", "event.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	job.exit = job.stage(t, "")
	if action.Runs.Post != "" {
		job.postExit = job.stage(t, action.Runs.Post)
	}
	return job.outcome
}

// job is a run of the action.
type job struct {
	runner
	outcome
	inputs map[string]string
	temp   string
	step   string // its name in the job; each test has a job

	stop  string // the token of stop-commands in force
	lines []string
}

// files are the files that a stage writes to, by the names of their variables.
var files = []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STATE", "GITHUB_PATH", "GITHUB_STEP_SUMMARY"}

// stage runs the container once and returns its exit status.
func (j *job) stage(t *testing.T, entrypoint string) int {
	t.Helper()
	name := "ecs-run-task-e2e-" + strings.ToLower(rand.Text())
	args := []string{"run", "--name", name, "--label", "ecs-run-task-e2e", "--workdir", "/github/workspace", "--rm"}
	env := os.Environ()
	for name, value := range j.environment(t, name) { // only the name is in the arguments, as in the runner
		args, env = append(args, "--env", name), append(env, name+"="+value)
	}
	if entrypoint != "" {
		args = append(args, "--entrypoint", entrypoint)
	}
	for host, inside := range j.mounts() {
		args = append(args, "--volume", host+":"+inside)
	}
	cmd := exec.Command("docker", append(args, j.image)...)
	cmd.Env = env
	cancelled := make(chan struct{})
	out := &console{job: j, cancelled: cancelled}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
	}()
	if entrypoint == "" {
		j.await(cmd, name, ended, cancelled)
	}
	<-ended
	out.end()
	j.stop, j.log = "", strings.Join(j.lines, "\n")
	j.files(t, name)
	return cmd.ProcessState.ExitCode()
}

// await waits for the end of the container. After a cancellation or the time-out it sends the
// runner's signals.
func (j *job) await(cmd *exec.Cmd, name string, ended, cancelled <-chan struct{}) {
	var late <-chan time.Time
	if j.timeout > 0 {
		late = time.After(j.timeout)
	}
	select {
	case <-ended:
		return
	case <-cancelled:
	case <-late:
	}
	if j.kills {
		exec.Command("docker", "kill", name).Run()
		return
	}
	began := time.Now()
	defer func() { j.ending = time.Since(began) }()
	for _, signal := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, afterInterrupt}, {syscall.SIGTERM, afterTerminate}} {
		cmd.Process.Signal(signal.signal)
		select {
		case <-ended:
			return
		case <-time.After(signal.wait):
		}
	}
	cmd.Process.Kill()
	j.leaked = true
	exec.Command("docker", "rm", "--force", name).Run()
}

func (j *job) mounts() map[string]string {
	return map[string]string{
		j.temp:                                "/github/runner_temp",
		filepath.Join(j.temp, "_github_home"): "/github/home",
		filepath.Join(j.temp, "_github_workflow"):      "/github/workflow",
		filepath.Join(j.temp, "_runner_file_commands"): "/github/file_commands",
		j.workspace: "/github/workspace",
	}
}

// environment returns the variables of a stage and creates its files, which only root and their
// owner, who is not root, can write.
func (j *job) environment(t *testing.T, stage string) map[string]string {
	env := map[string]string{}
	for _, variable := range j.runner.env {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
	maps.Copy(env, j.outcome.env)
	for name, value := range j.state {
		env["STATE_"+name] = value
	}
	for name, value := range j.inputs { // hyphens are kept
		env["INPUT_"+strings.ToUpper(strings.ReplaceAll(name, " ", "_"))] = value
	}
	maps.Copy(env, map[string]string{
		"CI": "true", "HOME": "/github/home", "GITHUB_ACTIONS": "true", "GITHUB_ACTION": j.step, "GITHUB_ACTOR": "mona",
		"GITHUB_API_URL": "https://api.github.com", "GITHUB_EVENT_NAME": "push",
		"GITHUB_EVENT_PATH": "/github/workflow/event.json",
		"GITHUB_JOB":        "migrate", "GITHUB_REF": "refs/heads/main", "GITHUB_REF_NAME": "main",
		"GITHUB_REF_TYPE":   "branch",
		"GITHUB_REPOSITORY": "octo/app", "GITHUB_REPOSITORY_OWNER": "octo", "GITHUB_RUN_ATTEMPT": "1",
		"GITHUB_RUN_ID":     "1658821493",
		"GITHUB_RUN_NUMBER": "3", "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_SHA":      "ffac537e6cbbf934b08745a378932722df287a53",
		"GITHUB_WORKFLOW": "ci", "GITHUB_WORKSPACE": "/github/workspace", "RUNNER_OS": "Linux", "RUNNER_ARCH": "X64",
		"RUNNER_NAME": "runner", "RUNNER_ENVIRONMENT": "github-hosted", "RUNNER_TEMP": "/github/runner_temp",
	})
	for _, file := range files {
		path := j.file(file, stage)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		os.Chown(path, 1001, 1001) // the user of GitHub's runner; fails if the tests do not run as root
		env[file] = "/github/file_commands/" + filepath.Base(path)
	}
	return env
}

func (j *job) file(variable, stage string) string {
	return filepath.Join(j.temp, "_runner_file_commands", strings.ToLower(variable)+"_"+stage)
}

// files parses the files that a stage wrote. The runner does so after a cancellation too.
func (j *job) files(t *testing.T, stage string) {
	t.Helper()
	for _, file := range files {
		text, err := os.ReadFile(j.file(file, stage))
		if err != nil {
			t.Fatal(err)
		}
		switch file {
		case "GITHUB_PATH":
			j.paths += string(text)
		case "GITHUB_STEP_SUMMARY":
			j.summary += string(text)
		default:
			to := map[string]map[string]string{
				"GITHUB_OUTPUT": j.outputs,
				"GITHUB_ENV":    j.outcome.env,
				"GITHUB_STATE":  j.state,
			}[file]
			if err := parseFile(string(text), to); err != nil {
				j.faults = append(j.faults, fmt.Sprintf("%s: %v", file, err))
			}
		}
	}
}

// parseFile parses the lines NAME=value and NAME<<DELIMITER of a file of commands.
func parseFile(text string, to map[string]string) error {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for len(lines) > 0 {
		line := lines[0]
		lines = lines[1:]
		if line == "" {
			continue
		}
		equals, here := strings.Index(line, "="), strings.Index(line, "<<")
		if equals >= 0 && (here < 0 || equals < here) {
			to[line[:equals]] = line[equals+1:]
			continue
		}
		if here <= 0 {
			return fmt.Errorf("invalid format %q", line)
		}
		end := slices.Index(lines, line[here+2:])
		if end < 0 {
			return fmt.Errorf("matching delimiter not found %q", line[here+2:])
		}
		to[line[:here]] = strings.Join(lines[:end], "\n")
		lines = lines[end+1:]
	}
	return nil
}

// console parses the output of a stage on both streams line by line. Lines end with LF, CR LF or a
// single CR.
type console struct {
	*job
	rest      string // an incomplete line
	cancelled chan struct{}
	once      sync.Once
}

func (c *console) Write(text []byte) (int, error) {
	c.rest += string(text)
	for {
		i := strings.IndexAny(c.rest, "\r\n")
		if i < 0 || c.rest[i:] == "\r" { // the LF of a CR LF may follow
			return len(text), nil
		}
		line, rest := c.rest[:i], c.rest[i:]
		if c.rest = strings.TrimPrefix(rest, "\r\n"); c.rest == rest {
			c.rest = rest[1:]
		}
		c.line(line)
	}
}

// end handles the last line if it has no line end.
func (c *console) end() {
	if c.rest != "" {
		c.line(strings.TrimSuffix(c.rest, "\r"))
	}
}

func (c *console) line(line string) {
	if c.cancelAt != "" && strings.Contains(line, c.cancelAt) {
		c.once.Do(func() { close(c.cancelled) })
	}
	if command, ok := c.parse(line); ok {
		c.obey(command, line)
		return
	}
	c.print(line)
}

func (j *job) print(line string) {
	for _, mask := range j.masks {
		line = strings.ReplaceAll(line, mask, "***")
	}
	j.lines = append(j.lines, line)
}

// workflowCommand is a log line that the runner executes.
type workflowCommand struct {
	name string // in lower case
	key  string // the property name of outputs and states
	data string
}

// commandNames are the commands that the runner supports.
var commandNames = []string{"stop-commands", "set-env", "set-output", "save-state", "add-mask", "add-path",
	"add-matcher", "remove-matcher",
	"debug", "warning", "error", "notice", "group", "endgroup", "echo"}

// parse parses ::name key=value::data, which may have blanks before it, and
// ##[name key=value;]data anywhere in the line.
func (j *job) parse(line string) (workflowCommand, bool) {
	var head, data string
	var separator string
	if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "::") {
		head, data, _ = strings.Cut(trimmed[2:], "::")
		separator = ","
	}
	if !j.known(head) {
		_, rest, found := strings.Cut(line, "##[")
		if !found {
			return workflowCommand{}, false
		}
		if head, data, found = strings.Cut(rest, "]"); !found || !j.known(head) {
			return workflowCommand{}, false
		}
		separator = ";"
	}
	name, properties, _ := strings.Cut(head, " ")
	command := workflowCommand{name: strings.ToLower(name), data: unescape(data)}
	for property := range strings.SplitSeq(properties, separator) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(property), "name="); ok {
			command.key = unescape(value)
		}
	}
	return command, true
}

func (j *job) known(head string) bool {
	name, _, _ := strings.Cut(head, " ")
	name = strings.ToLower(name)
	return slices.Contains(commandNames, name) || name != "" && name == strings.ToLower(j.stop)
}

func unescape(text string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%3B", ";", "%5D", "]",
		"%25", "%").Replace(text)
}

func (j *job) obey(command workflowCommand, line string) {
	if j.stop != "" {
		if command.name == strings.ToLower(j.stop) {
			j.stop = ""
		}
		j.print(line)
		return
	}
	switch command.name {
	case "stop-commands":
		j.stop = command.data
		j.print(line)
	case "add-mask":
		if command.data != "" {
			j.masks = append(j.masks, command.data)
		}
	case "error", "warning", "notice":
		j.annotations = append(j.annotations, command.name+": "+command.data)
		j.print("##[" + command.name + "]" + command.data)
	case "set-output":
		j.outputs[command.key] = command.data
	case "save-state":
		j.state[command.key] = command.data
	case "set-env", "add-path":
		j.faults = append(j.faults, "the command "+command.name+" is disabled")
	case "group", "endgroup":
		j.print("##[" + command.name + "]" + command.data)
	}
}
