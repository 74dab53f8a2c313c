package ecslocal

import (
	"context"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A Rule is what happens to tasks of a family instead of, or beside, what their
// containers do.
type Rule struct {
	Family string  // of the task definition, as a pattern of path.Match; empty means every one
	Skip   int     // so many of the tasks that fit are left alone first
	First  int     // then it is for so many of them; 0 means all
	Chance float64 // of each of these; 0 means 1

	NoRoom      string        // the reason why RunTask starts no task, such as "RESOURCE:MEMORY"
	FailToStart string        // the reason why the task never starts
	Pending     time.Duration // the task stays PENDING for so long
	SpotAfter   time.Duration // since it was RUNNING; 0 means never
	LostAfter   time.Duration // since it was RUNNING, its host is lost; 0 means never
	ReportLate  time.Duration // ends of containers are seen so long afterwards
	LogsLate    time.Duration // lines can be read so long afterwards

	// Endings are those of containers that do not really run, by their names; "*"
	// are all others.
	Endings map[string]Ending
}

// An Ending is how a container ends that does not really run.
type Ending struct {
	Code   int
	After  time.Duration // since it started
	Output string        // what it prints at once
	Reason string        // such as "OutOfMemoryError: Container killed due to memory usage"
	NoCode bool          // it ends without an exit code
}

// Scenario sets the rules. For each task that RunTask starts the first that fits
// applies.
func Scenario(rules ...Rule) Option { return func(s *Server) { s.rules = rules } }

// Seed makes chances and ids the same in every run that makes the same calls in the
// same order. Chances depend on a family's own tasks alone, so that families may run
// at once.
func Seed(seed uint64) Option {
	return func(s *Server) {
		s.seed = seed
		s.ids = rand.New(rand.NewPCG(seed, 0))
	}
}

// hexID returns n bytes in hexadecimal, random ones or those of the seed. The server's
// mutex is held.
func (s *Server) hexID(n int) string {
	if s.ids == nil {
		return wire.HexID(n)
	}
	const digits = "0123456789abcdef"
	id := make([]byte, 2*n)
	for i := range id {
		id[i] = digits[s.ids.IntN(16)]
	}
	return string(id)
}

// uuid returns a UUID.
func (s *Server) uuid() string { return wire.FormatUUID(s.hexID(16)) }

// A ruled is a rule at work.
type ruled struct {
	Rule
	seen map[string]int // tasks that fitted, by family
}

// rule returns the rule for the next task of a family, nil if there is none. The
// server's mutex is held.
func (s *Server) rule(family string) *Rule {
	for i, r := range s.ruled {
		if fits, _ := path.Match(r.Family, family); r.Family != "" && !fits {
			continue
		}
		n := r.seen[family]
		r.seen[family]++
		if n < r.Skip || r.First > 0 && n >= r.Skip+r.First || !s.chance(r.Chance, family, i, n) {
			continue
		}
		return &r.Rule
	}
	return nil
}

// chance decides the n-th task of a family that rule i fits.
func (s *Server) chance(p float64, family string, i, n int) bool {
	if p == 0 || p == 1 {
		return true
	}
	hash := fnv.New64a()
	io.WriteString(hash, family)
	return rand.New(rand.NewPCG(s.seed^hash.Sum64(), uint64(i)<<32|uint64(n))).Float64() < p
}

// apply adds what a rule does to what goes wrong with a task.
func (r *Rule) apply(p *taskPlan) {
	if r.FailToStart != "" {
		p.startFault = r.FailToStart
	}
	p.pending = max(p.pending, r.Pending)
	p.reportDelay = max(p.reportDelay, r.ReportLate)
	p.logDelay = max(p.logDelay, r.LogsLate)
	effects := plan{task: *p}
	if r.SpotAfter > 0 {
		SpotInterruption(r.SpotAfter)(&effects)
	}
	if r.LostAfter > 0 {
		HostLost(r.LostAfter)(&effects)
	}
	*p = effects.task
	p.endings = r.Endings
}

// ending returns how a container ends that does not really run, and whether it is one.
func (p taskPlan) ending(container string) (Ending, bool) {
	if e, found := p.endings[container]; found {
		return e, true
	}
	e, found := p.endings["*"]
	return e, found
}

// run is [runtime.Executor]'s Run of a container that does not really run.
func (e Ending) run(ctx context.Context, c runtime.Container, started func(), stop <-chan struct{}) runtime.Exit {
	started()
	io.WriteString(c.Output, e.Output)
	timer := time.NewTimer(e.After)
	defer timer.Stop()
	select {
	case <-timer.C:
		return runtime.Exit{Code: e.Code, Reason: e.Reason}
	case <-stop:
		return runtime.Exit{Code: 143}
	case <-ctx.Done():
		return runtime.Exit{Code: 137}
	}
}
