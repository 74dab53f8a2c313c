package parallel_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/parallel"
)

// TestEach checks that every number is passed once, that the limit is reached and not exceeded, and
// that Each waits for the last call.
func TestEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := make([]int, 7)
		var mu sync.Mutex
		now, most := 0, 0
		start := time.Now()
		parallel.Each(len(calls), 3, func(i int) {
			mu.Lock()
			calls[i]++
			now++
			most = max(most, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
		})
		if !slices.Equal(calls, []int{1, 1, 1, 1, 1, 1, 1}) {
			t.Errorf("calls = %v, want one for each number", calls)
		}
		if took := time.Since(start); most != 3 || took != 3*time.Second {
			t.Errorf("at most %d calls at once in %s, want 3 in 3s", most, took)
		}
	})
}

// TestEachOfNone checks that Each returns without a call.
func TestEachOfNone(t *testing.T) {
	parallel.Each(0, 3, func(i int) { t.Errorf("call %d", i) })
}
