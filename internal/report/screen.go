package report

import (
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
)

// screen is the terminal that a person watches, if it is one: it has colours, and
// a status line below the transcript. The zero value has neither.
type screen struct {
	live    bool // it has a status line
	colours bool
	names   map[string]string // colours of the names before log lines
	status  string            // that is shown; empty if none is
	frame   int               // of the spinner
}

// The colours of words, as escape sequences have them.
const (
	red    = "31"
	yellow = "33"
	green  = "32"
)

var levelColours = map[string]string{"error": red, "warning": yellow}

// nameColours are for the names before log lines. Red is left to errors.
var nameColours = []string{"36", "35", "34", "32", "33", "96", "95", "94", "92", "93"}

// newScreen returns the screen behind a console. NO_COLOR is https://no-color.org,
// CLICOLOR and CLICOLOR_FORCE are https://bixense.com/clicolors; CI is set by every CI
// there is.
func newScreen(getenv func(string) string, terminal bool) screen {
	live := terminal && getenv("TERM") != "dumb" && getenv("CI") == "" && getenv("GITHUB_ACTIONS") == ""
	force := getenv("CLICOLOR_FORCE")
	colours := live && getenv("CLICOLOR") != "0" || force != "" && force != "0"
	return screen{live: live, colours: colours && getenv("NO_COLOR") == "", names: map[string]string{}}
}

// nameColour returns the colour of a name before log lines: in most runs the same one for
// the same name, and never one for two names while there are others.
func (s *screen) nameColour(name string) string {
	if c, ok := s.names[name]; ok || !s.colours {
		return c
	}
	hash := fnv.New32a()
	io.WriteString(hash, name)
	first := int(hash.Sum32() % uint32(len(nameColours)))
	c := nameColours[first]
	for i := range nameColours {
		free := nameColours[(first+i)%len(nameColours)]
		if !slices.Contains(slices.Collect(maps.Values(s.names)), free) {
			c = free
			break
		}
	}
	s.names[name] = c
	return c
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
	line := plaintext.AppendLine(nil, true, plaintext.Clip(plaintext.OneLine(s.status), statusWidth))
	io.WriteString(out, string(spinner[s.frame%len(spinner)])+" "+string(line))
}

// statusWidth is how many characters of a status are shown.
const statusWidth = 76

// tick is how often the status line is drawn anew.
const tick = 100 * time.Millisecond
