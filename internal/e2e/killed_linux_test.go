package e2e

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// TestLocalKilled checks that no process of a container survives a SIGKILL of either process of
// local-ecs, even if it left its process group or session.
func TestLocalKilled(t *testing.T) {
	t.Parallel()
	for _, victim := range []string{"the process that the user started", "the one that serves"} {
		t.Run(victim, func(t *testing.T) {
			t.Parallel()
			server := exec.Command("ecs-run-task", "local-ecs", "--region", "eu-central-1")
			server.Stderr = os.Stderr
			out, err := server.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Start(); err != nil {
				t.Fatal(err)
			}
			defer server.Process.Kill()
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, out)
			_, url, _ := strings.Cut(strings.TrimSpace(line), " at ")
			pids := filepath.Join(t.TempDir(), "pids")
			script := fmt.Sprintf(`sleep 600 & echo $! >> %[1]s; setsid sh -c 'echo $$ >> %[1]s; exec sleep `+
				`600' & sleep 1; echo $$ >> %[1]s; sleep 600`, pids)
			client := newEndpoint(url).client
			_, err = client.RegisterTaskDefinition(t.Context(), &ecs.RegisterTaskDefinitionInput{
				Family: aws.String("f"), ContainerDefinitions: []types.ContainerDefinition{{
					Name: aws.String("a"), Image: aws.String("i"), Memory: aws.Int32(64),
					Command: []string{"sh", "-c", script},
				}},
			})
			if err == nil {
				_, err = client.RunTask(t.Context(), &ecs.RunTaskInput{TaskDefinition: aws.String("f")})
			}
			if err != nil {
				t.Fatal(err)
			}
			started := await(t, "three processes run", func() []int {
				text, _ := os.ReadFile(pids)
				var all []int
				for _, field := range strings.Fields(string(text)) {
					pid, err := strconv.Atoi(field)
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, pid)
				}
				if len(all) < 3 {
					return nil
				}
				return all
			})
			kill := server.Process.Pid
			if victim == "the one that serves" {
				kill = childOf(t, kill)
			}
			if err := syscall.Kill(kill, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			server.Wait()
			await(t, "no process is left", func() []int {
				for _, pid := range started {
					if syscall.Kill(pid, 0) == nil {
						return nil
					}
				}
				return started
			})
		})
	}
}

// childOf returns the child process of any thread of a process.
func childOf(t *testing.T, pid int) int {
	t.Helper()
	lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		text, err := os.ReadFile(list)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			return child
		}
	}
	t.Fatalf("process %d has no child", pid)
	return 0
}

// await waits until found returns something.
func await(t *testing.T, what string, found func() []int) []int {
	t.Helper()
	for range 600 {
		if all := found(); all != nil {
			return all
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("timed out while waiting until %s", what)
	return nil
}
