package logs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestLastLines(t *testing.T) {
	var l lastLines
	for i := range maxLines + 3 {
		l.add([]string{fmt.Sprint(i)})
	}
	if got := l.all(); len(got) != maxLines || got[0] != "3" || got[maxLines-1] != fmt.Sprint(maxLines+2) {
		t.Errorf("all() = %v, want the last %d, oldest first", got, maxLines)
	}
	l.add([]string{strings.Repeat("x", maxLineSize) + "\xff"})
	if got := l.all(); len(got[maxLines-1]) != maxLineSize {
		t.Errorf("a long line has %d bytes, want %d", len(got[maxLines-1]), maxLineSize)
	}
}

func TestLineWriter(t *testing.T) {
	var got []string
	ended := 0
	w := &lineWriter{emit: func(lines []string) { got = append(got, lines...) }, ended: func() { ended++ }}
	for _, text := range []string{"a", "b\nc\nd", "\n", "e"} {
		w.Write([]byte(text))
	}
	if ended != 0 {
		t.Error("the end is reported before Close")
	}
	w.Close()
	if want := []string{"ab", "c", "d", "e"}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
	got = nil
	w.Write([]byte(strings.Repeat("x", maxPending)))
	if len(got) != 1 || ended != 1 {
		t.Errorf("%d lines of a line without an end, and %d ends, want 1 and 1", len(got), ended)
	}
}

func TestStreamOf(t *testing.T) {
	options := func(pairs ...string) *types.LogConfiguration {
		o := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			o["awslogs-"+pairs[i]] = pairs[i+1]
		}
		return &types.LogConfiguration{Options: o}
	}
	for _, tt := range []struct {
		name    string
		config  *types.LogConfiguration
		runtime string
		want    string
	}{
		{"a prefix", options("group", "g", "stream-prefix", "p"), "", "p/app/task"},
		{"no prefix, and not started", options("group", "g"), "", ""},
		{"no prefix", options("group", "g"), "id", "id"},
		{"no group", options("stream-prefix", "p"), "id", ""},
	} {
		got, ok := streamOf(tt.config, "app", "task", tt.runtime)
		if ok != (tt.want != "") || ok && got.Name != tt.want {
			t.Errorf("%s: streamOf() = %+v, %v, want %q", tt.name, got, ok, tt.want)
		}
	}
}
