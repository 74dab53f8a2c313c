package ecslocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A caller is what a request's signature says of its sender.
type caller struct {
	ctx    context.Context
	region string
	effect plan // what a fault makes of the call
	wait   wait // only of DescribeTasks
}

// ServeHTTP answers one API request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := refuseForeign(r); err != nil {
		wire.WriteError(w, err)
		return
	}
	contentType, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if contentType == "application/x-www-form-urlencoded" {
		s.serveQuery(w, r)
		return
	}
	name, region, body, err := s.read(w, r, contentType)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	op, known := s.operations[name]
	if !known {
		wire.WriteError(w, wire.Refuse("UnknownOperationException", fmt.Sprintf("the local ECS has no operation %s", name)))
		return
	}
	request, err := wire.Decode(body)
	if err == nil {
		err = wire.Check(request, op.in)
	}
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	wait, err := waitOf(r.Header)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	effect := s.decide(name, request)
	if !s.stall(r.Context(), effect.stall) || effect.cutBefore {
		panic(http.ErrAbortHandler)
	}
	if effect.refusal != nil {
		wire.WriteError(w, effect.refusal)
		return
	}
	answer, err := op.do(s, request, caller{ctx: r.Context(), region: region, effect: effect, wait: wait})
	s.reply(w, r, answer, err, effect)
}

// reply writes an operation's answer or error, or what a fault makes of it.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, answer any, err error, effect plan) {
	events, isEvents := answer.(wire.Events)
	switch {
	case effect.cutAfter:
		panic(http.ErrAbortHandler)
	case err != nil:
		wire.WriteError(w, err)
	case effect.lost != nil:
		wire.WriteError(w, effect.lost)
	case isEvents:
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(s.life, cancel)()
		wire.WriteEvents(w, r.WithContext(ctx), events)
	case effect.cutWithin:
		wire.WriteAnswer(wire.Halve(w), effect.rewritten(answer))
	default:
		wire.WriteAnswer(w, effect.rewritten(answer))
	}
}

// refuseForeign refuses what no AWS client sends.
func refuseForeign(r *http.Request) error {
	if r.Method != http.MethodPost {
		return wire.RefuseStatus(http.StatusMethodNotAllowed, "MethodNotAllowedException", "only POST is answered")
	}
	if r.Header.Get("Origin") != "" {
		return wire.RefuseStatus(http.StatusForbidden, "AccessDeniedException", "requests of web pages are not answered")
	}
	return nil
}

// read takes a request apart. It returns the operation's name, the region it was
// signed for, and the body.
func (s *Server) read(w http.ResponseWriter, r *http.Request, contentType string) (name, region string, body []byte, err error) {
	target, name, found := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	i := slices.IndexFunc(services, func(s service) bool { return s.target == target })
	if !found || i < 0 || strings.Contains(name, ":") {
		return "", "", nil, wire.Refuse("UnknownOperationException",
			"X-Amz-Target must name an operation of ECS, CloudWatch Logs, Secrets Manager or SSM")
	}
	if contentType != wire.ContentType {
		return "", "", nil, wire.Refuse("SerializationException", "Content-Type must be "+wire.ContentType)
	}
	service := services[i].name
	if region, err = s.scope(r.Header.Get("Authorization"), service); err != nil {
		return "", "", nil, err
	}
	if service != "ecs" {
		name = service + ":" + name
	}
	body, err = readBody(w, r)
	return name, region, body, err
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = wire.RefuseStatus(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("the body is larger than %d bytes", maxBody))
	}
	return body, err
}

// scope returns the region of a signature's credential scope. Signatures are not
// verified, because any key is good, but there must be one.
func (s *Server) scope(authorization, service string) (region string, err error) {
	missing := wire.RefuseStatus(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	fields, signed := strings.CutPrefix(authorization, "AWS4-HMAC-SHA256 ")
	if !signed || !strings.Contains(fields, "Signature=") {
		return "", missing
	}
	_, credential, _ := strings.Cut(fields, "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return "", missing
	}
	region, signedFor := parts[len(parts)-3], parts[len(parts)-2]
	switch {
	case signedFor != service:
		return "", wire.Refuse("InvalidSignatureException", fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", service))
	case service == "ecs" && region != s.region:
		return "", wire.Refuse("InvalidSignatureException", fmt.Sprintf("Credential should be scoped to a valid region. This is %s, not %s.", s.region, region))
	}
	return region, nil
}

// stall waits, and reports whether the client is still there to be answered.
func (s *Server) stall(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.life.Done():
	}
	return false
}
