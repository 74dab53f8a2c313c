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

// fileTime is how long a file may take what is written to it: it may be a pipe that nobody
// reads, or on a file server that does not answer.
const fileTime = 2 * time.Second

// files are the files of the runner, which variables name.
type files struct {
	getenv func(string) string

	mu     sync.Mutex
	failed map[string]error // why files could not be written, by their variables
}

// ErrNotWritten is what a write to a file is refused with once one has failed.
var ErrNotWritten = errors.New("not written, as the file could not be written before")

// write writes to the file that a variable of the runner names. After a failure it
// takes back what was written in part, and does not try that file again.
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
		err := unpanic(func() { write(actions(f.getenv, io.Discard)) })
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

// Within calls what writes to a file, and returns its error, or that the file took
// nothing for too long: write then ends later, or never.
func Within(write func() error) error {
	done := make(chan error, 1)
	go func() { done <- write() }()
	select {
	case err := <-done:
		return err
	case <-time.After(fileTime):
		return fmt.Errorf("the file has not taken what was written for %s; is it a pipe that nothing reads?", fileTime)
	}
}

// actions returns GitHub's commands and files.
func actions(getenv func(string) string, out io.Writer) *githubactions.Action {
	return githubactions.New(githubactions.WithWriter(out), githubactions.WithGetenv(getenv))
}

// unpanic turns the panics of go-githubactions, which has no errors, into
// errors.
func unpanic(write func()) (err error) {
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
