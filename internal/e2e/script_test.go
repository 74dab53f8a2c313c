package e2e

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// control controls the ECS of a script.
type control struct {
	server *ecslocal.Server

	mu     sync.Mutex
	calls  map[string]int
	faults map[string][]scriptFault // for the next calls of an operation

	noStreams time.Time // end of the time without log streams
}

// scriptFault is the effect of one call.
type scriptFault struct {
	effect ecslocal.Effect
	must   bool // the script fails without the call
}

func newControl() *control {
	return &control{calls: map[string]int{}, faults: map[string][]scriptFault{}}
}

// controlKey is the key of the control in the values of a script.
type controlKey struct{}

func (*control) key() any { return controlKey{} }

func controlOf(ts *testscript.TestScript) *control { return ts.Value(controlKey{}).(*control) }

func (c *control) record(call ecslocal.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls[call.Operation]++
}

func (c *control) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = map[string]int{}
}

func (c *control) choose(call ecslocal.Call) ecslocal.Effect {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call.Operation == "logs:GetLogEvents" && time.Now().Before(c.noStreams) {
		return ecslocal.NoLogStream()
	}
	next := c.faults[call.Operation]
	if len(next) == 0 {
		return nil
	}
	c.faults[call.Operation] = next[1:]
	return next[0].effect
}

// unused returns the operations with faults that must happen and did not.
func (c *control) unused() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var operations []string
	for operation, left := range c.faults {
		if slices.ContainsFunc(left, func(f scriptFault) bool { return f.must }) {
			operations = append(operations, operation)
		}
	}
	return operations
}

// fault lets the next call of an operation fail, or the next calls. Several faults apply to
// consecutive calls: fault RunTask spot-interruption, fault StopTask expired-token 20. The call of
// a fault without a number must happen, otherwise the script fails.
func fault(ts *testscript.TestScript, neg bool, args []string) {
	const soon = 50 * time.Millisecond
	effects := map[string]ecslocal.Effect{
		"none": nil, "spot-interruption": ecslocal.SpotInterruption(soon),
		"host-lost": ecslocal.HostLost(soon), "no-exit-code": ecslocal.NoExitCode(),
		"no-room": ecslocal.Room(0, "RESOURCE:MEMORY"), "room-for-1": ecslocal.Room(1, "RESOURCE:MEMORY"),
		"no-network": ecslocal.FailToStart("Timeout waiting for network interface provisioning to complete."),
		"late-logs":  ecslocal.LateLogs(1500 * time.Millisecond), "slow-pull": ecslocal.SlowPull(3 * time.Second),
		"stall":    ecslocal.Stall(time.Minute),
		"throttle": ecslocal.Throttle(), "lost-answer": ecslocal.CutAfter(),
		"expired-token": ecslocal.ExpiredToken(), "denied": ecslocal.Denied("*"),
		"collision": ecslocal.Refuse(400, "ClientException",
			"Too many concurrent attempts to create a new revision of the specified family."),
		"new-role": ecslocal.Refuse(400, "ClientException",
			"ECS was unable to assume the role 'arn:aws:iam::123456789012:role/new' that was provided for this task."),
	}
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: fault operation effect [times]")
	}
	times := 1
	if len(args) == 3 {
		var err error
		times, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	effect, known := effects[args[1]]
	if neg || !known {
		ts.Fatalf("unknown effect %s", args[1])
	}
	c := controlOf(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults[args[0]] = append(c.faults[args[0]],
		slices.Repeat([]scriptFault{{effect: effect, must: len(args) == 2}}, times)...)
}

// noStreams hides all log streams for a time: no-streams 20s.
func noStreams(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: no-streams duration")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	c := controlOf(ts)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.noStreams = time.Now().Add(d)
}

// called waits until an operation was called a number of times since the last called or exits:
// called RunTask 1.
func called(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: called operation times")
	}
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	c := controlOf(ts)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c.mu.Lock()
		n := c.calls[args[0]]
		if n >= times {
			c.calls = map[string]int{}
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		if time.Now().After(deadline) {
			ts.Fatalf("%s was called %d times, want %d", args[0], n, times)
		}
	}
}

// running checks the number of tasks whose desired status is RUNNING, optionally of a family:
// running 1 server.
func running(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: running number [family]")
	}
	filter := map[string]any{}
	if len(args) == 2 {
		filter["family"] = args[1]
	}
	var list struct{ TaskArns []string }
	ts.Check(ask(controlOf(ts).server, "eu-central-1", "ListTasks", filter, &list))
	if got := strconv.Itoa(len(list.TaskArns)); got != args[0] {
		ts.Fatalf("%s tasks run, want %s", got, args[0])
	}
}

// restore sets the variables STATE_* from a step's state file, as a runner does for the post stage:
// restore state.
func restore(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: restore file")
	}
	for name, value := range stateOf(ts.ReadFile(args[0])) {
		ts.Setenv(name, value)
	}
}

// set sets a variable to the first group of the last match of an expression in a file:
// set ARN stdout 'task (arn:.*)'.
func set(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: set variable file expression")
	}
	expression, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	matches := expression.FindAllStringSubmatch(ts.ReadFile(args[1]), -1)
	if len(matches) == 0 {
		ts.Fatalf("no match for %s in %s", args[2], args[1])
	}
	ts.Setenv(args[0], strings.TrimSpace(matches[len(matches)-1][1]))
}
