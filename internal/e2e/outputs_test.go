//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// printer returns a definition with one container that runs a shell script and has a log.
func printer(script string) string {
	return fmt.Sprintf(`--definition={"family":"printer","containerDefinitions":[{"name":"app","image":"a",
		"memory":64,"stopTimeout":2,"command":["sh","-c",%q],
		"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"us-east-1",
		"awslogs-stream-prefix":"p"}}}]}`, script)
}

// calls records the times of the calls of each operation.
type calls struct {
	server *ecslocal.Server

	mu sync.Mutex
	at map[string][]time.Time
}

func (c *calls) record(call ecslocal.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[call.Operation] = append(c.at[call.Operation], time.Now())
}

// first returns the time of the first call of an operation; zero if there was none.
func (c *calls) first(operation string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.at[operation]) == 0 {
		return time.Time{}
	}
	return c.at[operation][0]
}

// outputStep returns a step with a separate ECS, whose calls are recorded.
func outputStep(t *testing.T, args ...string) (*exec.Cmd, *calls) {
	t.Helper()
	return outputStepOn(t, nil, args...)
}

// outputStepOn is outputStep with options of the ECS.
func outputStepOn(t *testing.T, options []ecslocal.Option, args ...string) (*exec.Cmd, *calls) {
	t.Helper()
	c := &calls{at: map[string][]time.Time{}}
	options = append(options, ecslocal.Process("PATH="+os.Getenv("PATH")), ecslocal.Record(c.record))
	server := ecslocal.New(options...)
	c.server = server
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		server.Close()
		web.Close()
	})
	cmd := step("ecs-run-task", web.URL, args...)
	cmd.Stderr = os.Stderr
	return cmd, c
}

// blockedPipe returns the write end of a pipe that is never read, for a step's console.
func blockedPipe(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		read.Close()
		write.Close()
	})
	return write
}

// wait waits for a step and returns its exit status. After the limit it kills the step.
func wait(t *testing.T, cmd *exec.Cmd, limit time.Duration) int {
	t.Helper()
	late := time.AfterFunc(limit, func() { cmd.Process.Kill() })
	cmd.Wait()
	if !late.Stop() {
		t.Errorf("the step did not end within %s", limit)
	}
	return cmd.ProcessState.ExitCode()
}

// TestOutputBlocked checks that a console that is not read prevents neither the stop of tasks nor
// the end of the step, after a signal and after the time-out.
func TestOutputBlocked(t *testing.T) {
	t.Parallel()
	const endless = "yes 0123456789012345678901234567890123456789"
	t.Run("signal", func(t *testing.T) {
		t.Parallel()
		cmd, calls := outputStep(t, printer(endless))
		cmd.Stdout = blockedPipe(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(8 * time.Second) // until pipe and queue are full
		signalled := time.Now()
		cmd.Process.Signal(os.Interrupt)
		if status := wait(t, cmd, 7*time.Second+slack); status != 130 {
			t.Errorf("exit status %d, want 130", status)
		}
		if stopped := calls.first("StopTask"); stopped.IsZero() || stopped.Sub(signalled) > slack {
			t.Errorf("StopTask %s after the signal, want less than a second", stopped.Sub(signalled))
		}
	})
	t.Run("second signal", func(t *testing.T) {
		t.Parallel()
		cmd, _ := outputStep(t, printer("trap '' TERM; "+endless))
		cmd.Stdout = blockedPipe(t)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		cmd.Process.Signal(os.Interrupt)
		time.Sleep(time.Second)
		cmd.Process.Signal(os.Interrupt)
		if status := wait(t, cmd, slack); status != 130 {
			t.Errorf("exit status %d, want 130", status)
		}
	})
	t.Run("time-out", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("-short: the step gives up a blocked console only after a minute")
		}
		cmd, calls := outputStep(t, "--timeout=5s", printer(endless))
		cmd.Stdout = blockedPipe(t)
		start := time.Now()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The step gives up the console one minute after its last progress.
		if status := wait(t, cmd, 5*time.Second+2*time.Minute+slack); status != 124 {
			t.Errorf("exit status %d, want 124", status)
		}
		if stopped := calls.first("StopTask"); stopped.IsZero() || stopped.Sub(start) > 6*time.Second+slack {
			t.Errorf("StopTask %s after the start, want it at the time-out of 5s", stopped.Sub(start))
		}
	})
}

// TestOutputSlow checks that a slow reader gets every line in order, if there is no signal.
func TestOutputSlow(t *testing.T) {
	t.Parallel()
	const lines = 60_000 // more than pipe and queue hold
	cmd, _ := outputStep(t, printer(fmt.Sprintf("seq -f 'line %%.0f of a log that is read slowly' 1 %d", lines)))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Second)
	next := 1
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		if scanner.Text() == fmt.Sprintf("[app] line %d of a log that is read slowly", next) {
			if next++; next%10_000 == 0 {
				time.Sleep(time.Second)
			}
		}
	}
	if status := wait(t, cmd, time.Second+slack); status != 0 || next-1 != lines {
		t.Errorf("exit status %d with %d lines in order, want 0 with %d", status, next-1, lines)
	}
}

