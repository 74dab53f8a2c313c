package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/action"
	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
)

var (
	seeds     = flag.Uint64("seeds", 1000, "how many plans of faults TestFaults makes up")
	firstSeed = flag.Uint64("first-seed", 1, "the first of them")
	kind      = flag.String("kind", "", "only those of a kind with this in its name")
)

// slack is the additional time that is allowed on a busy machine. If the machine keeps an idle
// goroutine waiting for longer than lagging, the step is not to blame: the seed is tried again.
//
// A signal within the time echo counts as a repetition of the same one.
const (
	echo    = 100 * time.Millisecond
	slack   = 1500 * time.Millisecond
	lagging = 150 * time.Millisecond
	tries   = 5
)

// TestFaults runs steps against an ECS over sockets with all kinds of faults. Each seed creates a
// plan of faults. The following must always be true:
//
//   - no task runs that the step should have stopped,
//   - no task was started twice,
//   - the transcript names all tasks,
//   - the exit status is that of what ran,
//   - the step ends within 7 s of the signal, or within a minute of its time-out,
//   - what a step that cleans up leaves of its revisions is named, with the reason,
//   - of two steps with if-running that start at the same moment, only one has a running container
//     at a time, or a warning names both tasks.
//
// Some plans include consoles that block, break or are slow, and a full disk for the outputs.
//
// Steps that are killed are processes. For them the first three must be true after the stage that
// a CI runs next: the post stage, or the commands stop and reap. Other steps run in this process.
// Each step has a separate ECS, which its region selects.
//
// To run a single seed: go test -run TestFaults -seeds 1 -first-seed 4711
func TestFaults(t *testing.T) {
	f := newFaultSuite(t)
	watched := make(chan struct{})
	defer close(watched)
	go f.lag.watch(watched)
	count := *seeds
	if testing.Short() {
		count = min(count, shortSeeds)
	}
	next := make(chan uint64)
	var workers sync.WaitGroup
	for range 48 {
		workers.Go(func() {
			for seed := range next {
				f.run(t, seed)
			}
		})
	}
	for seed := *firstSeed; seed < *firstSeed+count; seed++ {
		if strings.Contains(newPlan(seed).kind, *kind) {
			next <- seed
		}
	}
	close(next)
	workers.Wait()
	kinds := slices.Sorted(maps.Keys(f.kinds))
	for _, kind := range kinds {
		t.Logf("%4d %s", f.kinds[kind], kind)
	}
}

// faultSuite is a web server in front of the ECS of every seed.
type faultSuite struct {
	dir string
	url string

	lag lag

	mu    sync.Mutex
	plans map[string]*plan // by region
	kinds map[string]int
}

// lag records when the machine kept an idle goroutine waiting.
type lag struct {
	mu   sync.Mutex
	last time.Time
}

func (l *lag) watch(done <-chan struct{}) {
	const tick = 20 * time.Millisecond
	for {
		start := time.Now()
		select {
		case <-done:
			return
		case <-time.After(tick):
		}
		if now := time.Now(); now.Sub(start) > tick+lagging {
			l.mu.Lock()
			l.last = now
			l.mu.Unlock()
		}
	}
}

func (l *lag) since(start time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last.After(start)
}

func newFaultSuite(t *testing.T) *faultSuite {
	f := &faultSuite{dir: t.TempDir(), plans: map[string]*plan{}, kinds: map[string]int{}}
	web := httptest.NewUnstartedServer(f)
	web.Config.IdleTimeout = 3 * time.Second // for connections of steps that have ended
	web.Start()
	t.Cleanup(web.Close)
	f.url = web.URL
	for name, value := range f.aws() {
		t.Setenv(name, value)
	}
	return f
}

// aws are the variables that the SDK reads itself.
func (f *faultSuite) aws() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL": f.url, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

// ServeHTTP forwards a request to the ECS of the region in its signature.
func (f *faultSuite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	region := ""
	if _, scope, ok := strings.Cut(r.Header.Get("Authorization"), "Credential="); ok {
		if parts := strings.Split(scope, "/"); len(parts) > 2 {
			region = parts[2]
		}
	}
	f.mu.Lock()
	p := f.plans[region]
	f.mu.Unlock()
	if p == nil {
		http.Error(w, "no such region", http.StatusNotFound)
		return
	}
	p.serve(w, r)
}

