package git

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// stream is one run of git-upload-pack on a server.
type stream struct {
	io.Reader
	io.Writer
	close func() error
}

// streamSession asks over a connection that goes both ways: ssh, or the git protocol's own.
type streamSession struct {
	guard  *guard
	limit  int64                                      // bytes that the list of refs may have
	open   func(ctx context.Context) (*stream, error) // starts git-upload-pack
	hangUp func()                                     // nil if there is nothing to end but the stream

	current *stream // the run that has listed its refs and was asked nothing yet; nil if there is none
}

func (s *streamSession) refs(ctx context.Context) (*packp.AdvRefs, error) {
	s.guard.err = nil
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

func (s *streamSession) ask(ctx context.Context, request *packp.UploadPackRequest) (io.ReadCloser, error) {
	// A run answers one request.
	if s.current == nil {
		if _, err := s.refs(ctx); err != nil {
			return nil, err
		}
	}
	current := s.current
	s.current = nil
	s.guard.start()
	err := request.UploadRequest.Encode(current)
	if err == nil {
		err = pktline.NewEncoder(current).EncodeString("done\n")
	}
	s.guard.stop()
	if err != nil {
		current.close()
		return nil, fmt.Errorf("send the request: %w", err)
	}
	response := packp.NewUploadPackResponse(request)
	if err := response.Decode(answer{s.guard.reader(current), current.close}); err != nil {
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

// answer is what is read of a stream, which ends with it.
type answer struct {
	io.Reader
	close func() error
}

func (a answer) Close() error { return a.close() }

// newDaemonSession speaks the protocol of git daemon.
func newDaemonSession(c Config, l location, g *guard) *streamSession {
	return &streamSession{guard: g, limit: c.memory(), open: func(ctx context.Context) (*stream, error) {
		dialer := net.Dialer{Timeout: c.connectTimeout()}
		conn, err := dialer.DialContext(ctx, "tcp", l.address())
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
			Pathname:       l.path,
			Host:           strings.TrimSuffix(l.address(), ":9418"),
		}
		if err := request.Encode(conn); err != nil {
			_ = end()
			return nil, err
		}
		return &stream{conn, conn, end}, nil
	}}
}
