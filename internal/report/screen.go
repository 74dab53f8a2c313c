package report

import (
	"io"
	"strings"
	"time"
)

// screen is the terminal that a person watches, if it is one: it has colours, and
// a status line below the transcript. The zero value has neither.
type screen struct {
	live    bool // it has a status line
	colours bool
	status  string // that is shown; empty if none is
	frame   int    // of the spinner
}

// The colours of words, as escape sequences have them.
const (
	red    = "31"
	yellow = "33"
	green  = "32"
)

var levelColours = map[string]string{"error": red, "warning": yellow}

// newScreen returns the screen behind a console. NO_COLOR is
// https://no-color.org; CI is set by every CI there is.
func newScreen(getenv func(string) string, terminal bool) screen {
	live := terminal && getenv("TERM") != "dumb" && getenv("CI") == "" && getenv("GITHUB_ACTIONS") == ""
	return screen{live: live, colours: live && getenv("NO_COLOR") == ""}
}

// paint returns a word in a colour, or as it is.
func (s *screen) paint(colour, word string) string {
	if !s.colours || colour == "" || word == "" {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}

// clear takes the status line away.
func (s *screen) clear(out io.Writer) {
	if s.status != "" {
		io.WriteString(out, "\r\x1b[K")
	}
}

// draw shows the status line, without its end of line. It must not be wider than
// the terminal, or it could not be taken away.
func (s *screen) draw(out io.Writer) {
	if s.status == "" {
		return
	}
	spinner := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	line := appendHarmless(nil, true, clip(oneLine(s.status), statusWidth))
	io.WriteString(out, string(spinner[s.frame%len(spinner)])+" "+string(line))
}

// statusWidth is how many characters of a status are shown.
const statusWidth = 76

// tick is how often the status line is drawn anew.
const tick = 100 * time.Millisecond

// Live shows a status line below the transcript, if a person watches: a spinner
// and what status returns, which is asked ten times a second on a goroutine of
// its own. It is gone when the function that Live returns has returned.
func (r *Report) Live(status func() string) (end func()) {
	if !r.screen.live {
		return func() {}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			r.show(status())
			select {
			case <-ticker.C:
			case <-stop:
				r.show("")
				return
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// show changes the status line; empty takes it away. A terminal that is behind keeps the
// one that it has.
func (r *Report) show(status string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if status != "" && r.queue != nil && r.queue.busy() {
		return
	}
	r.screen.clear(r.out)
	r.screen.status = strings.TrimSpace(r.masks.hide(status))
	r.screen.frame++
	r.screen.draw(r.out)
}