// run runs the plan of a seed and checks the invariants.
func (f *faultSuite) run(t *testing.T, seed uint64) {
	for try := 1; ; try++ {
		start := time.Now()
		p := newPlan(seed)
		faults := f.live(p)
		if len(faults) > 0 && f.lag.since(start) && try < tries {
			continue
		}
		f.mu.Lock()
		f.kinds[p.kind]++
		if try > 1 {
			f.kinds["(tries on a machine that was too busy)"] += try - 1
		}
		f.mu.Unlock()
		if len(faults) > 0 {
			again := fmt.Sprintf("go test ./internal/e2e -run 'TestFaults$' -seeds 1 -first-seed %d", seed)
			t.Errorf("%s: %s\n%s\n%s", p.kind, again, strings.Join(faults, "\n"), p.out.String())
		}
		return
	}
}

// live runs a plan and returns the invariants that were violated.
func (f *faultSuite) live(p *plan) []string {
	p.server = ecslocal.New(
		ecslocal.Region(p.region), ecslocal.Execute(p), ecslocal.Faults(p.choose), ecslocal.Record(p.record),
		ecslocal.Delay(ecslocal.Delays{
			Provisioning:   p.provisioning,
			Running:        -1,
			Deactivating:   -1,
			Stopping:       -1,
			Deprovisioning: p.deprovisioning,
		}),
	)
	f.mu.Lock()
	f.plans[p.region] = p
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.plans, p.region)
		f.mu.Unlock()
		p.server.Close()
	}()
	p.dir = filepath.Join(f.dir, p.region)
	if err := os.Mkdir(p.dir, 0o755); err != nil {
		return []string{err.Error()}
	}
	defer os.RemoveAll(p.dir)
	if p.process {
		p.runProcess(f)
	} else if p.pair {
		p.runPair()
	} else {
		p.status = p.runHere(p.env(), p.signals)
	}
	p.ended = time.Now()
	if p.killed || p.second {
		p.runAfter()
	}
	p.over.Store(true)
	return p.hold()
}

// A plan is the sequence of events for one step.
type plan struct {
	seed   uint64
	kind   string
	region string
	dir    string
	server *ecslocal.Server
	over   atomic.Bool // there are no more faults

	inputs   map[string]string
	count    int           // of tasks to run
	most     int           // maximum number of started tasks
	codes    []int         // of the containers, in the order of their start
	life     time.Duration // of a container
	stubborn bool          // the container ignores SIGTERM
	quiet    float64       // share of the calls without a fault
	faults   func(ecslocal.Call) ecslocal.Effect

	process  bool          // the step runs in a separate process
	killAt   int           // number of the call at which the step is killed; 0 means never
	killLate bool          // killed after ECS handled the call
	signalAt time.Duration // after the start; 0: no signal
	signal   syscall.Signal
	second   bool          // a second signal, soon after
	after    string        // what runs after a kill: post, post without state, stop or reap
	timeout  time.Duration // the input
	single   bool          // there is one definition
	leaves   bool          // tasks run on after the step
	clock    time.Duration // change of ECS's clock
	clockAt  int           // number of the call at which the clock changes

	pair      bool          // two steps
	pairAfter time.Duration // the start of the second, after that of the first

	console string // blocks, breaks or slow; empty means no fault
	full    bool   // the disk of the outputs is full

	provisioning, deprovisioning time.Duration
	status                       int
	killed                       bool
	out                          lockedBuffer
	ended                        time.Time
	signalled                    time.Time

	mu       sync.Mutex
	calls    int
	cmd      *exec.Cmd
	launched time.Time            // the first RunTask
	want     func(truth) []int    // correct exit statuses
	ends     []int                // exit codes of containers that were not stopped
	endedAt  map[string]time.Time // when they ended, by id of the task
	starts   int                  // of containers
	runs     []containerRun
	tokens   map[string]bool
}

// truth is what actually happened.
type truth struct {
	ends  []int // exit codes of the containers that were not stopped
	ended bool  // all tasks ended
}

const faultDefinition = `{"family":"job","containerDefinitions":[{"name":"app","image":"a","memory":64,` +
	`"stopTimeout":2,"command":["true"]}]}`

