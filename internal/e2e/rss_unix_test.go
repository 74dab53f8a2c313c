//go:build unix

package e2e

import (
	"os/exec"
	"syscall"
)

// maxRSS returns the maximum memory of a command in bytes, or 0 if it is not known.
func maxRSS(cmd *exec.Cmd) int64 {
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
