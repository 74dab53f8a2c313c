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
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Recover is called when the server starts. It removes the containers and volumes of processes
// of this machine that ended without removing them, for example by a SIGKILL.
func (d docker) Recover(ctx context.Context) {
	for _, kind := range [][]string{{"ps", "--all"}, {"volume", "ls"}} {
		name, remove := "{{.Names}}", []string{"rm", "--force", "--volumes"}
		if kind[0] == "volume" {
			name, remove = "{{.Name}}", []string{"volume", "rm", "--force"}
		}
		list, err := d.call(ctx, append(kind, "--filter", "label="+ownerLabel, "--format",
			name+` {{.Label "`+ownerLabel+`"}}`)...)
		if err != nil {
			return // there is no engine; the first task reports it
		}
		for line := range strings.Lines(list) {
			name, owner, _ := strings.Cut(strings.TrimSpace(line), " ")
			if d.isGone(owner) {
				d.cleanUp(append(remove, name)...)
			}
		}
	}
}

// makeFolders creates missing folders of a task's volumes: those of EFS, and those of the
// host, as the engine of an instance does.
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

func (d docker) Begin(ctx context.Context, t Task) error {
	for _, v := range wire.Objects(t.Definition, "volumes") {
		for _, kind := range []string{"s3filesVolumeConfiguration", "fsxWindowsFileServerVolumeConfiguration"} {
			if v[kind] != nil {
				return fmt.Errorf("CannotCreateVolumeError: volume %s: the local ECS has no such file systems: %s; use "+
					"efsVolumeConfiguration or host.sourcePath", wire.Text(v, "name"), kind)
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
		why, _, _ := strings.Cut(err.Error(), "\n") // the CLI adds names of ours
		return Exit{}, errors.New("CannotStartContainerError: " + why)
	}
	started()
	exited := make(chan struct{})
	var helper sync.WaitGroup
	// The output is copied to the end of the container, even when it is killed.
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

// create creates a container. No value of its environment is among the arguments, which every
// user of the host can read.
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

// follow copies the output of a container until it has ended.
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

// end stops a container with the stop signal of its image when stop is closed, and kills it
// when ctx ends. It calls giveUp if the engine can't do that.
func (d docker) end(ctx context.Context, c Container, stop, exited <-chan struct{}, giveUp func()) {
	name := containerName(c.Task, c.Name)
	select {
	case <-stop:
		seconds := strconv.Itoa(int(c.StopTimeout / time.Second))
		d.call(ctx, "stop", "-t", seconds, name) // docker stop kills the container after that time
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

// exit returns how a container ended, by the engine.
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

// makePauseImage returns the image of a program that does nothing, and creates it if it is
// missing: the engine needs a process for a network, and there may be no registry with such an
// image.
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