// newPlan creates the plan of a seed.
func newPlan(seed uint64) *plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &plan{
		seed: seed, region: fmt.Sprintf("seed-%d", seed), count: 1 + r.IntN(3), quiet: 0.7, timeout: 2 * time.Minute,
		life:           time.Duration(r.IntN(1500)) * time.Millisecond,
		deprovisioning: time.Duration(r.IntN(2000)) * time.Millisecond,
		tokens:         map[string]bool{}, inputs: map[string]string{"definition": faultDefinition},
	}
	p.most = p.count
	for range 12 {
		p.codes = append(p.codes, 0)
	}
	if r.IntN(3) == 0 {
		p.codes[r.IntN(p.count)] = []int{1, 2, 3, 42, 99, 127, 255}[r.IntN(7)]
	}
	if r.IntN(4) == 0 {
		p.quiet = 1 // the kind has enough faults
	}
	p.want = verdict
	switch n := r.IntN(100); {
	case n < 32:
		p.kind = "passing faults"
	case n < 35:
		p.planPair(r)
	case n < 39:
		p.planServers(r)
	case n < 42:
		p.kind = "clock that jumps"
		p.clock, p.clockAt = []time.Duration{time.Hour, -time.Hour}[r.IntN(2)], 1+r.IntN(8)
		if r.IntN(2) == 0 {
			p.life, p.timeout, p.want = time.Hour, 2*time.Second, always(conclude.ExitTimedOut)
		}
	case n < 50:
		p.kind = "time-out"
		p.life, p.timeout, p.stubborn = time.Hour, time.Duration(1000+r.IntN(2000))*time.Millisecond, r.IntN(4) == 0
		p.want = always(conclude.ExitTimedOut)
		if r.IntN(6) == 0 {
			p.inputs["on-interrupt"] = "leave"
		}
	case n < 64:
		p.kind = "signal"
		p.planSignal(r)
		if r.IntN(4) > 0 {
			p.life, p.stubborn = time.Hour, r.IntN(4) == 0
		}
	case n < 72:
		p.planRefusal(r)
	case n < 79:
		p.planCapacity(r)
	case n < 86:
		p.planLostHosts(r)
	case n < 97:
		p.kind = "kill"
		p.process, p.killAt, p.killLate = true, 1+r.IntN(8), r.IntN(2) == 0
		p.life = time.Hour
		p.timeout = 5 * time.Second // if it is reached
		p.after = []string{"post", "post", "post without state", "stop", "reap"}[r.IntN(5)]
		p.want = always(conclude.ExitTimedOut)
	case n < 99:
		p.kind = "second signal"
		p.process, p.second, p.after = true, true, "post"
		p.planSignal(r)
		p.life, p.stubborn = time.Hour, true
	default:
		p.kind = "log"
		p.planLog(r)
	}
	if p.most == p.count && p.kind != "log" && !p.single && r.IntN(4) == 0 { // of two definitions
		p.inputs["definition"] = "[" + p.inputs["definition"] + "," +
			strings.Replace(faultDefinition, "job", "other", 1) + "]"
		p.inputs["count"] = fmt.Sprint(p.count)
		p.count, p.most = 2*p.count, 2*p.most
	} else {
		p.inputs["count"] = fmt.Sprint(p.count)
	}
	p.inputs["timeout"] = p.timeout.String()
	p.inputs["region"] = p.region
	p.planOutput(r)
	p.planCleanUp(r)
	return p
}

// planOutput plans faults of the console and of the outputs.
func (p *plan) planOutput(r *rand.Rand) {
	if p.process || r.IntN(6) > 0 {
		return
	}
	switch r.IntN(4) {
	case 0:
		if p.kind == "signal" {
			p.console = "blocks" // until the step ends; without a signal the step gives it up after a minute
		}
	case 1:
		p.console = "breaks"
	case 2:
		p.console = "slow"
	case 3:
		_, err := os.Stat("/dev/full")
		p.full = err == nil
	}
}

// consoleWriter is the console of a plan. Text that it cannot write is still in the transcript,
// except text behind a write that blocks.
type consoleWriter struct {
	*plan
	out   *lockedBuffer
	bytes int
}

