package ecslocal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Call is one request.
type Call struct {
	// Operation is the action's name: "RunTask". Those of CloudWatch Logs begin
	// with "logs:", as in "logs:GetLogEvents".
	Operation string

	// N counts the calls of this operation, from 1.
	N int

	// Request is the decoded body; its numbers are json.Number. It must not be changed.
	Request map[string]any
}

// An Effect is what goes wrong with a call, or with the tasks that it starts. A nil Effect is
// none. Functions of this package return effects, and [All] joins several.
type Effect func(*plan)

// A plan is the sum of the effects of one call.
type plan struct {
	call      Call
	account   string
	stall     time.Duration
	cutBefore bool
	refusal   *wire.Error // the response; nothing is done
	cutAfter  bool
	cutWithin bool
	lost      *wire.Error // in place of the response
	rewrites  []func(map[string]any)
	missing   bool // DescribeTasks finds no task
	room      int  // how many tasks RunTask starts at most
	roomless  string
	limited   bool
	page      logPage
	task      tasks.Faults
}

// A logPage is what goes wrong with a page of log events.
type logPage struct{ empty, stuck bool }

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

// Refuse responds with an error of an HTTP status, and does nothing else.
func Refuse(status int, code, message string) Effect {
	return func(p *plan) { p.refusal = wire.RefuseStatus(status, code, message) }
}

// Throttle refuses like AWS does if there are too many calls.
func Throttle() Effect {
	return Refuse(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
}

// Unavailable refuses with an error of the server, such as status 500 or 503.
func Unavailable(status int) Effect {
	return Refuse(status, "ServerException", "Service Unavailable. Please try again later.")
}

// ExpiredToken refuses the caller's credentials as expired.
func ExpiredToken() Effect {
	return Refuse(http.StatusBadRequest, "ExpiredTokenException", "The security token included in the request is expired")
}

// Denied refuses like IAM does without a permission on a resource ("*" or an ARN).
func Denied(resource string) Effect {
	return func(p *plan) {
		action := p.call.Operation
		if !strings.Contains(action, ":") {
			action = "ecs:" + action
		}
		p.refusal = wire.Refuse("AccessDeniedException", fmt.Sprintf(
			"User: arn:aws:sts::%s:assumed-role/ci/session is not authorized to perform: %s on resource: %s because no "+
				"identity-based policy allows the %s action",
			p.account, action, resource, action))
	}
}

// Stall waits for d before anything is done. If the client gives up meanwhile, nothing is
// done.
func Stall(d time.Duration) Effect { return func(p *plan) { p.stall += d } }

// Cut drops the connection before anything is done.
func Cut() Effect { return func(p *plan) { p.cutBefore = true } }

// CutAfter carries out the call and drops the connection before the response.
func CutAfter() Effect { return func(p *plan) { p.cutAfter = true } }

// CutWithin carries out the call and drops the connection in the middle of the response.
func CutWithin() Effect { return func(p *plan) { p.cutWithin = true } }

// Lose carries out the call and responds with an error of an HTTP status.
func Lose(status int) Effect {
	return func(p *plan) {
		p.lost = wire.RefuseStatus(status, "ServerException", "Service Unavailable. Please try again later.")
	}
}

// Rewrite changes a response before it is sent. Numbers are json.Number.
func Rewrite(change func(response map[string]any)) Effect {
	return func(p *plan) { p.rewrites = append(p.rewrites, change) }
}

// Missing makes DescribeTasks find none of the tasks.
func Missing() Effect { return func(p *plan) { p.missing = true } }

// Room makes RunTask start at most n tasks; the others are failures with a reason such as
// "RESOURCE:CPU" or "AGENT".
func Room(n int, reason string) Effect {
	return func(p *plan) { p.limited, p.room, p.roomless = true, n, reason }
}

// FailToStart stops the tasks of a RunTask call before a container starts, with the stop code
// TaskFailedToStart and a reason.
func FailToStart(reason string) Effect { return func(p *plan) { p.task.StartFault = reason } }

// Sidecar adds a container to the tasks of a RunTask call that is not in their definition and
// never has an exit code, like the agents that AWS injects.
func Sidecar(name string) Effect {
	return func(p *plan) { p.task.Sidecars = append(p.task.Sidecars, name) }
}

// NoExitCode makes containers of the tasks of a RunTask call, all of them if none is named,
// stop without an exit code.
func NoExitCode(containers ...string) Effect {
	return func(p *plan) {
		if len(containers) == 0 {
			containers = []string{"*"}
		}
		p.task.Codeless = append(p.task.Codeless, containers...)
	}
}

// Interrupt stops the tasks of a RunTask call when they have been RUNNING for a duration, with
// a reason and any stop code.
func Interrupt(after time.Duration, stopCode, reason string) Effect {
	return func(p *plan) {
		p.task.Stops = append(p.task.Stops, tasks.Stop{After: after, Code: stopCode, Reason: reason})
	}
}

// SpotInterruption is the [Interrupt] of a task on Spot capacity.
func SpotInterruption(after time.Duration) Effect {
	return Interrupt(after, "SpotInterruption", "Your Spot Task was interrupted.")
}

// HostLost is the [Interrupt] of a task whose instance is lost: no container has an exit code.
func HostLost(after time.Duration) Effect {
	return All(Interrupt(after, "TerminationNotice", "Host EC2 (instance i-0123456789abcdef0) terminated."), NoExitCode())
}

// LateLogs delays every log line of the tasks of a RunTask call by d.
func LateLogs(d time.Duration) Effect { return func(p *plan) { p.task.LogDelay = d } }

// SlowPull makes the tasks of a RunTask call PENDING for at least d.
func SlowPull(d time.Duration) Effect { return func(p *plan) { p.task.Pending = d } }

// EmptyPage makes GetLogEvents return no event and a new token for the same position.
func EmptyPage() Effect { return func(p *plan) { p.page.empty = true } }

// RepeatedToken makes GetLogEvents return no event and the token of the request, as if there
// were no new event.
func RepeatedToken() Effect { return func(p *plan) { p.page.stuck = true } }

// NoLogStream makes GetLogEvents respond that the stream does not exist.
func NoLogStream() Effect {
	return func(p *plan) { p.refusal = logs.ErrNoStream() }
}

// rewritten returns the response after the plan's rewrites.
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
