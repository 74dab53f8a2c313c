//go:build unix

package runtime

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

func setGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// terminate sends SIGTERM to the first process only, as docker stop does.
func terminate(p *os.Process) { p.Signal(syscall.SIGTERM) }

func killGroup(pid int) { syscall.Kill(-pid, syscall.SIGKILL) }

// exitCode returns the exit code of a process; 128+n if signal n ended it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

func canExecute(info fs.FileInfo) bool { return info.Mode()&0o111 != 0 }