func (w *consoleWriter) Write(text []byte) (int, error) {
	w.out.Write(text)
	w.bytes += len(text)
	switch {
	case w.console == "slow":
		time.Sleep(50 * time.Millisecond)
	case w.console == "breaks" && w.bytes > 200:
		return 0, syscall.EPIPE
	case w.console == "blocks" && w.bytes > 200:
		for !w.over.Load() {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return len(text), nil
}

func (p *plan) planSignal(r *rand.Rand) {
	p.signalAt = time.Duration(1+r.IntN(3000)) * time.Millisecond
	p.signal = []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}[r.IntN(3)]
	p.want = func(t truth) []int {
		wants := []int{conclude.ExitSignal + int(p.signal)}
		if t.ended {
			wants = append(wants, verdict(t)...)
		}
		return wants
	}
}

// refusals are responses to a launch whose first attempt had no response.
var refusals = []ecslocal.Effect{
	ecslocal.Denied("*"), ecslocal.ExpiredToken(), ecslocal.Refuse(http.StatusBadRequest, "ClientException", "no"),
	ecslocal.Refuse(http.StatusBadRequest, "InvalidParameterException", "no"),
	ecslocal.Refuse(http.StatusBadRequest, "ConflictException", "no"),
}

// planRefusal plans permanent errors, and transient errors that look similar.
func (p *plan) planRefusal(r *rand.Rand) {
	failed := always(conclude.ExitError)
	from := func(operation string, first int, e ecslocal.Effect) func(ecslocal.Call) ecslocal.Effect {
		return func(c ecslocal.Call) ecslocal.Effect {
			if c.Operation == operation && c.N >= first {
				return e
			}
			return nil
		}
	}
	switch r.IntN(10) {
	case 0:
		p.kind, p.faults, p.want = "registration denied", from("RegisterTaskDefinition", 1,
			ecslocal.Denied("*")), failed
	case 1:
		p.kind, p.faults, p.want = "launch denied", from("RunTask", 1, ecslocal.Denied("*")), failed
	case 2:
		p.kind, p.faults, p.want = "look denied", from("DescribeTasks", 1+r.IntN(2), ecslocal.Denied("*")), failed
		p.life = time.Hour
	case 3:
		p.kind, p.faults, p.want = "credentials expired for good", from("DescribeTasks", 1+r.IntN(2),
			ecslocal.ExpiredToken()), always(conclude.ExitTimedOut)
		p.life, p.timeout = time.Hour, 3*time.Second
	case 4:
		p.kind, p.faults = "credentials expired for a while", ecslocal.On("DescribeTasks",
			ecslocal.ExpiredToken(), 1, 3)
	case 5:
		p.kind, p.faults, p.want = "image not found", ecslocal.On("RunTask",
			ecslocal.FailToStart("CannotPullContainerError: not found")), failed
	case 6:
		p.kind, p.faults, p.want = "no exit code", ecslocal.On("RunTask", ecslocal.NoExitCode()), failed
	case 8:
		p.kind, p.quiet, p.single = "launch refused after its answer was lost", 1, true
		p.faults = both(ecslocal.On("RunTask", ecslocal.CutAfter(), 1),
			from("RunTask", 2, refusals[r.IntN(len(refusals))]))
	case 9:
		p.kind, p.quiet, p.single = "launch throttled after its answer was lost", 1, true
		p.faults = both(ecslocal.On("RunTask", ecslocal.CutAfter(), 1), from("RunTask", 2, ecslocal.Throttle()))
		p.life, p.timeout, p.want = time.Hour, 5*time.Second, always(conclude.ExitTimedOut)
	case 7:
		p.kind, p.faults = "sidecar without a code", ecslocal.On("RunTask", ecslocal.Sidecar("aws-guardduty-agent-1"))
	}
}

// planCapacity plans that AWS has no capacity, for some time or permanently.
func (p *plan) planCapacity(r *rand.Rand) {
	reason := []string{
		"RESOURCE:MEMORY", "RESOURCE:CPU", "AGENT",
		"Capacity is unavailable at this time. Please try again later or in a different availability zone",
	}[r.IntN(4)]
	room := ecslocal.Room(r.IntN(p.count), reason)
	switch r.IntN(4) {
	case 0:
		p.kind, p.faults = "no room for good", ecslocal.On("RunTask", room)
		p.inputs["launch-timeout"] = "2s"
		p.want = always(conclude.ExitError)
		p.life = time.Hour
	case 1:
		p.kind, p.faults = "no room found", ecslocal.On("RunTask",
			ecslocal.FailToStart("Timeout waiting for network interface provisioning to complete."), 1)
		p.most = 2 * p.count
		p.quiet = 1 // the first call must be the first launch
	default:
		p.kind, p.faults = "no room at first", ecslocal.On("RunTask", room, 1)
		p.quiet = 1
	}
}

// planServers plans tasks that run on once they are running, or are stopped if one does not reach
// RUNNING.
func (p *plan) planServers(r *rand.Rand) {
	p.inputs["steady-state"] = "running"
	p.life, p.leaves = time.Hour, true
	p.kind, p.want = "servers", always(conclude.ExitSuccess)
	switch r.IntN(4) {
	case 0:
		p.kind, p.leaves, p.want = "servers of which one does not start", false, always(conclude.ExitError)
		p.inputs["definition"] = "[" + faultDefinition + "," + strings.Replace(faultDefinition, "job", "other", 1) + "]"
		p.inputs["order"] = []string{"parallel", "sequence"}[r.IntN(2)]
		p.count, p.most = 1, 2
		p.faults, p.quiet = ecslocal.On("RunTask", ecslocal.FailToStart("CannotPullContainerError: not found"), 2), 1
	case 1:
		p.kind, p.leaves, p.want = "servers that are slow", false, always(conclude.ExitTimedOut)
		p.provisioning, p.timeout = time.Hour, 2*time.Second
	}
}

// planLostHosts plans that AWS takes tasks away.
func (p *plan) planLostHosts(r *rand.Rand) {
	lost := []func(time.Duration) ecslocal.Effect{
		ecslocal.SpotInterruption,
		ecslocal.HostLost,
	}[r.IntN(2)](20 * time.Millisecond)
	p.life = time.Duration(500+r.IntN(500)) * time.Millisecond
	p.quiet = 1
	retries := r.IntN(3)
	p.inputs["retries"] = fmt.Sprint(retries)
	p.codes = slices.Repeat([]int{0}, 20)
	if p.most = p.count * (1 + retries); r.IntN(2) == 0 {
		p.kind, p.faults = "hosts lost too often", ecslocal.On("RunTask", lost)
		p.want = func(truth) []int { return []int{conclude.ExitError, 143} }
		return
	}
	p.kind = "hosts lost"
	for n := range retries {
		p.faults = both(p.faults, ecslocal.On("RunTask", lost, n+1))
	}
	p.want = always(conclude.ExitSuccess)
}

func (p *plan) planLog(r *rand.Rand) {
	p.inputs["definition"] = strings.Replace(faultDefinition, `"command"`,
		`"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"`+
			p.region+`","awslogs-stream-prefix":"p"}},"command"`, 1)
	late := ecslocal.On("RunTask", ecslocal.LateLogs(time.Duration(r.IntN(5000))*time.Millisecond))
	calls := map[any]int{} // by stream
	p.faults = both(late, func(c ecslocal.Call) ecslocal.Effect {
		if c.Operation != "logs:GetLogEvents" {
			return nil
		}
		stream := c.Request["logStreamName"]
		if calls[stream]++; calls[stream]%2 == 0 { // this call returns the available lines
			return nil
		}
		effects := []ecslocal.Effect{nil, ecslocal.Throttle(), ecslocal.Cut()}
		if name, _ := stream.(string); !p.hasEnded(path.Base(name)) {
			// A response without available lines simulates an earlier one. Five seconds after
			// the end the lines are available, as in the rule for the end of a log.
			effects = append(effects, ecslocal.EmptyPage(), ecslocal.RepeatedToken(), ecslocal.NoLogStream())
		}
		return effects[p.dice(c).IntN(len(effects))]
	})
}

// hasEnded reports whether the container of a task ended more than four seconds ago.
func (p *plan) hasEnded(task string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ended := p.endedAt[task]
	return ended && time.Since(at) > 4*time.Second
}

func both(a, b func(ecslocal.Call) ecslocal.Effect) func(ecslocal.Call) ecslocal.Effect {
	if a == nil {
		return b
	}
	return func(c ecslocal.Call) ecslocal.Effect {
		if e := a(c); e != nil {
			return e
		}
		return b(c)
	}
}

// verdict returns the exit status for exit codes.
func verdict(t truth) []int {
	var failed []int
	for _, code := range t.ends {
		if code != 0 {
			failed = append(failed, code)
		}
	}
	if len(failed) > 0 {
		return failed
	}
	return []int{conclude.ExitSuccess}
}

func always(status int) func(truth) []int { return func(truth) []int { return []int{status} } }

// dice returns the random numbers of a call, independent of the order of calls.
func (p *plan) dice(c ecslocal.Call) *rand.Rand {
	h := fnv.New64()
	fmt.Fprint(h, c.Operation, c.N)
	return rand.New(rand.NewPCG(p.seed, h.Sum64()))
}

// choose decides how a call fails: by the kind of the plan, or randomly with a transient fault.
func (p *plan) choose(c ecslocal.Call) ecslocal.Effect {
	if p.over.Load() {
		return nil
	}
	if p.faults != nil {
		if e := p.faults(c); e != nil {
			return e
		}
	}
	r := p.dice(c)
	if c.N%3 == 0 || r.Float64() < p.quiet || strings.HasPrefix(c.Operation, "logs:") {
		return nil
	}
	passing := []ecslocal.Effect{
		ecslocal.Throttle(), ecslocal.Unavailable(500), ecslocal.Unavailable(503), ecslocal.Cut(),
		ecslocal.CutAfter(), ecslocal.CutWithin(), ecslocal.Lose(500),
		ecslocal.Stall(time.Duration(r.IntN(800)) * time.Millisecond),
	}
	if c.Operation == "DescribeTasks" {
		passing = append(passing, ecslocal.Missing(), ecslocal.Missing(), ecslocal.Rewrite(withoutFirst),
			ecslocal.Rewrite(withoutCodes))
	}
	return passing[r.IntN(len(passing))]
}

// withoutFirst removes a task from a response.
func withoutFirst(answer map[string]any) {
	if tasks, _ := answer["tasks"].([]any); len(tasks) > 0 {
		answer["tasks"] = tasks[1:]
	}
}

// withoutCodes changes a response to an outdated one: ended containers are running.
func withoutCodes(answer map[string]any) {
	tasks, _ := answer["tasks"].([]any)
	for _, t := range tasks {
		task, _ := t.(map[string]any)
		if task == nil || task["lastStatus"] == "STOPPED" {
			continue
		}
		containers, _ := task["containers"].([]any)
		for _, c := range containers {
			if container, _ := c.(map[string]any); container != nil {
				delete(container, "exitCode")
			}
		}
	}
}

// record records a call before any fault.
func (p *plan) record(c ecslocal.Call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Operation == "RunTask" && p.launched.IsZero() {
		p.launched = time.Now()
	}
}

// serve answers a call, or kills the step at it. Sometimes it resets the connection.
func (p *plan) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.calls++
	n, cmd := p.calls, p.cmd
	p.mu.Unlock()
	if p.killAt == n && cmd != nil {
		if p.killLate {
			p.server.ServeHTTP(httptest.NewRecorder(), r)
		}
		p.mu.Lock()
		p.killed = true
		p.mu.Unlock()
		cmd.Process.Kill()
		return
	}
	if !p.over.Load() && p.quiet < 1 && n%11 == 0 {
		reset(w)
		return
	}
	if p.clock != 0 && n >= p.clockAt {
		now := time.Now().Add(p.clock)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z",
			r.Header.Get("X-Amz-Date"))
		if err != nil || now.Sub(signed).Abs() > 5*time.Minute {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w,
				`{"__type":"InvalidSignatureException","message":"Signature expired: %s is now earlier than %s"}`,
				r.Header.Get("X-Amz-Date"), now)
			return
		}
	}
	p.server.ServeHTTP(w, r)
}

