//go:build !linux

package runtime

import "context"

// Supervise does nothing: only Linux has what it takes. A SIGKILL leaves the containers'
// processes running.
func Supervise(context.Context, []string, []string) (status int, done bool, end func(), err error) {
	return 0, false, func() {}, nil
}

func reapOrphans(func(pid int) bool) {}

// DropStartup does nothing: only Linux has what it takes.
func DropStartup() {}
