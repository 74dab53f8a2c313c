package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/git"
)

// Stdin is the name of the text of the standard input.
const Stdin = "<stdin>"

// isStdin reports whether a path stands for the standard input.
func isStdin(path string) bool { return path == "-" || path == "/dev/stdin" }

// withoutStdin returns the paths without those that stand for the standard input.
func withoutStdin(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), isStdin)
}

// readStdin reads the standard input to its end. If ctx ends before that, the
// reading goroutine stays until the program exits: a read from a pipe cannot be
// cancelled.
func readStdin(ctx context.Context, in io.Reader) (Text, error) {
	if in == nil {
		in = bytes.NewReader(nil)
	}
	var text []byte
	done := make(chan error, 1)
	go func() {
		var err error
		text, err = io.ReadAll(io.LimitReader(in, MaxText+1))
		done <- err
	}()
	select {
	case <-ctx.Done():
		return Text{}, context.Cause(ctx)
	case err := <-done:
		switch {
		case err != nil:
			return Text{}, withoutPath(err)
		case len(text) > MaxText:
			return Text{}, git.TooLarge(len(text))
		case len(bytes.TrimSpace(text)) == 0:
			return Text{}, errors.New("it is empty")
		}
		return Text{Name: Stdin, Bytes: text}, nil
	}
}
