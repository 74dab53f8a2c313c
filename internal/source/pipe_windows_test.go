package source_test

import "testing"

// makePipe skips the test: Windows has no named pipes in folders.
func makePipe(t testing.TB, path string) {
	t.Helper()
	t.Skip("no named pipe for " + path)
}
