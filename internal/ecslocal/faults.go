package ecslocal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Call is one request.
type Call struct {
	// Operation is the action's name: "RunTask". Those of CloudWatch Logs begin
	// with "logs:", as in "logs:GetLogEvents".
	Operation string

	// N counts the calls of this operation, from 1.
	N int

	// Request is the decoded body; its numbers are json.Number. It may be kept
	// and must not be changed.
	Request map[string]any
}

// An Effect is what goes wrong with a call, or with the tasks that it starts.
// A nil Effect is none. Make one with the functions of this package that return
// an Effect, and put several together with [All].
type Effect func(*plan)

// A plan collects what effects do to one call.
type plan struct {
	call      Call
	account   string
	stall     time.Duration
	cutBefore bool
	refusal   *wire.Error // answered, and nothing done
	cutAfter  bool
	cutWithin bool
	lost      *wire.Error // answered in place of the answer
	rewrites  []func(map[string]any)
	missing   bool // DescribeTasks finds no task
	room      int  // RunTask starts at most so many tasks
	roomless  string
	limited   bool
	page      logPage
	task      taskPlan
}

// A taskPlan collects what goes wrong with every task of a RunTask call.
type taskPlan struct {
	startFault string   // the reason why the task never starts
	sidecars   []string // containers that the definition does not have
	codeless   []string // containers that lose their exit codes
	logDelay   time.Duration
	stops      []interruption

	pending     time.Duration
	reportDelay time.Duration
	endings     map[string]Ending
}

// An interruption ends a task from outside.
type interruption struct {
	after        time.Duration // since it was RUNNING
	code, reason string
}

// A logPage is what goes wrong with a page of log events.
type logPage struct{ empty, stuck bool }

// Faults lets choose decide, for every call, what goes wrong with it. It is
// called for one call at a time. With several Faults options, what each chooses
// happens.
func Faults(choose func(Call) Effect) Option {
	return func(s *Server) { s.faults = append(s.faults, choose) }
}

// On is for [Faults]: e is the effect of the calls of an operation whose number
// n, counted from 1, is in numbers; of every call of it if there are none.
func On(operation string, e Effect, numbers ...int) func(Call) Effect {
	return func(c Call) Effect {
		if c.Operation != operation {
			return nil
		}
		for _, n := range numbers {
			if n == c.N {
				return e
			}
		}
		if len(numbers) == 0 {
			return e
		}
		return nil
	}
}

// First is for [Faults]: e is the effect of the first n calls of an operation.
func First(operation string, n int, e Effect) func(Call) Effect {
	return func(c Call) Effect {
		if c.Operation == operation && c.N <= n {
			return e
		}
		return nil
	}
}

// All is every one of the effects.
func All(effects ...Effect) Effect {
	return func(p *plan) {
		for _, e := range effects {
			if e != nil {
				e(p)
			}
		}
	}
}

// Refuse answers an error with an HTTP status, and does nothing else.
func Refuse(status int, code, message string) Effect {
	return func(p *plan) { p.refusal = wire.RefuseStatus(status, code, message) }
}

// Throttle refuses as AWS does when calls come too fast.
func Throttle() Effect {
	return Refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
}

// Unavailable refuses with a fault of the server's, such as status 500 or 503.
func Unavailable(status int) Effect {
	return Refuse(status, "ServerException", "Service Unavailable. Please try again later.")
}

