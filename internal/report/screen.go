package report

import (
	"hash/fnv"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
)

// screen draws colours, and a status line below the transcript, on a terminal. The zero
// value draws neither.
type screen struct {
	live    bool // it has a status line
	colours bool
	names   map[string]string // colour numbers, by the name before log lines
	status  string            // the status line; empty if there is none
	frame   int               // of the spinner
}

// Colours, as the numbers of their escape sequences.
const (
	red    = "31"
	yellow = "33"
	green  = "32"
)

var levelColours = map[string]string{"error": red, "warning": yellow}

// nameColours are the colours of the names before log lines. Red is only for errors.
var nameColours = []string{"36", "35", "34", "32", "33", "96", "95", "94", "92", "93"}

// newScreen returns the screen of a console. NO_COLOR is defined by https://no-color.org,
// CLICOLOR and CLICOLOR_FORCE by https://bixense.com/clicolors. Every CI sets CI.
func newScreen(getenv func(string) string, terminal bool) screen {
	live := terminal && getenv("TERM") != "dumb" && getenv("CI") == "" && getenv("GITHUB_ACTIONS") == ""
	force := getenv("CLICOLOR_FORCE")
	colours := live && getenv("CLICOLOR") != "0" || force != "" && force != "0"
	return screen{live: live, colours: colours && getenv("NO_COLOR") == "", names: map[string]string{}}
}

// nameColour returns the colour of a name before log lines. The colour depends on the name,
// so that it is usually the same in every run. Two names have different colours as long as
// there are enough.
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

// paint returns the word in the colour, or unchanged if the console has no colours.
func (s *screen) paint(colour, word string) string {
	if !s.colours || colour == "" || word == "" {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}

// clear removes the status line.
func (s *screen) clear(out io.Writer) {
	if s.status != "" {
		io.WriteString(out, "\r\x1b[K")
	}
}

// draw shows the status line, without a line end. A line that is wider than the terminal
// could not be removed.
func (s *screen) draw(out io.Writer) {
	if s.status == "" {
		return
	}
	spinner := []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")
	line := plaintext.AppendLine(nil, true, plaintext.Clip(plaintext.OneLine(s.status), statusWidth))
	io.WriteString(out, string(spinner[s.frame%len(spinner)])+" "+string(line))
}

// statusWidth is the length of the status line, in characters.
const statusWidth = 76

// tick is the time between two drawings of the status line.
const tick = 100 * time.Millisecond
