package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// hostPath is the PATH of a container that has none, the one Docker gives it.
const hostPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Process runs containers as processes of the host: entryPoint and command as
// they are, without a shell and without the image. A container's processes see
// all that the host's user sees; CPU and memory limits, users and ports are not set
// up, and there are no mounts. Each has a process group of its own, which is killed
// with it; a process that leaves the group is not, until the program ends: see
// [Supervise].
//
// The variables, NAME=value, are what a container's environment is added to;
// PATH is Docker's default if neither has one.
func Process(environment ...string) Executor { return newProcess(environment) }

// SupervisedProcess is [Process] in a program that [Supervise] runs and that starts no
// other processes: it waits for those that a container's process left behind.
func SupervisedProcess(environment ...string) Executor {
	p := newProcess(environment)
	p.supervised = true
	return p
}

func newProcess(environment []string) *process {
	return &process{environment: slices.Clone(environment), running: make(map[int]bool)}
}

type process struct {
	environment []string
	supervised  bool

	mu      sync.Mutex   // held while a process is started or waited for
	running map[int]bool // process ids of containers and probes
	reaped  time.Time    // when orphans were last looked for
}

// Begin refuses what a process can't have: there are no mounts, so that a volume must be
// a folder of the host at the very path that the container has it at.
func (*process) Begin(_ context.Context, t Task) error {
	folders := make(map[string]string)
	for _, v := range wire.Objects(t.Definition, "volumes") {
		folders[wire.Text(v, "name")] = wire.Text(wire.Member(v, "host"), "sourcePath")
	}
	for _, c := range wire.Objects(t.Definition, "containerDefinitions") {
		for _, m := range wire.Objects(c, "mountPoints") {
			volume, path := wire.Text(m, "sourceVolume"), wire.Text(m, "containerPath")
			if folders[volume] != path {
				return fmt.Errorf("CannotCreateContainerError: container %s wants volume %s at %s, and a process has no mounts: "+
					"run containers with docker, or let the volume's host.sourcePath be %s", wire.Text(c, "name"), volume, path, path)
			}
		}
	}
	return nil
}

// Processes share nothing that would have to be removed, and images are not run.
func (*process) End(Task)                              {}
func (*process) Pull(context.Context, Container) error { return nil }

// begin starts a process, and ended notes its end.
func (p *process) begin(cmd *exec.Cmd) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	p.running[cmd.Process.Pid] = true
	return nil
}

func (p *process) ended(cmd *exec.Cmd) {
	killGroup(cmd.Process.Pid) // what it left behind, as the end of a container does
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, cmd.Process.Pid)
	if p.supervised && time.Since(p.reaped) > time.Second { // a look costs time, if thousands run
		p.reaped = time.Now()
		reapOrphans(func(pid int) bool { return p.running[pid] })
	}
}

func (p *process) Run(ctx context.Context, c Container, started func(), stop <-chan struct{}) (Exit, error) {
	cmd, out, err := p.start(c)
	if err != nil {
		return Exit{}, fmt.Errorf("CannotStartContainerError: %w", err)
	}
	defer out.Close()
	started()

	exited := make(chan struct{})
	var helpers sync.WaitGroup
	helpers.Go(func() { copyOutput(c.Output, out, exited) })
	helpers.Go(func() { end(ctx, cmd.Process, stop, exited) })
	err = cmd.Wait()
	p.ended(cmd)
	close(exited)
	out.SetReadDeadline(time.Now()) // wakes the copy
	helpers.Wait()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return Exit{}, fmt.Errorf("CannotInspectContainerError: %w", err)
	}
	return Exit{Code: exitCode(cmd.ProcessState)}, nil
}

// start starts a container's process and returns the pipe that it prints to,
// both streams in the order of their writes.
func (p *process) start(c Container) (*exec.Cmd, *os.File, error) {
	argv := slices.Concat(c.EntryPoint, c.Command)
	if len(argv) == 0 {
		return nil, nil, errors.New("a process needs an entryPoint or a command in the container definition, because its " +
			"image is not run")
	}
	cmd, err := p.command(c, argv)
	if err != nil {
		return nil, nil, err
	}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	cmd.Stdout, cmd.Stderr = in, in
	err = p.begin(cmd)
	in.Close()
	if err != nil {
		out.Close()
		return nil, nil, err
	}
	return cmd, out, nil
}

// end terminates a process when stop is closed, and kills it when ctx ends.
func end(ctx context.Context, p *os.Process, stop, exited <-chan struct{}) {
	select {
	case <-stop:
		terminate(p)
	case <-ctx.Done():
	case <-exited:
		return
	}
	select {
	case <-ctx.Done():
		killGroup(p.Pid)
	case <-exited:
	}
}

// copyOutput copies what a container prints until nobody has the pipe open. When
// the container has exited, only a process that escaped its group can: it is
// not waited for. What is in the pipe by then is copied, however late that is.
func copyOutput(w io.Writer, pipe *os.File, exited <-chan struct{}) {
	const leftover = 1 << 20 // bytes that a pipe can hold at most
	buffer := make([]byte, 32<<10)
	late, woken := 0, false
	for late < leftover {
		n, err := pipe.Read(buffer)
		w.Write(buffer[:n]) // nobody to tell if it fails; the container must not block
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && !woken:
			woken = true // a deadline that has passed hides what could be read
		case err != nil:
			return
		}
		select {
		case <-exited:
			late += n
			pipe.SetReadDeadline(time.Now().Add(time.Second))
		default:
		}
	}
}

func (p *process) Probe(ctx context.Context, c Container, command []string) (int, error) {
	cmd, err := p.command(c, command)
	if err != nil {
		return 0, err
	}
	if err := p.begin(cmd); err != nil {
		return 0, err
	}
	exited := make(chan struct{})
	var helper sync.WaitGroup
	helper.Go(func() { end(ctx, cmd.Process, nil, exited) })
	err = cmd.Wait()
	p.ended(cmd)
	close(exited)
	helper.Wait()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return 0, err
	}
	return exitCode(cmd.ProcessState), nil
}

// command returns the process of a program and its arguments in a container's
// surroundings.
func (p *process) command(c Container, argv []string) (*exec.Cmd, error) {
	environment := slices.Concat([]string{"PATH=" + hostPath}, p.environment, c.Environment)
	program, err := lookUp(argv[0], variable(environment, "PATH"), c.WorkingDirectory)
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: program, Args: argv, Env: environment, Dir: c.WorkingDirectory}
	setGroup(cmd)
	return cmd, nil
}

// variable returns the value of a variable, the last one if there are several.
func variable(environment []string, name string) string {
	for _, entry := range slices.Backward(environment) {
		if value, found := strings.CutPrefix(entry, name+"="); found {
			return value
		}
	}
	return ""
}

// lookUp finds a program, in the folders of path if its name has no slash.
func lookUp(program, path, directory string) (string, error) {
	if strings.ContainsRune(program, filepath.Separator) {
		at := program
		if !filepath.IsAbs(at) {
			at = filepath.Join(directory, at)
		}
		return program, executable(program, at)
	}
	for _, folder := range filepath.SplitList(path) {
		if at := filepath.Join(folder, program); filepath.IsAbs(at) && executable(program, at) == nil {
			return at, nil
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", program)
}

func executable(program, at string) error {
	info, err := os.Stat(at)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("exec: %q: stat %s: no such file or directory", program, at)
	case err != nil:
		return fmt.Errorf("exec: %q: %w", program, err)
	case info.IsDir() || !canExecute(info):
		return fmt.Errorf("exec: %q: permission denied", program)
	}
	return nil
}