// reset ends a connection like a host that does not know it.
func reset(w http.ResponseWriter) {
	if connection, _, err := http.NewResponseController(w).Hijack(); err == nil {
		if tcp, ok := connection.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		connection.Close()
	}
}

// env returns the environment of the step, like that of a runner.
func (p *plan) env() map[string]string {
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "1000", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "test",
		"GITHUB_ACTION":     "run",
		"GITHUB_REPOSITORY": "octo/app", "GITHUB_SERVER_URL": "https://github.com", "RUNNER_NAME": "runner 1",
		"GITHUB_STATE": filepath.Join(p.dir, "state"), "GITHUB_OUTPUT": filepath.Join(p.dir, "output"),
	}
	if p.full {
		env["GITHUB_OUTPUT"] = "/dev/full"
	}
	for name, value := range p.inputs {
		env["INPUT_"+strings.ToUpper(name)] = value
	}
	return env
}

// runHere runs the step, or another command, in this process.
func (p *plan) runHere(env map[string]string, signals func(chan<- os.Signal), args ...string) int {
	return p.runTo(&p.out, env, signals, args...)
}

// runTo is runHere with a transcript of its own.
func (p *plan) runTo(out *lockedBuffer, env map[string]string, signals func(chan<- os.Signal), args ...string) int {
	asked := make(chan os.Signal, 2)
	if signals != nil {
		go signals(asked)
	}
	if len(args) == 0 {
		args = []string{"ecs-run-task"}
	}
	return action.Main(action.Env{
		Args: args, Unsetenv: func(string) error { return nil }, Environ: func() []string { return nil },
		LookupEnv: func(name string) (string, bool) {
			value, ok := env[name]
			return value, ok
		},
		Getwd: func() (string, error) { return p.dir, nil }, Stdout: &consoleWriter{plan: p, out: out},
		Stderr: out, Signals: asked,
	})
}

