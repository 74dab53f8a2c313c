//go:build !unix

package runtime

import (
	"io/fs"
	"os"
	"os/exec"
)

func setGroup(*exec.Cmd) {}

// terminate kills the process: there is no other signal.
func terminate(p *os.Process) { p.Kill() }

func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		p.Kill()
	}
}

func exitCode(state *os.ProcessState) int { return state.ExitCode() }

func canExecute(fs.FileInfo) bool { return true }
