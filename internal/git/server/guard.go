package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
)

// A Guard ends a connection when the server sends nothing for too long, counts bytes, and has
// the error of the connection, which go-git's errors do not wrap. One goroutine uses it at a
// time.
type Guard struct {
	stall  time.Duration
	timer  *time.Timer
	cancel context.CancelCauseFunc
	Bytes  int64 // that were read
	Err    error // of the connection; nil if it works
}

// NewGuard returns a guard and the context that it ends when nothing comes for the duration.
func NewGuard(ctx context.Context, stall time.Duration) (*Guard, context.Context) {
	ctx, cancel := context.WithCancelCause(ctx)
	g := &Guard{stall: stall, cancel: cancel}
	g.timer = time.AfterFunc(stall, func() { cancel(Stalled(stall)) })
	g.timer.Stop()
	return g, ctx
}

// Stalled is the error of a server that has sent nothing for this time.
type Stalled time.Duration

func (s Stalled) Error() string {
	return fmt.Sprintf("the server sent nothing for %s", time.Duration(s))
}

// start and stop are called before and after a wait for the server.
func (g *Guard) start() { g.timer.Reset(g.stall) }
func (g *Guard) stop()  { g.timer.Stop() }

// failed stores an error of the connection, and returns it.
func (g *Guard) failed(err error) error {
	g.Err = err
	return err
}

// Close stops the guard and ends its context.
func (g *Guard) Close() {
	g.timer.Stop()
	g.cancel(nil)
}

// reader returns r with each read guarded and counted.
func (g *Guard) reader(r io.Reader) io.Reader { return guardedReader{g, r} }

type guardedReader struct {
	guard *Guard
	r     io.Reader
}

func (r guardedReader) Read(b []byte) (int, error) {
	r.guard.start()
	n, err := r.r.Read(b)
	r.guard.stop()
	r.guard.Bytes += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.guard.failed(err)
	}
	return n, err
}

// cappedReader returns an error after a number of bytes.
type cappedReader struct {
	r     io.Reader
	left  int64
	limit int64
}

func (c *cappedReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, objects.OverLimit(c.limit)
	}
	return n, err
}
