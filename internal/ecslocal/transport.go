package ecslocal

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// errCut is the error of the client for a connection that a handler closes.
var errCut = errors.New("connection closed by the local ECS before it answered")

// Transport returns a RoundTripper that passes every request to h in process, for any URL. The
// response is complete when RoundTrip returns. A request whose context ends returns the error of
// the context, if h ends with it. A handler that panics with [http.ErrAbortHandler] is a lost
// connection.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

func (t transport) RoundTrip(r *http.Request) (response *http.Response, err error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	defer func() {
		switch fault := recover(); {
		case fault == nil:
		case fault != http.ErrAbortHandler:
			panic(fault)
		case r.Context().Err() != nil:
			response, err = nil, r.Context().Err()
		default:
			response, err = nil, errCut
		}
	}()
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	if served.Body == nil {
		served.Body = http.NoBody
	}
	if served.Host == "" {
		served.Host = r.URL.Host
	}
	w := &answer{header: make(http.Header)}
	t.handler.ServeHTTP(w, served)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.response(r), nil
}

// answer is the ResponseWriter of [Transport].
type answer struct {
	status int
	header http.Header
	sent   http.Header // the header at the time of the status
	body   bytes.Buffer
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status, a.sent = status, a.header.Clone()
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}

func (a *answer) response(r *http.Request) *http.Response {
	a.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.sent,
		Body:          io.NopCloser(&a.body),
		ContentLength: int64(a.body.Len()),
		Request:       r,
	}
}
