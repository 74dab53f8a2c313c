package runtime

import (
	"os"
	"strings"
	"testing"
	"time"
)

// What an ended container has printed is copied, also if the copy comes to it only
// after the deadline that wakes it.
func TestCopyOutputLate(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in.WriteString("the last line")
	in.Close()
	exited := make(chan struct{})
	close(exited)
	if err := out.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Skip(err) // a system whose pipes have no deadlines
	}
	var text strings.Builder
	copyOutput(&text, out, exited)
	if got, want := text.String(), "the last line"; got != want {
		t.Errorf("copied %q, want %q", got, want)
	}
}
