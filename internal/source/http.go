package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const (
	infoRefs     = "/info/refs"
	maxRedirects = 5
)

// httpRemote speaks git over HTTP. See https://git-scm.com/docs/http-protocol.
type httpRemote struct {
	client *http.Client
	guard  *guard
	base   string      // the URL of the repository, without credentials
	auth   credentials // of the host of base only
	header string      // the Authorization that is sent; empty for none
	answer io.ReadCloser
}

func newHTTPRemote(c Config, l location, auth credentials, g *guard) *httpRemote {
	proxy := c.Proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	r := &httpRemote{guard: g, auth: auth, base: strings.TrimSuffix(l.text, "/")}
	if auth.token != "" {
		r.header = auth.basic()
		if bearerFirst(l.host, auth.token) {
			r.header = auth.bearer()
		}
	}
	dialer := net.Dialer{Timeout: c.connectTimeout()}
	r.client = &http.Client{
		CheckRedirect: r.checkRedirect,
		Transport: &http.Transport{
			Proxy:               proxy,
			DialContext:         dialer.DialContext,
			TLSHandshakeTimeout: c.connectTimeout(),
			ForceAttemptHTTP2:   true,
			// Packs are deflated already.
			DisableCompression: true,
		},
	}
	return r
}

// checkRedirect follows redirects of the first request only, as git does,
// never to a place less safe, and never with the credentials to another host.
func (r *httpRemote) checkRedirect(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	switch {
	case next.Method != http.MethodGet || len(via) > maxRedirects:
		return errors.New("too many redirects")
	case first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("refused to be redirected from https to %s", next.URL.Scheme)
	case next.URL.Scheme != "https" && next.URL.Scheme != "http":
		return fmt.Errorf("refused to be redirected to %s", next.URL.Scheme)
	case next.URL.Scheme == "http" && next.URL.Host != first.Host:
		return fmt.Errorf("refused to be redirected to another host over http, %s", next.URL.Host)
	case next.URL.Host != first.Host:
		next.Header.Del("Authorization")
		r.header = ""
	}
	return nil
}

func (r *httpRemote) greet(ctx context.Context) (io.Reader, error) {
	answer, err := r.do(ctx, http.MethodGet, infoRefs+"?service=git-upload-pack", nil)
	var status *statusError
	if errors.As(err, &status) && status.wantsBearer && r.header == r.auth.basic() && r.auth.token != "" {
		r.header = r.auth.bearer()
		answer, err = r.do(ctx, http.MethodGet, infoRefs+"?service=git-upload-pack", nil)
	}
	return answer, err
}

func (r *httpRemote) ask(ctx context.Context, request []byte) (io.Reader, error) {
	return r.do(ctx, http.MethodPost, "/git-upload-pack", request)
}

func (r *httpRemote) do(ctx context.Context, method, path string, body []byte) (io.Reader, error) {
	r.finish()
	request, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "git/"+agent)
	request.Header.Set("Git-Protocol", "version=2")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-git-upload-pack-request")
		request.Header.Set("Accept", "application/x-git-upload-pack-result")
	}
	if r.header != "" {
		request.Header.Set("Authorization", r.header)
	}
	r.guard.start()
	response, err := r.client.Do(request)
	r.guard.stop()
	if err != nil {
		// The cause alone: the message names the repository already, and the
		// URL here may be one that a server made.
		var urlError *url.Error
		if errors.As(err, &urlError) {
			err = urlError.Err
		}
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, r.refused(response)
	}
	if err := r.checkAnswer(method, response); err != nil {
		response.Body.Close()
		return nil, err
	}
	r.answer = response.Body
	return r.guard.reader(response.Body), nil
}

// checkAnswer looks at what kind of answer it is, and takes the base from
// where the first request was redirected to.
func (r *httpRemote) checkAnswer(method string, response *http.Response) error {
	kind := response.Header.Get("Content-Type")
	if method == http.MethodPost {
		if kind != "application/x-git-upload-pack-result" {
			return fmt.Errorf("the server does not speak git: its answer is of type %q", clean([]byte(kind)))
		}
		return nil
	}
	if kind != "application/x-git-upload-pack-advertisement" {
		return fmt.Errorf("no git repository is there: the server's answer is of type %q", clean([]byte(kind)))
	}
	final := *response.Request.URL
	base, ok := strings.CutSuffix(final.Path, infoRefs)
	if !ok {
		return errors.New("refused to be redirected to a place that is no repository")
	}
	final.Path, final.RawPath, final.RawQuery, final.User = base, "", "", nil
	r.base = final.String()
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

func (r *httpRemote) refused(response *http.Response) error {
	defer response.Body.Close()
	err := &statusError{code: response.StatusCode, wantsBearer: wantsBearer(response.Header)}
	if strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		message, _ := io.ReadAll(io.LimitReader(r.guard.reader(response.Body), 1024))
		err.message = clean(message)
	}
	return err
}

// finish ends the answer before, so that its connection can be used again.
func (r *httpRemote) finish() {
	if r.answer != nil {
		// Nothing but the end of the stream is left.
		_, _ = io.Copy(io.Discard, io.LimitReader(r.guard.reader(r.answer), 64))
	}
	r.abandon()
}

func (r *httpRemote) abandon() {
	if r.answer != nil {
		r.answer.Close()
		r.answer = nil
	}
}

func (r *httpRemote) close() {
	r.abandon()
	r.client.CloseIdleConnections()
}
