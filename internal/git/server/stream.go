package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
)

// stream is one run of git-upload-pack on a server.
type stream struct {
	io.Reader
	io.Writer
	close func() error
}

// streamSession is a session over a connection with two directions: ssh, or git's own.
type streamSession struct {
	guard  *Guard
	limit  int64                                      // of the list of refs, in bytes
	open   func(ctx context.Context) (*stream, error) // starts git-upload-pack
	hangUp func()                                     // ends the connection; nil if the stream is all of it

	current *stream // the run that has listed its refs and has no request yet; nil if there is none
}

func (s *streamSession) refs(ctx context.Context) (*packp.AdvRefs, error) {
	s.guard.Err = nil
	s.guard.start()
	current, err := s.open(ctx)
	s.guard.stop()
	if err != nil {
		return nil, err
	}
	s.current = current
	advertised := packp.NewAdvRefs()
	if err := advertised.Decode(&cappedReader{s.guard.reader(current), s.limit, s.limit}); err != nil {
		return nil, err
	}
	transport.FilterUnsupportedCapabilities(advertised.Capabilities)
	return advertised, nil
}

func (s *streamSession) request(ctx context.Context, r *packp.UploadPackRequest) (io.ReadCloser, error) {
	// A run serves one request.
	if s.current == nil {
		if _, err := s.refs(ctx); err != nil {
			return nil, err
		}
	}
	current := s.current
	s.current = nil
	s.guard.start()
	err := r.UploadRequest.Encode(current)
	if err == nil {
		err = pktline.NewEncoder(current).EncodeString("done\n")
	}
	s.guard.stop()
	if err != nil {
		current.close()
		return nil, fmt.Errorf("send the request: %w", err)
	}
	response := packp.NewUploadPackResponse(r)
	if err := response.Decode(guardedBody{s.guard.reader(current), current.close}); err != nil {
		current.close()
		return nil, err
	}
	return response, nil
}

func (s *streamSession) close() {
	if s.current != nil {
		_ = s.current.close()
	}
	if s.hangUp != nil {
		s.hangUp()
	}
}

// guardedBody is a response whose Close ends its stream.
type guardedBody struct {
	io.Reader
	close func() error
}

func (a guardedBody) Close() error { return a.close() }

// newDaemonSession returns a session with a git daemon.
func newDaemonSession(c remote.Config, l remote.Location, g *Guard) *streamSession {
	return &streamSession{guard: g, limit: c.Memory, open: func(ctx context.Context) (*stream, error) {
		dialer := net.Dialer{Timeout: c.ConnectTimeout}
		conn, err := dialer.DialContext(ctx, "tcp", l.Address())
		if err != nil {
			return nil, err
		}
		unwatch := context.AfterFunc(ctx, func() { conn.Close() })
		end := func() error {
			unwatch()
			return conn.Close()
		}
		request := packp.GitProtoRequest{
			RequestCommand: transport.UploadPackServiceName,
			Pathname:       l.Path,
			Host:           strings.TrimSuffix(l.Address(), ":9418"),
		}
		if err := request.Encode(conn); err != nil {
			_ = end()
			return nil, err
		}
		return &stream{conn, conn, end}, nil
	}}
}
