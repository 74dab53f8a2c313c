package run

// loop is the goroutine that makes the decisions. Slow work (launches, the watch, calls that stop
// tasks) has goroutines of its own. They send their results to the loop as functions. The loop
// calls these functions one after the other, so that its data needs no lock.
type loop struct {
	events chan func()
	open   int // work that start began and that has not ended
}

func newLoop() *loop { return &loop{events: make(chan func())} }

// start runs work on a new goroutine. The loop's goroutine then calls the function that work
// returns. Only the loop's goroutine may call start.
func (l *loop) start(work func() (done func())) {
	l.open++
	go func() {
		done := work()
		l.events <- func() {
			l.open--
			done()
		}
	}()
}

// send has f called on the loop's goroutine. It returns when the loop has received f.
func (l *loop) send(f func()) { l.events <- f }

// call has f called on the loop's goroutine. It returns when f has returned.
func (l *loop) call(f func()) {
	done := make(chan struct{})
	l.send(func() {
		f()
		close(done)
	})
	<-done
}

// wait calls the functions that are sent until all work has ended. If over is closed before that,
// it calls atOver once. A nil over is never closed.
func (l *loop) wait(over <-chan struct{}, atOver func()) {
	for l.open > 0 {
		select {
		case f := <-l.events:
			f()
		case <-over:
			over = nil
			atOver()
		}
	}
}
