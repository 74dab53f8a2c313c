package source

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
)

// stream is one run of git-upload-pack on a server.
type stream struct {
	io.Reader
	io.Writer
	close func() error
}

// streamRemote speaks git over a connection that goes both ways: ssh, or the
// git protocol's own.
type streamRemote struct {
	guard  *guard
	open   func(ctx context.Context) (*stream, error) // starts git-upload-pack
	hangUp func()

	current  *stream       // nil if git-upload-pack does not run
	answers  *bufio.Reader // what current says
	asked    bool          // current has been asked
	version2 bool          // current speaks version 2 of the protocol
}

func (r *streamRemote) greet(ctx context.Context) (io.Reader, error) {
	r.abandon()
	r.guard.start()
	s, err := r.open(ctx)
	r.guard.stop()
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(r.guard.reader(s))
	// An error is told to who reads on.
	start, _ := buffered.Peek(len(greetingV2))
	r.current, r.answers, r.asked = s, buffered, false
	r.version2 = string(start) == greetingV2
	return buffered, nil
}

// greetingV2 is how a server starts that speaks version 2.
const greetingV2 = "000eversion 2\n"

func (r *streamRemote) ask(ctx context.Context, request []byte) (io.Reader, error) {
	// Version 0 answers one request; version 2 as many as are asked.
	if r.current == nil || r.asked && !r.version2 {
		if err := r.reopen(ctx); err != nil {
			return nil, err
		}
	}
	r.asked = true
	r.guard.start()
	_, err := r.current.Write(request)
	r.guard.stop()
	if err != nil {
		return nil, fmt.Errorf("send the request: %w", err)
	}
	return r.answers, nil
}

// reopen starts git-upload-pack again and reads over its greeting.
func (r *streamRemote) reopen(ctx context.Context) error {
	greeting, err := r.greet(ctx)
	if err != nil {
		return err
	}
	packets := &packetReader{r: greeting}
	for {
		if _, ok, err := packets.line(); err != nil || !ok {
			return err
		}
	}
}

func (r *streamRemote) abandon() {
	if r.current != nil {
		_ = r.current.close()
		r.current = nil
	}
}

func (r *streamRemote) close() {
	r.abandon()
	if r.hangUp != nil {
		r.hangUp()
	}
}

// newDaemonRemote speaks the protocol of git daemon. See
// https://git-scm.com/docs/gitprotocol-pack#_git_transport.
func newDaemonRemote(c Config, l location, g *guard) *streamRemote {
	return &streamRemote{guard: g, open: func(ctx context.Context) (*stream, error) {
		dialer := net.Dialer{Timeout: c.connectTimeout()}
		conn, err := dialer.DialContext(ctx, "tcp", l.address())
		if err != nil {
			return nil, err
		}
		unwatch := context.AfterFunc(ctx, func() { conn.Close() })
		host := strings.TrimSuffix(l.address(), ":9418")
		request := fmt.Sprintf("git-upload-pack %s\x00host=%s\x00\x00version=2\x00", l.path, host)
		if _, err := fmt.Fprintf(conn, "%04x%s", len(request)+4, request); err != nil {
			unwatch()
			conn.Close()
			return nil, err
		}
		return &stream{conn, conn, func() error {
			unwatch()
			return conn.Close()
		}}, nil
	}}
}
