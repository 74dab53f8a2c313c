//go:build unix

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// tasksToRun returns the number of tasks whose desired status is RUNNING in the ECS of a step.
func (c *calls) tasksToRun(t *testing.T) int {
	t.Helper()
	var list struct{ TaskArns []string }
	if err := ask(c.server, "us-east-1", "ListTasks", map[string]any{}, &list); err != nil {
		t.Fatal(err)
	}
	return len(list.TaskArns)
}

// await waits until an operation was called.
func (c *calls) await(t *testing.T, operation string) {
	t.Helper()
	for range 600 {
		if !c.first(operation).IsZero() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s was not called", operation)
}

// TestHangUp checks that a closed terminal ends the step like SIGTERM.
func TestHangUp(t *testing.T) {
	t.Parallel()
	cmd, calls := outputStep(t, printer("sleep 300"))
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	calls.await(t, "DescribeTasks")
	if got := calls.tasksToRun(t); got != 1 {
		t.Errorf("%d tasks run before the signal, want 1", got)
	}
	cmd.Process.Signal(syscall.SIGHUP)
	if status := wait(t, cmd, 7*time.Second+slack); status != 129 {
		t.Errorf("exit status %d, want 129", status)
	}
	if got := calls.tasksToRun(t); got != 0 {
		t.Errorf("%d tasks run after the signal, want none", got)
	}
	for _, want := range []string{"cancelled by SIGHUP: stopping 1 task", "; exit status 129\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the transcript does not have %q:\n%s", want, out.String())
		}
	}
}

// TestHangUpIgnored checks that a step under nohup does not end when the terminal closes.
func TestHangUpIgnored(t *testing.T) {
	t.Parallel()
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Skip("there is no nohup: nothing tests a SIGHUP that is ignored")
	}
	cmd, calls := outputStep(t, printer("sleep 2; exit 3"))
	cmd.Path, cmd.Args = nohup, append([]string{nohup}, cmd.Args...)
	cmd.Stdout = &bytes.Buffer{}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	calls.await(t, "DescribeTasks")
	cmd.Process.Signal(syscall.SIGHUP)
	if status := wait(t, cmd, time.Minute); status != 3 {
		t.Errorf("exit status %d, want that of the container, 3", status)
	}
}

// TestSecondSignalUnanswered checks that a second signal reports the launch that ECS has not answered, with
// the command that lists its tasks.
func TestSecondSignalUnanswered(t *testing.T) {
	t.Parallel()
	unanswered := ecslocal.Faults(ecslocal.On("RunTask",
		ecslocal.All(ecslocal.Stall(time.Minute), ecslocal.CutAfter())))
	cmd, calls := outputStepOn(t, []ecslocal.Option{unanswered}, "--count=3", printer("sleep 300"))
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	calls.await(t, "RunTask")
	cmd.Process.Signal(os.Interrupt)
	time.Sleep(2 * echo)
	cmd.Process.Signal(os.Interrupt)
	if status := wait(t, cmd, slack); status != 130 {
		t.Errorf("exit status %d, want 130", status)
	}
	want := regexp.MustCompile(`(?m)^ended at once by a second signal \(interrupt\)
this step registered arn:aws:ecs:us-east-1:123456789012:task-definition/printer:1
3 tasks of printer:1 may have started: ECS has not answered RunTask since \d\d:\d\d:\d\d UTC \(client token [A-Z2-7]{26}\); to look:
  aws ecs list-tasks --region us-east-1 --cluster default --started-by ecs-run-task$`)
	if !want.MatchString(out.String()) {
		t.Errorf("the transcript does not have %s:\n%s", want, out.String())
	}
}

// TestOutputFileLate checks that a result that was reported as final does not change: a file that cannot be
// written after that is not changed, and there is a warning.
func TestOutputFileLate(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full: nothing tests a full disk")
	}
	for _, tt := range []struct {
		code   int
		status string
	}{{0, "0"}, {4, "4"}} {
		t.Run("code "+tt.status, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "result.json")
			cmd, _ := outputStep(t, "--result-file="+file, printer("echo a line; exit "+tt.status))
			out := &lockedBuffer{}
			cmd.Stdout = out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(30 * time.Second); !strings.Contains(out.String(), "(final)"); {
				if time.Sleep(20 * time.Millisecond); time.Now().After(deadline) {
					t.Fatalf("nothing is final:\n%s", out.String())
				}
			}
			if err := os.Remove(file); err != nil {
				t.Error(err)
			}
			if err := os.Symlink("/dev/full", file); err != nil {
				t.Error(err)
			}
			if status := wait(t, cmd, 40*time.Second); status != tt.code {
				t.Errorf("exit status %d, want %d", status, tt.code)
			}
			text := out.String()
			if got := strings.Count(text,
				"; exit status "); got != 2 || strings.Count(text, "; exit status "+tt.status) != 2 {
				t.Errorf("want the exit status %s twice, as final and at the end", tt.status)
			}
			if strings.Count(text, "result-file not complete: write "+file+": no space left on device") != 1 {
				t.Error("want the late fault once")
			}
			if strings.Contains(text, "error: result-file") {
				t.Error("want a warning")
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// TestBadResultFileName checks that a name that result-file does not support is reported once.
func TestBadResultFileName(t *testing.T) {
	t.Parallel()
	cmd, _ := outputStep(t, "--result-file=result.yaml", printer("true"))
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if status := wait(t, cmd, 10*time.Second); status != 125 {
		t.Errorf("exit status %d, want 125", status)
	}
	if got := strings.Count(out.String(), "result-file"); got != 1 {
		t.Errorf("the bad name is reported %d times, want once:\n%s", got, out.String())
	}
}
