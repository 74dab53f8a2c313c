package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
)

const maxRedirects = 5

// httpSession is go-git's session over HTTP, with a guarded client.
type httpSession struct {
	client   *http.Client
	location remote.Location
	auth     remote.Credentials
	session  transport.UploadPackSession // nil until the refs are listed
}

func newHTTPSession(c remote.Config, l remote.Location, auth remote.Credentials, g *Guard) *httpSession {
	proxy := c.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	dialer := net.Dialer{Timeout: c.ConnectTimeout}
	plain := &http.Transport{
		Proxy:               proxy,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: c.ConnectTimeout,
		ForceAttemptHTTP2:   true,
		// Packs are deflated already.
		DisableCompression: true,
	}
	return &httpSession{location: l, auth: auth, client: &http.Client{
		CheckRedirect: checkRedirect,
		Transport:     &guardedTransport{plain: plain, guard: g, limit: c.Memory},
	}}
}

// checkRedirect refuses redirects to a less safe place. go-git follows redirects of the first
// request only, and sends no credentials to another host.
func checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case len(via) > maxRedirects:
		return errors.New("too many redirects")
	case first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("refused to be redirected from https to %s", next.URL.Scheme)
	case next.URL.Scheme == "http" && next.URL.Host != first.Host:
		return fmt.Errorf("refused to be redirected to another host over http, %s", next.URL.Host)
	}
	return nil
}

func (s *httpSession) refs(ctx context.Context) (*packp.AdvRefs, error) {
	basic := &githttp.BasicAuth{Username: s.auth.Username, Password: s.auth.Token}
	bearer := &githttp.TokenAuth{Token: s.auth.Token}
	switch {
	case s.auth.Token == "":
		return s.refsAs(ctx, nil)
	case remote.BearerFirst(s.location.Host, s.auth.Token):
		return s.refsAs(ctx, bearer)
	}
	advertised, err := s.refsAs(ctx, basic)
	var status *StatusError
	if errors.As(err, &status) && status.wantsBearer {
		return s.refsAs(ctx, bearer)
	}
	return advertised, err
}

func (s *httpSession) refsAs(ctx context.Context, auth transport.AuthMethod) (*packp.AdvRefs, error) {
	u, err := url.Parse(s.location.Text)
	if err != nil {
		return nil, err
	}
	// The port is a number: it was checked when the URL was parsed.
	port, _ := strconv.Atoi(s.location.Port)
	host := s.location.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	s.session, err = githttp.NewClient(s.client).NewUploadPackSession(&transport.Endpoint{
		Protocol: u.Scheme,
		Host:     host,
		Port:     port,
		Path:     strings.TrimSuffix(u.EscapedPath(), "/"),
	}, auth)
	if err != nil {
		return nil, err
	}
	advertised, err := s.session.AdvertisedReferencesContext(ctx)
	return advertised, bareHTTP(err)
}

func (s *httpSession) request(ctx context.Context, r *packp.UploadPackRequest) (io.ReadCloser, error) {
	response, err := s.session.UploadPack(ctx, r)
	if err != nil {
		return nil, bareHTTP(err)
	}
	return response, nil
}

func (s *httpSession) close() { s.client.CloseIdleConnections() }

// bareHTTP returns the cause of an error without its URL: the message names the repository
// already, and the URL may be that of a redirect.
func bareHTTP(err error) error {
	var unexpected *plumbing.UnexpectedError
	if errors.As(err, &unexpected) {
		err = unexpected.Err
	}
	var urlError *url.Error
	if errors.As(err, &urlError) {
		err = urlError.Err
	}
	return err
}

// guardedTransport guards each request, and returns an error for responses that are no part of
// git's protocol.
type guardedTransport struct {
	plain *http.Transport
	guard *Guard
	limit int64 // of the list of refs, in bytes
}

func (t *guardedTransport) CloseIdleConnections() { t.plain.CloseIdleConnections() }

func (t *guardedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", "git/ecs-run-task")
	t.guard.Err = nil
	t.guard.start()
	response, err := t.plain.RoundTrip(request)
	t.guard.stop()
	if err != nil {
		return nil, t.guard.failed(err)
	}
	body := t.guard.reader(response.Body)
	end := response.Body.Close
	response.Body = guardedBody{body, func() error {
		// A connection whose stream was read to its end can be used again.
		_, _ = io.Copy(io.Discard, io.LimitReader(body, 64))
		return end()
	}}
	switch {
	case response.StatusCode >= 300 && response.StatusCode < 400:
		return response, nil
	case response.StatusCode != http.StatusOK:
		err = refused(response)
	case request.Method == http.MethodPost:
		err = checkResult(response)
	default:
		err = checkAdvertisement(response)
		response.Body = guardedBody{&cappedReader{response.Body, t.limit, t.limit}, response.Body.Close}
	}
	if err != nil {
		response.Body.Close()
		return nil, t.guard.failed(err)
	}
	return response, nil
}

func checkAdvertisement(response *http.Response) error {
	if kind := response.Header.Get("Content-Type"); kind != "application/x-git-upload-pack-advertisement" {
		return fmt.Errorf("no git repository is there: the server's answer is of type %q", Clean(kind))
	}
	return nil
}

// checkResult checks the type of a response, and whether it is an error of git. The error of
// go-git for that has no type.
func checkResult(response *http.Response) error {
	if kind := response.Header.Get("Content-Type"); kind != "application/x-git-upload-pack-result" {
		return fmt.Errorf("the server does not speak git: its answer is of type %q", Clean(kind))
	}
	buffered := bufio.NewReader(response.Body)
	response.Body = guardedBody{buffered, response.Body.Close}
	// The next read returns an error of the connection.
	if start, _ := buffered.Peek(len("0000ERR ")); strings.HasSuffix(string(start), "ERR ") {
		packets := pktline.NewScanner(buffered)
		packets.Scan()
		return explainProtocol(packets.Err())
	}
	return nil
}

// A StatusError is an HTTP response with another status than 200.
type StatusError struct {
	Code        int
	message     string // the body, if it is text
	wantsBearer bool
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code))
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

func refused(response *http.Response) error {
	err := &StatusError{Code: response.StatusCode, wantsBearer: remote.WantsBearer(response.Header)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		message, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		err.message = Clean(string(message))
	}
	return err
}
