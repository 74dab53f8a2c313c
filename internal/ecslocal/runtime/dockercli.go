package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Docker runs containers with the docker CLI, or with one that has the same arguments. command
// is the program and its first arguments; docker if there is none. environment is that of the
// CLI (NAME=value), and its PATH is searched for the program.
//
// Containers of a task in network mode awsvpc share localhost, as on AWS, and reach the network
// of Docker's bridge. Images are pulled if the engine does not have them, with the registry
// credentials of the CLI. CPU and memory of a task are no limits; those of containers are. GPUs
// are those of the engine.
func Docker(environment []string, command ...string) Executor {
	if len(command) == 0 {
		command = []string{"docker"}
	}
	host, _ := os.Hostname() // without a name, nothing counts as left over
	return docker{
		environment: slices.Concat([]string{"PATH=" + hostPath}, environment),
		cli:         slices.Clone(command),
		host:        host,
		volumes:     filepath.Join(os.TempDir(), "ecs-local-volumes"),
	}
}

type docker struct {
	environment []string
	cli         []string
	host        string // of the processes that own containers
	volumes     string // folder of EFS file systems
}

// ownerLabel is the label of a container or volume that names its process.
const ownerLabel = "ecs-run-task.owner"

// owner returns the name of this process: its machine, its id, and the time of its start,
// because ids are reused.
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

// startTime returns when a process started, in ticks since the machine did; empty if there is no
// such process, or no /proc.
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

// efsFolder returns the folder in place of an EFS volume: that of its file system, and in it
// that of its access point or root directory.
func (d docker) efsFolder(volume wire.Object) string {
	efs := wire.Member(volume, "efsVolumeConfiguration")
	inside := wire.Text(efs, "rootDirectory")
	if point := wire.Text(wire.Member(efs, "authorizationConfig"), "accessPointId"); point != "" {
		inside = point
	}
	return filepath.Join(d.volumes, filepath.Base(wire.Text(efs, "fileSystemId")), filepath.Join("/", inside))
}

// patience is how long a call of the CLI that cleans up may take.
const patience = 30 * time.Second

// command returns a call of the CLI with variables beside those of its environment.
func (d docker) command(ctx context.Context, args []string, variables ...string) (*exec.Cmd, error) {
	program, err := lookUp(d.cli[0], variable(d.environment, "PATH"), "")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, slices.Concat(d.cli[1:], args)...)
	cmd.Env = slices.Concat(d.environment, variables)
	cmd.WaitDelay = time.Second
	setGroup(cmd) // the Ctrl-C of a terminal must not reach it
	return cmd, nil
}

// call runs the CLI and returns its output. The error has the text of its standard error.
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

// cleanUp runs the CLI even if the task or the server has ended. A failure can't be reported to
// anyone.
func (d docker) cleanUp(args ...string) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	d.call(ctx, args...)
}

const (
	// pause is the name of the container whose network and processes the containers of
	// a task share. No container of a definition can have the name.
	pause = "~internal~pause"

	pauseImage = "ecs-run-task/pause"
)
