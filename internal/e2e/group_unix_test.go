//go:build unix

package e2e

import (
	"os/exec"
	"syscall"
)

// inGroup has a command begin in a process group of its own, and returns what kills that.
func inGroup(cmd *exec.Cmd) (kill func()) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
