package run

// loop is the goroutine that decides. Work that takes time (launches, the watch, calls
// to stop tasks) has goroutines of its own, which hand their results to the loop as
// functions; it calls one after the other, so that nothing else is shared.
type loop struct {
	events chan func()
	open   int // pieces of work that have not ended
}

func newLoop() *loop { return &loop{events: make(chan func())} }

// start begins a piece of work on a goroutine of its own. What it returns is called
// on the loop's. It is to be called on the loop's goroutine.
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

// send calls f on the loop's goroutine, and returns when that has taken it.
func (l *loop) send(f func()) { l.events <- f }

// call is send that returns when f has returned.
func (l *loop) call(f func()) {
	done := make(chan struct{})
	l.send(func() {
		f()
		close(done)
	})
	<-done
}

// wait calls what is sent until all work has ended, and once, if over is closed
// before, atOver.
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
