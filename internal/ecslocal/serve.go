package ecslocal

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// ServeHTTP serves one API request.
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

// reply writes the response or the error of an operation, or the effect of a fault.
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
		defer context.AfterFunc(s.engine.Life(), cancel)()
		wire.WriteEvents(w, r.WithContext(ctx), events)
	case effect.cutWithin:
		wire.WriteResponse(wire.Halve(w), effect.rewritten(answer))
	default:
		wire.WriteResponse(w, effect.rewritten(answer))
	}
}

// refuseForeign refuses requests that no AWS client sends.
func refuseForeign(r *http.Request) error {
	if r.Method != http.MethodPost {
		return wire.RefuseStatus(http.StatusMethodNotAllowed, "MethodNotAllowedException", "only POST is answered")
	}
	if r.Header.Get("Origin") != "" {
		return wire.RefuseStatus(http.StatusForbidden, "AccessDeniedException", "requests of web pages are not answered")
	}
	return nil
}
