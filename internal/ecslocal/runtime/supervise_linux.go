package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// supervisedVariable is set in the program that [Supervise] runs, whose descriptor 3 is a pipe
// that ends with its parent.
const supervisedVariable = "ECS_LOCAL_SUPERVISED"

// Supervise makes sure that after a SIGKILL no process of a container runs, nor one that a
// container started and that left its process group. It runs the program again and waits for
// it: each of the two becomes the parent of the processes that the other loses (a subreaper),
// and kills them when the other has ended. In the program that the user started, it returns the
// exit status of the other, and true; in the other it returns false, and a function for the end
// of the program that kills the remaining processes.
func Supervise(ctx context.Context, args, environment []string) (status int, done bool, end func(), err error) {
	if err := becomeSubreaper(); err != nil {
		return 0, false, nil, err
	}
	if slices.ContainsFunc(environment, func(v string) bool { return strings.HasPrefix(v, supervisedVariable+"=") }) {
		go func() {
			os.NewFile(3, "pipe").Read(make([]byte, 1)) // until the parent has ended
			killDescendants()
			os.Exit(137)
		}()
		return 0, false, killDescendants, nil
	}
	status, err = supervise(ctx, args, environment)
	return status, true, nil, err
}

// supervise runs the program again, to its end.
func supervise(ctx context.Context, args, environment []string) (int, error) {
	alive, held, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer held.Close()
	child := &exec.Cmd{
		Path: "/proc/self/exe", Args: args, Env: append(slices.Clone(environment), supervisedVariable+"=1"),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: []*os.File{alive},
	}
	err = child.Start()
	alive.Close()
	if err != nil {
		return 0, err
	}
	DropStartup() // this process only waits
	stop := context.AfterFunc(ctx, func() { child.Process.Signal(syscall.SIGTERM) })
	defer stop()
	err = child.Wait()
	killDescendants()
	if failed := (*exec.ExitError)(nil); err != nil && !errors.As(err, &failed) {
		return 0, err
	}
	return exitCode(child.ProcessState), nil
}

func becomeSubreaper() error {
	const prSetChildSubreaper = 36
	if _, _, errno := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("become the parent of orphans: %w", errno)
	}
	return nil
}

// killDescendants kills every process below this one, and those that become its children then,
// until there are none.
func killDescendants() {
	for range 1000 {
		pids := descendants(os.Getpid())
		if len(pids) == 0 {
			return
		}
		for _, pid := range pids {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// descendants returns the processes below one, the nearest first.
func descendants(pid int) []int {
	all := children(pid)
	for i := 0; i < len(all); i++ {
		all = append(all, children(all[i])...)
	}
	return all
}

func children(pid int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is valid
	for _, list := range lists {
		pids = append(pids, childrenIn(list)...)
	}
	return pids
}

// childrenIn reads a file that lists the children of a thread.
func childrenIn(list string) (pids []int) {
	text, err := os.ReadFile(list)
	if err != nil {
		return nil // the thread has ended
	}
	for _, field := range strings.Fields(string(text)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// reapOrphans waits for ended processes that became children of this one after the process of a
// container that had started them. known reports whether a child is a container's own, for which
// other code waits. Orphans become children of the first thread.
func reapOrphans(known func(pid int) bool) {
	for _, pid := range childrenIn(fmt.Sprintf("/proc/%d/task/%[1]d/children", os.Getpid())) {
		if !known(pid) {
			syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
}
