package runtime

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Docker runs containers with the docker CLI, or with one that takes the same
// arguments: command is the program and its first arguments, docker if there is
// none, looked up in the PATH of environment, which is the CLI's own
// (NAME=value).
//
// Containers of a task in network mode awsvpc share localhost, as on AWS, and
// reach the network of Docker's bridge. Images are pulled when the engine lacks
// them, with the CLI's own registry credentials. Task CPU and memory are not
// limits; those of containers are. GPUs are the engine's.
func Docker(environment []string, command ...string) Executor {
	if len(command) == 0 {
		command = []string{"docker"}
	}
	host, _ := os.Hostname() // without a name, nothing is taken for left over
	return docker{
		environment: slices.Concat([]string{"PATH=" + hostPath}, environment),
		cli:         slices.Clone(command),
		host:        host,
		volumes:     filepath.Join(os.TempDir(), "ecs-local-volumes"),
	}
}

type object = wire.Object

type docker struct {
	environment []string
	cli         []string
	host        string // of the processes that own containers
	volumes     string // folder of EFS file systems
}

// Recover is called when the server starts. It removes the containers and volumes of processes of this machine that ended
// without removing them, as a SIGKILL does.
func (d docker) Recover(ctx context.Context) {
	for _, kind := range [][]string{{"ps", "--all"}, {"volume", "ls"}} {
		name, remove := "{{.Names}}", []string{"rm", "--force", "--volumes"}
		if kind[0] == "volume" {
			name, remove = "{{.Name}}", []string{"volume", "rm", "--force"}
		}
		list, err := d.call(ctx, append(kind, "--filter", "label="+ownerLabel, "--format", name+` {{.Label "`+ownerLabel+`"}}`)...)
		if err != nil {
			return // there is no engine; the first task says so
		}
		for line := range strings.Lines(list) {
			name, owner, _ := strings.Cut(strings.TrimSpace(line), " ")
			if d.isGone(owner) {
				d.cleanUp(append(remove, name)...)
			}
		}
	}
}

// ownerLabel is the label of a container or volume that names its process.
const ownerLabel = "ecs-run-task.owner"

// owner names this process: by its machine, its id, and the time of its start, because
// ids are used again.
func (d docker) owner() string {
	return fmt.Sprintf("%s/%d/%s", d.host, os.Getpid(), startTime(os.Getpid()))
}

// isGone reports whether an owner is a process of this machine that has ended.
func (d docker) isGone(owner string) bool {
	parts := strings.Split(owner, "/")
	if len(parts) != 3 || d.host == "" || parts[0] != d.host {
		return false
	}
	pid, err := strconv.Atoi(parts[1])
	return err == nil && startTime(pid) != parts[2]
}

// startTime returns when a process started, in ticks since the machine did; empty if
// there is no such process. It is empty for all where there is no /proc.
func startTime(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text[bytes.LastIndexByte(text, ')'):]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// efsFolder returns the folder that stands for an EFS volume: of its file system, and
// in it of its access point or root directory.
func (d docker) efsFolder(volume object) string {
	efs := wire.Member(volume, "efsVolumeConfiguration")
	inside := wire.Text(efs, "rootDirectory")
	if point := wire.Text(wire.Member(efs, "authorizationConfig"), "accessPointId"); point != "" {
		inside = point
	}
	return filepath.Join(d.volumes, filepath.Base(wire.Text(efs, "fileSystemId")), filepath.Join("/", inside))
}

// makeFolders makes the folders of a task's volumes that are not there: those of EFS,
// and those of the host, as the engine of an instance does.
func (d docker) makeFolders(t Task) error {
	for _, v := range wire.Objects(t.Definition, "volumes") {
		folder := wire.Text(wire.Member(v, "host"), "sourcePath")
		if v["efsVolumeConfiguration"] != nil {
			folder = d.efsFolder(v)
		}
		if folder == "" {
			continue
		}
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
	}
	return nil
}

// patience is how long a call of the CLI that cleans up may take.
const patience = 30 * time.Second

// command returns a call of the CLI with variables beside its own.
func (d docker) command(ctx context.Context, args []string, variables ...string) (*exec.Cmd, error) {
	program, err := lookUp(d.cli[0], variable(d.environment, "PATH"), "")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, slices.Concat(d.cli[1:], args)...)
	cmd.Env = slices.Concat(d.environment, variables)
	cmd.WaitDelay = time.Second
	setGroup(cmd) // the terminal's Ctrl-C is not for it
	return cmd, nil
}