func (p *plan) signals(to chan<- os.Signal) {
	if p.signalAt == 0 {
		return
	}
	time.Sleep(p.signalAt)
	p.mu.Lock()
	p.signalled = time.Now()
	p.mu.Unlock()
	to <- p.signal
}

// runProcess runs the step as a process.
func (p *plan) runProcess(f *faultSuite) {
	cmd := exec.Command("ecs-run-task")
	cmd.Dir = p.dir
	for _, env := range []map[string]string{f.aws(), p.env()} {
		for name, value := range env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = &p.out, &p.out
	p.mu.Lock()
	p.cmd = cmd
	err := cmd.Start()
	p.mu.Unlock()
	if err != nil {
		fmt.Fprintln(&p.out, err)
		return
	}
	if p.signalAt > 0 {
		go func() {
			time.Sleep(p.signalAt)
			cmd.Process.Signal(p.signal)
			time.Sleep(echo + p.signalAt/10)
			p.mu.Lock()
			p.signalled = time.Now()
			p.mu.Unlock()
			cmd.Process.Signal(p.signal)
		}()
	}
	cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = nil
	p.status = cmd.ProcessState.ExitCode()
	if wait, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && wait.Signaled() {
		p.killed = true // by the signal, which came before main
	}
}

// runAfter runs the stage of a CI after a step that could not end normally.
func (p *plan) runAfter() {
	fmt.Fprintf(&p.out, "--- %s\n", p.after)
	access := map[string]string{"INPUT_REGION": p.region}
	status := 0
	switch p.after {
	case "stop":
		status = p.runHere(access, nil, "ecs-run-task", "stop", "--run", "1000")
	case "reap":
		status = p.runHere(access, nil, "ecs-run-task", "reap", "--older-than", "0s")
	default:
		env := p.env()
		if p.after == "post" {
			state, _ := os.ReadFile(env["GITHUB_STATE"])
			maps.Copy(env, stateOf(string(state)))
		}
		status = p.runHere(env, nil, "/post")
	}
	fmt.Fprintf(&p.out, "--- exit status %d\n", status)
}

// stateOf parses a state file like a runner: name<<delimiter, the value, the delimiter.
func stateOf(file string) map[string]string {
	state := map[string]string{}
	lines := strings.Split(file, "\n")
	for i := 0; i+1 < len(lines); i++ {
		if name, _, ok := strings.Cut(lines[i], "<<"); ok {
			state["STATE_"+name] = lines[i+1]
			i++
		}
	}
	return state
}

// taskOf is the part of a task for the invariants.
type taskOf struct {
	ARN, LastStatus, DesiredStatus, StartedBy string
}

// tasks returns the tasks from the ECS itself.
func (p *plan) tasks() ([]taskOf, error) {
	var arns []string
	for _, status := range []string{"RUNNING", "STOPPED"} {
		var list struct{ TaskArns []string }
		if err := p.ask("ListTasks", map[string]any{"desiredStatus": status}, &list); err != nil {
			return nil, err
		}
		arns = append(arns, list.TaskArns...)
	}
	if len(arns) == 0 {
		return nil, nil
	}
	var described struct {
		Tasks []struct{ TaskArn, LastStatus, DesiredStatus, StartedBy string }
	}
	err := p.ask("DescribeTasks", map[string]any{"tasks": arns}, &described)
	var all []taskOf
	for _, t := range described.Tasks {
		all = append(all, taskOf{t.TaskArn, t.LastStatus, t.DesiredStatus, t.StartedBy})
	}
	return all, err
}

func (p *plan) ask(operation string, in map[string]any, out any) error {
	return ask(p.server, p.region, operation, in, out)
}

// ask makes a call without a client.
func ask(server http.Handler, region, operation string, in map[string]any, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=A/20260101/"+region+"/ecs/aws4_request, SignedHeaders=host, Signature=0")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("%s: %s", operation, w.Body)
	}
	return json.Unmarshal(w.Body.Bytes(), out)
}

