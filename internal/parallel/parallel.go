// Package parallel makes several calls at the same time, up to a limit.
package parallel

import "sync"

// Each calls do with 0 to n-1, each on a goroutine of its own and at most atOnce at the same time.
// It returns when all calls have returned.
func Each(n, atOnce int, do func(i int)) {
	slots := make(chan struct{}, atOnce)
	var group sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			do(i)
			<-slots
		})
	}
	group.Wait()
}
