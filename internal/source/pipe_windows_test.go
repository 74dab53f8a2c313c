package source_test

import "testing"

// makePipe skips the test: folders of Windows have no named pipes.
func makePipe(t testing.TB, path string) {
	t.Helper()
	t.Skip("no named pipe for " + path)
}
