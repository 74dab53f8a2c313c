//go:build !linux

package runtime

import "context"

// Supervise does nothing: only Linux has subreapers. After a SIGKILL the processes of containers
// run on.
func Supervise(context.Context, []string, []string) (status int, done bool, end func(), err error) {
	return 0, false, func() {}, nil
}

func reapOrphans(func(pid int) bool) {}

// DropStartup does nothing: it is for Linux only.
func DropStartup() {}