// hold returns the violated invariants.
func (p *plan) hold() (faults []string) {
	tasks, err := p.tasks()
	if err != nil {
		return []string{err.Error()}
	}
	transcript := p.out.String()
	faults = p.holdCleanUp(transcript)
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Sprintf(format, args...))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, task := range tasks {
		named := strings.Contains(transcript, task.ARN)
		running := task.DesiredStatus == "RUNNING"
		if leaves := p.leaves || p.inputs["on-interrupt"] == "leave"; running && !leaves {
			fault("task %s runs on", task.ARN)
		} else if p.leaves && !running {
			fault("task %s was stopped", task.ARN)
		}
		if !named && p.console != "blocks" &&
			(task.DesiredStatus == "RUNNING" ||
				!strings.Contains(transcript, "ECS did not answer whether it started")) {
			fault("task %s is not named", task.ARN)
		}
	}
	if len(tasks) > p.most {
		fault("%d tasks were started, want %d at the most", len(tasks), p.most)
	}
	if !p.killed {
		what := truth{ends: p.ends, ended: len(p.ends) >= p.count}
		wants := p.want(what)
		if i := slices.Index(wants,
			conclude.ExitSuccess); i >= 0 && p.full { // later steps must not use the missing outputs
			wants = slices.Replace(slices.Clone(wants), i, i+1, conclude.ExitError)
		}
		if !slices.Contains(wants, p.status) {
			fault("exit status %d, want one of %v", p.status, wants)
		}
	}
	if p.pair {
		faults = append(faults, p.holdPair(tasks)...)
	}
	if took := p.ended.Sub(p.launched); !p.launched.IsZero() && !p.killed && took > p.timeout+time.Minute+slack {
		fault("ended %s after the launch, want a minute after %s", took, p.timeout)
	}
	limit := 7 * time.Second
	if p.second {
		limit = 0
	}
	if took := p.ended.Sub(p.signalled); !p.signalled.IsZero() && took > limit+slack {
		fault("ended %s after the signal, want %s", took, limit)
	}
	if p.kind == "log" && strings.Count(transcript, "the last line") < p.starts {
		fault("the log of %d tasks is not whole", p.starts)
	}
	return faults
}