// call runs the CLI and returns what it prints; its error is what it complains.
func (d docker) call(ctx context.Context, args ...string) (string, error) {
	cmd, err := d.command(ctx, args)
	if err != nil {
		return "", err
	}
	return output(cmd)
}

func output(cmd *exec.Cmd) (string, error) {
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		if text := strings.TrimSpace(complaint.String()); text != "" {
			err = errors.New(text)
		}
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// cleanUp runs the CLI although the task or the server may be over. A failure
// leaves something behind that nobody can be told of.
func (d docker) cleanUp(args ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d.call(ctx, args...)
}

func (d docker) Begin(ctx context.Context, t Task) error {
	for _, v := range wire.Objects(t.Definition, "volumes") {
		for _, kind := range []string{"s3filesVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"} {
			if v[kind] != nil {
				return fmt.Errorf("CannotCreateVolumeError: volume %s: the local ECS has no such file systems: %s; use efsVolumeConfiguration or host.sourcePath", wire.Text(v, "name"), kind)
			}
		}
	}
	if err := d.makeFolders(t); err != nil {
		return fmt.Errorf("CannotCreateVolumeError: %w", err)
	}
	for _, v := range d.taskVolumes(t) {
		if _, err := d.call(ctx, v...); err != nil {
			return fmt.Errorf("CannotCreateVolumeError: %w", err)
		}
	}
	if !pauses(t) {
		return nil
	}
	image, err := d.makePauseImage(ctx)
	if err != nil {
		return fmt.Errorf("ContainerNetworkingError: %w", err)
	}
	if _, err := d.call(ctx, d.pauseArguments(t, image)...); err != nil {
		return fmt.Errorf("ContainerNetworkingError: %w", err)
	}
	return nil
}

func (d docker) End(t Task) {
	containers := []string{"rm", "--force", "--volumes"}
	for _, c := range wire.Objects(t.Definition, "containerDefinitions") {
		containers = append(containers, containerName(t, wire.Text(c, "name")))
	}
	if pauses(t) {
		containers = append(containers, containerName(t, pause))
	}
	d.cleanUp(containers...)
	var volumes []string
	for _, v := range wire.Objects(t.Definition, "volumes") {
		if name, own := volumeName(t, v); own {
			volumes = append(volumes, name)
		}
	}
	if len(volumes) > 0 {
		d.cleanUp(append([]string{"volume", "rm", "--force"}, volumes...)...)
	}
}

func (d docker) Pull(ctx context.Context, c Container) error {
	if _, err := d.call(ctx, "image", "inspect", "--format", "{{.Id}}", "--", c.Image); err == nil {
		return nil
	}
	args := append([]string{"pull", "--quiet"}, platform(c.Task)...)
	if _, err := d.call(ctx, append(args, "--", c.Image)...); err != nil {
		return fmt.Errorf("CannotPullContainerError: %w", err)
	}
	return nil
}

func (d docker) Run(ctx context.Context, c Container, started func(), stop <-chan struct{}) (Exit, error) {
	name := containerName(c.Task, c.Name)
	if c.Restarts > 0 {
		d.cleanUp("rm", "--force", name)
	}
	if err := d.create(ctx, c); err != nil {
		return Exit{}, fmt.Errorf("CannotCreateContainerError: %w", err)
	}
	if _, err := d.call(ctx, "start", name); err != nil {
		why, _, _ := strings.Cut(err.Error(), "\n") // the CLI goes on with our names
		return Exit{}, errors.New("CannotStartContainerError: " + why)
	}
	started()
	exited := make(chan struct{})
	var helper sync.WaitGroup
	// The container is followed to its end, even when it is killed.
	following, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	helper.Go(func() { d.end(ctx, c, stop, exited, giveUp) })
	err := d.follow(following, name, c.Output)
	close(exited)
	helper.Wait()
	if err != nil {
		d.cleanUp("kill", name)
		return Exit{}, err
	}
	return d.exit(name)
}

// create makes a container. No value of its environment is among the arguments,
// which every user of the host can read.
func (d docker) create(ctx context.Context, c Container) error {
	file, inherited, names := splitEnvironment(c.Environment)
	args := d.createArguments(c, names)
	cmd, err := d.command(ctx, args, inherited...)
	if err != nil {
		return err
	}
	cmd.Stdin = strings.NewReader(file)
	_, err = output(cmd)
	return err
}

// follow copies what a container prints until it has ended.
func (d docker) follow(ctx context.Context, name string, w io.Writer) error {
	cmd, err := d.command(ctx, []string{"logs", "--follow", name})
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = w, w // the same writer: exec writes to it from one goroutine
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("ContainerRuntimeError: docker logs: %w", err)
	}
	if _, err := d.call(ctx, "wait", name); err != nil {
		return fmt.Errorf("ContainerRuntimeError: %w", err)
	}
	return nil
}

