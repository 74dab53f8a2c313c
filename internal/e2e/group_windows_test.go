package e2e

import "os/exec"

// inGroup returns what kills a command.
func inGroup(cmd *exec.Cmd) (kill func()) { return func() { cmd.Process.Kill() } }