// ExpiredToken refuses the caller's credentials as expired.
func ExpiredToken() Effect {
	return Refuse(http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
}

// Denied refuses as IAM does, for want of a permission on a resource ("*" or an
// ARN).
func Denied(resource string) Effect {
	return func(p *plan) {
		action := p.call.Operation
		if !strings.Contains(action, ":") {
			action = "ecs:" + action
		}
		p.refusal = wire.Refuse("AccessDeniedException", fmt.Sprintf(
			"User: arn:aws:sts::%s:assumed-role/ci/session is not authorized to perform: %s on resource: %s because no identity-based policy allows the %s action",
			p.account, action, resource, action))
	}
}

// Stall lets d pass before anything is done. A client that gives up meanwhile
// has asked in vain: nothing is done.
func Stall(d time.Duration) Effect { return func(p *plan) { p.stall += d } }

// Cut drops the connection before anything is done.
func Cut() Effect { return func(p *plan) { p.cutBefore = true } }

// CutAfter does what was asked and drops the connection instead of answering.
func CutAfter() Effect { return func(p *plan) { p.cutAfter = true } }

// CutWithin does what was asked and drops the connection in the middle of the
// answer.
func CutWithin() Effect { return func(p *plan) { p.cutWithin = true } }

// Lose does what was asked and answers an error with an HTTP status instead.
func Lose(status int) Effect {
	return func(p *plan) {
		p.lost = wire.RefuseStatus(status, "ServerException", "Service Unavailable. Please try again later.")
	}
}

// Rewrite changes an answer before it is sent. Numbers are json.Number.
func Rewrite(change func(answer map[string]any)) Effect {
	return func(p *plan) { p.rewrites = append(p.rewrites, change) }
}

// Missing lets DescribeTasks find none of the tasks.
func Missing() Effect { return func(p *plan) { p.missing = true } }

// Room lets RunTask start at most n tasks; the others are failures with a
// reason such as "RESOURCE:CPU" or "AGENT".
func Room(n int, reason string) Effect {
	return func(p *plan) { p.limited, p.room, p.roomless = true, n, reason }
}

// FailToStart lets the tasks of a RunTask call stop before a container starts,
// with the stop code TaskFailedToStart and a reason.
func FailToStart(reason string) Effect { return func(p *plan) { p.task.startFault = reason } }

// Sidecar adds a container to the tasks of a RunTask call that their definition
// lacks and that never gets an exit code, as the agents that AWS injects.
func Sidecar(name string) Effect {
	return func(p *plan) { p.task.sidecars = append(p.task.sidecars, name) }
}

// NoExitCode lets containers of the tasks of a RunTask call, all of them if none
// is named, stop without an exit code.
func NoExitCode(containers ...string) Effect {
	return func(p *plan) {
		if len(containers) == 0 {
			containers = []string{"*"}
		}
		p.task.codeless = append(p.task.codeless, containers...)
	}
}

// Interrupt stops the tasks of a RunTask call when they have been RUNNING for
// as long as after, with a stop code, which need not be one that AWS has, and a
// reason.
func Interrupt(after time.Duration, stopCode, reason string) Effect {
	return func(p *plan) {
		p.task.stops = append(p.task.stops, interruption{after, stopCode, reason})
	}
}

// SpotInterruption is the [Interrupt] of a task on Spot capacity.
func SpotInterruption(after time.Duration) Effect {
	return Interrupt(after, "SpotInterruption", "Your Spot Task was interrupted.")
}

// HostLost is the [Interrupt] of a task whose instance is gone: no container
// has an exit code.
func HostLost(after time.Duration) Effect {
	return All(Interrupt(after, "TerminationNotice", "Host EC2 (instance i-0123456789abcdef0) terminated."), NoExitCode())
}

// LateLogs lets every log line of the tasks of a RunTask call be seen only d
// after it was written.
func LateLogs(d time.Duration) Effect { return func(p *plan) { p.task.logDelay = d } }

// SlowPull keeps the tasks of a RunTask call in PENDING for at least d.
func SlowPull(d time.Duration) Effect { return func(p *plan) { p.task.pending = d } }

// EmptyPage lets GetLogEvents answer no event and a token that is new, which
// leads to where the caller was.
func EmptyPage() Effect { return func(p *plan) { p.page.empty = true } }

// RepeatedToken lets GetLogEvents answer no event and the token it was given,
// as if nothing new were there.
func RepeatedToken() Effect { return func(p *plan) { p.page.stuck = true } }

// NoLogStream lets GetLogEvents say that the stream is not there.
func NoLogStream() Effect {
	return func(p *plan) { p.refusal = logs.ErrNoStream() }
}

// decide records a call and returns what is to go wrong with it.
func (s *Server) decide(operation string, request object) plan {
	s.callMu.Lock()
	defer s.callMu.Unlock()
	s.calls[operation]++
	call := Call{Operation: operation, N: s.calls[operation], Request: request}
	if s.record != nil {
		s.record(call)
	}
	p := plan{call: call, account: s.account}
	for _, choose := range s.faults {
		if e := choose(call); e != nil {
			e(&p)
		}
	}
	return p
}

// rewritten returns the answer as the plan's rewrites leave it.
func (p plan) rewritten(answer any) any {
	if len(p.rewrites) == 0 {
		return answer
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return answer
	}
	changed, err := wire.Decode(body)
	if err != nil {
		return answer
	}
	for _, rewrite := range p.rewrites {
		rewrite(changed)
	}
	return changed
}

func (t taskPlan) losesCode(container string) bool {
	for _, name := range t.codeless {
		if name == "*" || name == container {
			return true
		}
	}
	e, _ := t.ending(container)
	return e.NoCode
}