// end stops a container with its image's stop signal when stop is closed, and
// kills it when ctx ends. It calls giveUp when the engine can't do that.
func (d docker) end(ctx context.Context, c Container, stop, exited <-chan struct{}, giveUp func()) {
	name := containerName(c.Task, c.Name)
	select {
	case <-stop:
		seconds := strconv.Itoa(int(c.StopTimeout / time.Second))
		d.call(ctx, "stop", "-t", seconds, name) // kills by itself after that time
	case <-ctx.Done():
	case <-exited:
		return
	}
	select {
	case <-ctx.Done():
		d.cleanUp("kill", name)
	case <-exited:
		return
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-timer.C:
		giveUp()
	case <-exited:
	}
}

// exit asks the engine how a container ended.
func (d docker) exit(name string) (Exit, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	state, err := d.call(ctx, "inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", name)
	if err != nil {
		return Exit{}, fmt.Errorf("CannotInspectContainerError: %w", err)
	}
	var e Exit
	var outOfMemory bool
	if _, err := fmt.Sscan(state, &e.Code, &outOfMemory); err != nil {
		return Exit{}, fmt.Errorf("CannotInspectContainerError: %q: %w", state, err)
	}
	if outOfMemory {
		e.Reason = "OutOfMemoryError: Container killed due to memory usage"
	}
	return e, nil
}

func (d docker) Probe(ctx context.Context, c Container, command []string) (int, error) {
	cmd, err := d.command(ctx, append([]string{"exec", containerName(c.Task, c.Name)}, command...))
	if err != nil {
		return 0, err
	}
	err = cmd.Run()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

const (
	// pause is the name of the container that holds what the containers of a
	// task share. No container of a definition can have it.
	pause = "~internal~pause"

	pauseImage = "ecs-run-task/pause"
)

// makePauseImage returns the image of a program that does nothing, and makes it
// where it is missing: the engine can't hold a network without a process, and
// there may be no registry to ask for one.
func (d docker) makePauseImage(ctx context.Context) (image string, err error) {
	architecture, err := d.call(ctx, "version", "--format", "{{.Server.Arch}}")
	if err != nil {
		return "", err
	}
	image = pauseImage + ":" + architecture
	if _, err := d.call(ctx, "image", "inspect", "--format", "{{.Id}}", image); err == nil {
		return image, nil
	}
	program, err := pauseProgram(architecture)
	if err != nil {
		return "", err
	}
	archive, err := archiveOf("pause", program)
	if err != nil {
		return "", err
	}
	cmd, err := d.command(ctx, []string{"import", "--change", `ENTRYPOINT ["/pause"]`, "-", image})
	if err != nil {
		return "", err
	}
	cmd.Stdin = bytes.NewReader(archive)
	_, err = output(cmd)
	return image, err
}

// archiveOf returns a tar archive of one program.
func archiveOf(name string, program []byte) ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(program))})
	if err == nil {
		_, err = w.Write(program)
	}
	return archive.Bytes(), errors.Join(err, w.Close())
}
