package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/sethvargo/go-githubactions"
)

// fileTimeout is the limit for one write to a file. The file may be a pipe without a
// reader, or on a file server that does not answer.
const fileTimeout = 2 * time.Second

// files writes to the files of the runner. Environment variables such as GITHUB_OUTPUT
// contain their names.
type files struct {
	getenv func(string) string

	mu     sync.Mutex
	failed map[string]error // errors of failed writes, by variable
}

// ErrNotWritten is the error of a write to a file after an earlier write to it failed.
var ErrNotWritten = errors.New("not written, because an earlier write to the file failed")

// write writes to the file whose name is in an environment variable of the runner. If the
// write fails, it removes what was partly written and does not try that file again.
func (f *files) write(variable string, write func(*githubactions.Action)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if before := f.failed[variable]; before != nil {
		return fmt.Errorf("%s: %w: %w", variable, ErrNotWritten, before)
	}
	name := f.getenv(variable)
	size := int64(0)
	if before, err := os.Stat(name); err == nil {
		size = before.Size()
	}
	err := Within(func() error {
		err := recoverError(func() { write(actions(f.getenv, io.Discard)) })
		if after, statErr := os.Stat(name); err != nil && statErr == nil && after.Mode().IsRegular() {
			err = errors.Join(err, os.Truncate(name, size))
		}
		return err
	})
	if err == nil {
		return nil
	}
	var pathError *os.PathError
	if errors.As(err, &pathError) {
		err = pathError
	}
	if f.failed == nil {
		f.failed = map[string]error{}
	}
	f.failed[variable] = err
	return fmt.Errorf("%s: %w", variable, err)
}

// Within calls write, which writes to a file, and returns its error. It returns an error of
// its own if write takes more than 2 seconds; write may then continue in the background.
func Within(write func() error) error {
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		return err
	case <-time.After(fileTimeout):
		return fmt.Errorf("the write did not finish within %s; is the file a pipe without a reader?", fileTimeout)
	}
}

// actions returns the client for workflow commands and files of GitHub.
func actions(getenv func(string) string, out io.Writer) *githubactions.Action {
	return githubactions.New(githubactions.WithWriter(out), githubactions.WithGetenv(getenv))
}

// recoverError calls write and returns its panic as an error: go-githubactions panics
// instead of returning errors.
func recoverError(write func()) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			var ok bool
			if err, ok = fault.(error); !ok {
				err = errors.New(fmt.Sprint(fault))
			}
		}
	}()
	write()
	return nil
}
