package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// guard ends a connection when nothing comes for too long, counts the bytes that come,
// and holds the error of the connection, which go-git's errors have as a text at best.
// One goroutine uses it at a time.
type guard struct {
	stall  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	bytes  int64 // that were read
	err    error // of the connection; nil if it works
}

// newGuard returns a guard and the context that it ends.
func newGuard(ctx context.Context, stall time.Duration) (*guard, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &guard{stall: stall, cancel: cancel}
	g.timer = time.AfterFunc(stall, func() { cancel(stalled(stall)) })
	g.timer.Stop()
	return g, ctx
}

// stalled is the error of a server from which nothing came for so long.
type stalled time.Duration

func (s stalled) Error() string {
	return fmt.Sprintf("the server sent nothing for %s", time.Duration(s))
}

// start and stop enclose a wait for the server.
func (g *guard) start() { g.timer.Reset(g.stall) }
func (g *guard) stop()  { g.timer.Stop() }

// failed notes an error of the connection, and returns it.
func (g *guard) failed(err error) error {
	g.err = err
	return err
}

func (g *guard) close() {
	g.timer.Stop()
	g.cancel(nil)
}

// reader returns r with each read of it guarded and counted.
func (g *guard) reader(r io.Reader) io.Reader { return guardedReader{g, r} }

type guardedReader struct {
	guard *guard
	r     io.Reader
}

func (r guardedReader) Read(b []byte) (int, error) {
	r.guard.start()
	n, err := r.r.Read(b)
	r.guard.stop()
	r.guard.bytes += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.guard.failed(err)
	}
	return n, err
}

// cappedReader ends with an error after so many bytes.
type cappedReader struct {
	r     io.Reader
	left  int64
	limit int64
}

func (c *cappedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, overLimit(c.limit)
	}
	return n, err
}
