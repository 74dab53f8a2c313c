package task_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// wait waits for 100 tasks with the given lifetime. It returns the number of DescribeTasks calls.
func wait(t *testing.T, life time.Duration) (calls int) {
	synctest.Test(t, func(t *testing.T) {
		api := &fake{describe: lives(life, 0), start: time.Now()}
		if err := (cluster.Client{API: api}).Watch(t.Context(), states(definition("app"), 100),
			task.Watch{Since: api.start}); err != nil {
			t.Error(err)
		}
		calls = len(api.calls)
	})
	return calls
}

// TestWatchBudget checks that a wait makes few calls, so that many steps can run in parallel. AWS
// allows 20 calls a second for a whole account.
func TestWatchBudget(t *testing.T) {
	for _, tt := range []struct {
		life  time.Duration
		calls float64 // number of calls without jitter
	}{
		{20 * time.Second, 11}, {time.Minute, 27}, {5 * time.Minute, 79}, {15 * time.Minute, 205}, {time.Hour,
			773}, {3 * time.Hour, 2289},
	} {
		calls := float64(wait(t, tt.life))
		if jitter := 3 + 0.02*tt.calls; calls > tt.calls+jitter {
			t.Errorf("%g calls for tasks of %s, want %g and %g at the most", calls, tt.life, tt.calls, jitter)
		}
	}
}

// BenchmarkWatch waits for 100 tasks that run for one day of simulated time.
func BenchmarkWatch(b *testing.B) {
	const day = 24 * time.Hour
	calls := 0
	for b.Loop() {
		ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
			// Simulated time needs a test, because synctest does not take a benchmark.
			Name: b.Name(), F: func(t *testing.T) { calls = wait(t, day) },
		}})
		if !ok {
			b.Fatal("the wait failed")
		}
	}
	b.ReportMetric(float64(calls), "calls")
}
