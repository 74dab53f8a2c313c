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

// hostPath is the PATH of a container without one, the same as Docker's.
const hostPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Process runs containers as processes of the host: entryPoint and command without changes,
// without a shell and without the image. The processes of a container can read all that the
// user of the host can read; CPU and memory limits, users and ports are not set, and there are
// no mounts. Each container has a process group, which is killed with it; a process that leaves
// the group is killed at the end of the program only: see [Supervise].
//
// A container has the variables of environment (NAME=value) and its own; PATH is Docker's
// default if neither has one.
func Process(environment ...string) Executor { return newProcess(environment) }

// SupervisedProcess is [Process] in a program that [Supervise] runs and that starts no other
// processes: it waits for processes that a container's process has left.
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

	mu      sync.Mutex   // held during the start of a process, and the wait for it
	running map[int]bool // process ids of containers and probes
	reaped  time.Time    // of the last search for orphans
}

// Begin refuses definitions that a process can't run: there are no mounts, so a volume must be
// a folder of the host at the path of its mount.
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

// Processes share no resources, and images are not run.
func (*process) End(Task)                              {}
func (*process) Pull(context.Context, Container) error { return nil }

// begin starts a process, and ended records its end.
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
	killGroup(cmd.Process.Pid) // as the end of a container kills its processes
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, cmd.Process.Pid)
	if p.supervised && time.Since(p.reaped) > time.Second { // a search takes long if thousands run
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
	out.SetReadDeadline(time.Now()) // ends the wait of the copy
	helpers.Wait()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return Exit{}, fmt.Errorf("CannotInspectContainerError: %w", err)
	}
	return Exit{Code: exitCode(cmd.ProcessState)}, nil
}

// start starts the process of a container and returns the pipe of its output, with both streams
// in the order of their writes.
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

// copyOutput copies the output of a container until no process has the pipe open. After the exit
// of the container, only a process that left its group can have it: copyOutput does not wait for
// it, but copies all that is in the pipe by then.
func copyOutput(w io.Writer, pipe *os.File, exited <-chan struct{}) {
	const leftover = 1 << 20 // bytes that a pipe can hold at most
	buffer := make([]byte, 32<<10)
	late, woken := 0, false
	for late < leftover {
		n, err := pipe.Read(buffer)
		w.Write(buffer[:n]) // an error can't be reported; the container must not block
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && !woken:
			woken = true // a read after a deadline returns nothing
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

// command returns the process of a program and its arguments with the environment and the
// directory of a container.
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

// lookUp finds a program; in the folders of path if its name has no slash.
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