// TestOutputClosed checks that the step does not end because the reader of its console has
// closed it: it ends with its own exit status, and its child processes are not affected.
func TestOutputClosed(t *testing.T) {
	t.Parallel()
	for _, local := range []bool{false, true} {
		t.Run(fmt.Sprintf("local %t", local), func(t *testing.T) {
			t.Parallel()
			done := filepath.Join(t.TempDir(), "done")
			// A container must not ignore SIGPIPE although the step does.
			script := "for i in 1 2 3 4 5; do echo line $i; sleep 0.3; done; (yes; echo $? >" + done +
				") | head -1; exit 3"
			args := []string{printer(script)}
			if local {
				args = append(args, "--local=process")
			}
			cmd, calls := outputStep(t, args...)
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			cmd.Stdout = write
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			line, err := bufio.NewReader(read).ReadString('\n')
			read.Close() // like head -1
			if err != nil || line == "" {
				t.Errorf("first line %q: %v", line, err)
			}
			if status := wait(t, cmd, time.Minute); status != 3 {
				t.Errorf("exit status %d, want the container's 3", status)
			}
			if !calls.first("StopTask").IsZero() {
				t.Error("the task was stopped")
			}
			if text, err := os.ReadFile(done); err != nil || string(text) != "141\n" {
				t.Errorf("yes | head ended with %q (%v), want the status of SIGPIPE", text, err)
			}
		})
	}
}

// TestOutputFiles checks that files which cannot be written are one error, with its exit
// status, and that the step does not report success. The step does not hang on a pipe that is
// never read.
func TestOutputFiles(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, variable string
		code           int
		want           int
		says           string // the message of the fault; empty if there is none
	}{
		{"full outputs", "GITHUB_OUTPUT", 0, 125,
			"outputs not written: GITHUB_OUTPUT: write FILE: no space left on device"},
		{"full outputs of a failure", "GITHUB_OUTPUT", 4, 4,
			"outputs not written: GITHUB_OUTPUT: write FILE: no space left on device"},
		{"full result file", "INPUT_RESULT-FILE", 0, 125,
			"result-file not written: write FILE: no space left on device"},
		{"full state", "GITHUB_STATE", 0, 0, "GITHUB_STATE: write FILE: no space left on device"},
		{"pipe for outputs", "GITHUB_OUTPUT", 0, 125,
			"outputs not written: GITHUB_OUTPUT: the write did not finish within 2s"},
		{"pipe for the result", "INPUT_RESULT-FILE", 0, 125,
			"result-file not written: the write did not finish within 2s"},
		{"pipe for state", "GITHUB_STATE", 0, 0, "GITHUB_STATE: the write did not finish within 2s"},
		{"pipe for the summary", "GITHUB_STEP_SUMMARY", 0, 0,
			"GITHUB_STEP_SUMMARY: the write did not finish within 2s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := "/dev/full"
			if strings.HasPrefix(tt.name, "pipe") {
				file = filepath.Join(t.TempDir(), "pipe.json")
				if err := syscall.Mkfifo(file, 0o600); err != nil {
					t.Fatal(err)
				}
			} else if _, err := os.Stat(file); err != nil {
				t.Skip("there is no /dev/full: nothing tests a full disk")
			} else if tt.variable == "INPUT_RESULT-FILE" {
				file = filepath.Join(t.TempDir(), "full.json")
				if err := os.Symlink("/dev/full", file); err != nil {
					t.Fatal(err)
				}
			}
			cmd, _ := outputStep(t, printer(fmt.Sprintf("echo a line; exit %d", tt.code)))
			cmd.Env = append(cmd.Env, tt.variable+"="+file)
			var out bytes.Buffer
			cmd.Stdout = &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			status, text := wait(t, cmd, 40*time.Second), out.String()
			if status != tt.want {
				t.Errorf("exit status %d, want %d", status, tt.want)
			}
			if says := strings.ReplaceAll(tt.says, "FILE", file); strings.Count(text, says) != 1 {
				t.Errorf("output does not contain %q exactly once", says)
			}
			if !strings.HasSuffix(text, fmt.Sprintf("; exit status %d\n", tt.want)) {
				t.Error("want the exit status in the last line")
			}
			if tt.want != 0 && strings.Contains(text, "succeeded") ||
				strings.Contains(text, "exit status 0") && tt.want != 0 {
				t.Errorf("output reports success")
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}
