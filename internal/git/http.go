package git

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
)

const maxRedirects = 5

// httpSession is go-git's session over HTTP, on a client that guards it.
type httpSession struct {
	client   *http.Client
	location location
	auth     credentials
	session  transport.UploadPackSession // nil until the refs are listed
}

func newHTTPSession(c Config, l location, auth credentials, g *guard) *httpSession {
	proxy := c.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	dialer := net.Dialer{Timeout: c.connectTimeout()}
	plain := &http.Transport{
		Proxy:               proxy,
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: c.connectTimeout(),
		ForceAttemptHTTP2:   true,
		// Packs are deflated already.
		DisableCompression: true,
	}
	return &httpSession{location: l, auth: auth, client: &http.Client{
		CheckRedirect: checkRedirect,
		Transport:     &guardedTransport{plain: plain, guard: g, limit: c.memory()},
	}}
}

// checkRedirect refuses redirects to a place less safe. go-git follows those of the
// first request alone, and takes the credentials off those to another host.
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
	basic := &githttp.BasicAuth{Username: s.auth.username, Password: s.auth.token}
	bearer := &githttp.TokenAuth{Token: s.auth.token}
	switch {
	case s.auth.token == "":
		return s.refsAs(ctx, nil)
	case bearerFirst(s.location.host, s.auth.token):
		return s.refsAs(ctx, bearer)
	}
	advertised, err := s.refsAs(ctx, basic)
	var status *statusError
	if errors.As(err, &status) && status.wantsBearer {
		return s.refsAs(ctx, bearer)
	}
	return advertised, err
}

func (s *httpSession) refsAs(ctx context.Context, auth transport.AuthMethod) (*packp.AdvRefs, error) {
	u, err := url.Parse(s.location.text)
	if err != nil {
		return nil, err
	}
	// The port is only a number here: that of the URL was checked when it was parsed.
	port, _ := strconv.Atoi(s.location.port)
	host := s.location.host
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

func (s *httpSession) ask(ctx context.Context, request *packp.UploadPackRequest) (io.ReadCloser, error) {
	response, err := s.session.UploadPack(ctx, request)
	if err != nil {
		return nil, bareHTTP(err)
	}
	return response, nil
}

func (s *httpSession) close() { s.client.CloseIdleConnections() }

// bareHTTP returns the cause alone: the message names the repository already, and the
// URL in the error may be one that a server made.
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

// guardedTransport guards each request, and turns the answers that are no part of git's
// protocol into errors.
type guardedTransport struct {
	plain *http.Transport
	guard *guard
	limit int64 // bytes that the list of refs may have
}

func (t *guardedTransport) CloseIdleConnections() { t.plain.CloseIdleConnections() }

func (t *guardedTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("User-Agent", "git/"+agent)
	t.guard.err = nil
	t.guard.start()
	response, err := t.plain.RoundTrip(request)
	t.guard.stop()
	if err != nil {
		return nil, t.guard.failed(err)
	}
	body := t.guard.reader(response.Body)
	end := response.Body.Close
	response.Body = answer{body, func() error {
		// With the end of the stream read, the connection can be used again.
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
		response.Body = answer{&cappedReader{response.Body, t.limit, t.limit}, response.Body.Close}
	}
	if err != nil {
		response.Body.Close()
		return nil, t.guard.failed(err)
	}
	return response, nil
}

func checkAdvertisement(response *http.Response) error {
	if kind := response.Header.Get("Content-Type"); kind != "application/x-git-upload-pack-advertisement" {
		return fmt.Errorf("no git repository is there: the server's answer is of type %q", clean(kind))
	}
	return nil
}

// checkResult looks at the type of an answer, and whether it is git's error. go-git's own
// error of that has no type.
func checkResult(response *http.Response) error {
	if kind := response.Header.Get("Content-Type"); kind != "application/x-git-upload-pack-result" {
		return fmt.Errorf("the server does not speak git: its answer is of type %q", clean(kind))
	}
	buffered := bufio.NewReader(response.Body)
	response.Body = answer{buffered, response.Body.Close}
	// A fault of the connection is left to the next read.
	if start, _ := buffered.Peek(len("0000ERR ")); strings.HasSuffix(string(start), "ERR ") {
		packets := pktline.NewScanner(buffered)
		packets.Scan()
		return explainProtocol(packets.Err())
	}
	return nil
}

// statusError is an HTTP answer that is not 200.
type statusError struct {
	code        int
	message     string // what the server says, if it is text
	wantsBearer bool
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("the server answers %d %s", e.code, http.StatusText(e.code))
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

func refused(response *http.Response) error {
	err := &statusError{code: response.StatusCode, wantsBearer: wantsBearer(response.Header)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		message, _ := io.ReadAll(io.LimitReader(response.Body, 1024))
		err.message = clean(string(message))
	}
	return err
}
