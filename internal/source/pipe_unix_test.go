//go:build unix

package source_test

import (
	"syscall"
	"testing"
)

// makePipe creates a named pipe.
func makePipe(t testing.TB, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
}
