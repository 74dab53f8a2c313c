package ecslocal

import (
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
)

// A Rule changes what happens to tasks of a family.
type Rule struct {
	Family string  // of the task definition, as a pattern of path.Match; empty means every one
	Skip   int     // how many of the tasks that fit it does not change first
	First  int     // to how many of them it applies then; 0 means all
	Chance float64 // that it applies to one of these; 0 means 1

	NoRoom      string        // the reason why RunTask starts no task, such as "RESOURCE:MEMORY"
	FailToStart string        // the reason why the task never starts
	Pending     time.Duration // how long the task is PENDING
	SpotAfter   time.Duration // since it was RUNNING; 0 means never
	LostAfter   time.Duration // since it was RUNNING, its host is lost; 0 means never
	ReportLate  time.Duration // delay of the report that a container ended
	LogsLate    time.Duration // delay of log lines

	// Endings are the ends of containers that do not really run, by name; "*" are all
	// other containers.
	Endings map[string]Ending
}

// An Ending is the end of a container that does not really run.
type Ending = tasks.Ending

// A scenario chooses the rule of each task.
type scenario struct {
	rules []countedRule
	seed  uint64
}

// A countedRule is a rule with the number of tasks that fitted, by family.
type countedRule struct {
	Rule
	fitted map[string]int
}

func newScenario(rules []Rule, seed uint64) scenario {
	s := scenario{seed: seed}
	for _, r := range rules {
		s.rules = append(s.rules, countedRule{r, make(map[string]int)})
	}
	return s
}

// rule returns the rule for the next task of a family, nil if there is none. The caller holds
// the lock of the engine.
func (s *scenario) rule(family string) *Rule {
	for i, r := range s.rules {
		if fits, _ := path.Match(r.Family, family); r.Family != "" && !fits {
			continue
		}
		n := r.fitted[family]
		r.fitted[family]++
		if n < r.Skip || r.First > 0 && n >= r.Skip+r.First || !s.chance(r.Chance, family, i, n) {
			continue
		}
		return &r.Rule
	}
	return nil
}

// chance decides whether rule i applies to the n-th task of a family.
func (s *scenario) chance(p float64, family string, i, n int) bool {
	if p == 0 || p == 1 {
		return true
	}
	return rand.New(rand.NewPCG(s.seed^hash(family), uint64(i)<<32|uint64(n))).Float64() < p
}

// hash returns a number that is always the same for a text.
func hash(text string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, text)
	return h.Sum64()
}

// apply adds the effects of a rule to the faults of a task.
func (r *Rule) apply(p *tasks.Faults) {
	if r.FailToStart != "" {
		p.StartFault = r.FailToStart
	}
	p.Pending = max(p.Pending, r.Pending)
	p.ReportDelay = max(p.ReportDelay, r.ReportLate)
	p.LogDelay = max(p.LogDelay, r.LogsLate)
	effects := plan{task: *p}
	if r.SpotAfter > 0 {
		SpotInterruption(r.SpotAfter)(&effects)
	}
	if r.LostAfter > 0 {
		HostLost(r.LostAfter)(&effects)
	}
	*p = effects.task
	p.Endings = r.Endings
}