// The plan executes its containers.

func (p *plan) Begin(context.Context, runtime.Task) error                       { return nil }
func (p *plan) End(runtime.Task)                                                {}
func (p *plan) Pull(context.Context, runtime.Container) error                   { return nil }
func (p *plan) Probe(context.Context, runtime.Container, []string) (int, error) { return 0, nil }
func (p *plan) Run(ctx context.Context, c runtime.Container, started func(),
	stop <-chan struct{}) (runtime.Exit, error) {
	p.mu.Lock()
	code := p.codes[p.starts%len(p.codes)]
	p.starts++
	p.mu.Unlock()
	began := time.Now()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.runs = append(p.runs, containerRun{c.Task.ID, began, time.Now()})
	}()
	started()
	timer := time.NewTimer(p.life)
	defer timer.Stop()
	select {
	case <-timer.C:
		fmt.Fprintln(c.Output, "the last line")
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ends = append(p.ends, code)
		if p.endedAt == nil {
			p.endedAt = map[string]time.Time{}
		}
		p.endedAt[c.Task.ID] = time.Now()
		return runtime.Exit{Code: code}, nil
	case <-stop:
	case <-ctx.Done():
		return runtime.Exit{Code: 137}, nil
	}
	if p.stubborn {
		<-ctx.Done()
		return runtime.Exit{Code: 137}, nil
	}
	return runtime.Exit{Code: 143}, nil
}

// lockedBuffer is a buffer for concurrent writers.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
