package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/rs/zerolog"
)

// network is a network connection to moto's server that can be disturbed.
type network struct {
	t     *testing.T
	proxy *toxiproxy.Proxy
	url   string

	first   func(n *network, action string)
	repairs sync.WaitGroup

	mu    sync.Mutex
	calls map[string]int // number of requests that arrived, by IAM action
}

// newNetwork creates an undisturbed network. It calls first for the first request of each action,
// before the response.
func newNetwork(t *testing.T, moto []string, first func(n *network, action string)) *network {
	t.Helper()
	n := &network{t: t, first: first, calls: map[string]int{}}
	server := httptest.NewServer(recorded(endpointOf(t, moto), n.seen))
	t.Cleanup(server.Close)
	n.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
		t.Name(), "127.0.0.1:0", server.Listener.Addr().String())
	if err := n.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.proxy.Stop)
	t.Cleanup(n.repairs.Wait)
	n.url = "http://" + n.proxy.Listen
	return n
}

// seen is called when a request has arrived, before the response.
func (n *network) seen(action string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls[action]++
	if n.calls[action] == 1 {
		n.first(n, action)
	}
}

// count returns the number of requests of an action.
func (n *network) count(action string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.calls[action]
}

// spoil disturbs the network from now on for a duration; 0 means forever. toxic is in the format
// of toxiproxy's API. If it is empty, no connections are accepted.
func (n *network) spoil(toxic string, lasts time.Duration) {
	repair := func() {
		if err := n.proxy.Start(); err != nil {
			n.t.Error(err)
		}
	}
	if toxic == "" {
		n.proxy.Stop()
	} else if _, err := n.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		n.t.Error(err)
	} else {
		repair = n.heal
	}
	if lasts > 0 {
		n.repairs.Go(func() {
			time.Sleep(lasts)
			repair()
		})
	}
}

// heal removes all toxics from the network.
func (n *network) heal() { n.proxy.Toxics.ResetToxics(context.Background()) }

// motoCluster starts moto with a default cluster, on which a task with a container app runs for
// about the given time and ends with code 3. It returns the variables for clients, and what a
// definition needs to run there.
func motoCluster(t *testing.T, life time.Duration) (env []string, client endpoint, place []string) {
	t.Helper()
	env = append(startMoto(t), "AWS_REGION=eu-central-1", "AWS_DEFAULT_REGION=eu-central-1")
	at := endpointOf(t, env).String()
	const states = 4 // between RUNNING and STOPPED
	transition := fmt.Sprintf(`{"model_name": "ecs::task", "transition": {"progression": "time", "seconds": %g}}`,
		life.Seconds()/states)
	response, err := http.Post(at+"/moto-api/state-manager/set-transition", "application/json",
		strings.NewReader(transition))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	client = newEndpoint(at)
	if _, err := client.client.CreateCluster(t.Context(), &ecs.CreateClusterInput{
		ClusterName: aws.String("default"),
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("aws"); err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	describe := exec.Command("aws", "ec2", "describe-subnets", "--query", "Subnets[0].SubnetId", "--output", "text")
	describe.Env = env
	subnet, err := describe.Output()
	if err != nil {
		t.Fatal(err)
	}
	return env, client, []string{"--launch-type=FARGATE", "--subnets=" + strings.TrimSpace(string(subnet))}
}

func fargateDefinition(family string) string {
	return fmt.Sprintf(`--definition={"family": %q, "cpu": "256", "memory": "512", "networkMode": "awsvpc",
		"requiresCompatibilities": ["FARGATE"],
		"containerDefinitions": [{"name": "app", "image": "busybox:1"}]}`, family)
}

// TestNetwork checks that the step reports the truth and starts one task, on a network that is
// slow, loses responses, or is down for some time.
func TestNetwork(t *testing.T) {
	t.Parallel()
	env, client, place := motoCluster(t, 6*time.Second)
	program := built(t)
	type trouble struct {
		name  string
		toxic string        // "": no connections are accepted
		at    string        // the action whose first request starts the disturbance; "": from the start
		lasts time.Duration // 0: to the end of the step
		lost  bool          // the response to that request is lost
	}
	troubles := []trouble{
		{name: "latency", toxic: `{"type": "latency", "attributes": {"latency": 700, "jitter": 600}}`},
		{
			name:  "latency of requests",
			toxic: `{"type": "latency", "stream": "upstream", "attributes": {"latency": 700, "jitter": 600}}`,
		},
		{name: "bandwidth", toxic: `{"type": "bandwidth", "attributes": {"rate": 1}}`},
		{name: "slow close", toxic: `{"type": "slow_close", "attributes": {"delay": 3000}}`},
		{name: "cut after some answers", toxic: `{"type": "limit_data", "attributes": {"bytes": 4000}}`},
		{name: "reset now and then", toxic: `{"type": "reset_peer", "toxicity": 0.2, "attributes": {"timeout": 0}}`},
		{
			name:  "silent for longer than a call may take",
			toxic: `{"type": "timeout", "attributes": {"timeout": 0}}`,
			at:    "ecs:RunTask",
			lasts: 35 * time.Second,
			lost:  true,
		},
	}
	for _, at := range []string{"ecs:RegisterTaskDefinition", "ecs:RunTask", "ecs:DescribeTasks"} {
		for _, kind := range []struct{ name, toxic string }{
			{"no answer and then closed", `{"type": "timeout", "attributes": {"timeout": 1000}}`},
			{"silent", `{"type": "timeout", "attributes": {"timeout": 0}}`},
			{"reset", `{"type": "reset_peer", "attributes": {"timeout": 0}}`},
			{"cut in its answer", `{"type": "limit_data", "attributes": {"bytes": 300}}`},
			{"down", ""},
		} {
			troubles = append(troubles, trouble{
				strings.TrimPrefix(at, "ecs:") + " " + kind.name,
				kind.toxic,
				at,
				8 * time.Second,
				true,
			})
		}
	}
	for _, tt := range troubles {
		t.Run(tt.name, func(t *testing.T) {
			if testing.Short() && tt.lasts > 10*time.Second {
				t.Skip("takes long")
			}
			t.Parallel()
			net := newNetwork(t, env, func(n *network, action string) {
				if action == tt.at {
					n.spoil(tt.toxic, tt.lasts)
				}
			})
			if tt.at == "" {
				net.spoil(tt.toxic, tt.lasts)
			}
			family := strings.ReplaceAll(tt.name, " ", "-")
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, program, append(slices.Clone(place), fargateDefinition(family))...)
			cmd.Env = append(slices.Clone(env), "AWS_ENDPOINT_URL="+net.url)
			status, out := exitStatus(t, cmd)
			if status != 3 {
				t.Errorf("exit status %d, want 3, that of the container", status)
			}
			started := client.tasks(t, family)
			if len(started) != 1 || !strings.Contains(out, *started[0].TaskArn) {
				t.Errorf("%d tasks were started, want 1, which is named", len(started))
			}
			if strings.Contains(out, "no longer knows") {
				t.Error("the task was called lost")
			}
			if tt.lost && net.count(tt.at) < 2 {
				t.Errorf("%s arrived %d times, want a retry, because its response was lost", tt.at, net.count(tt.at))
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestNetworkGone checks that a step that is cancelled while the network is down ends in time, and
// reports that the task may be running. Its post stage stops the task when the network is back.
func TestNetworkGone(t *testing.T) {
	t.Parallel()
	env, client, place := motoCluster(t, time.Hour)
	program := built(t)
	folder := t.TempDir()
	post := filepath.Join(folder, "post")
	if err := os.Symlink(program, post); err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	net := newNetwork(t, env, func(n *network, action string) {
		if action == "ecs:DescribeTasks" {
			n.spoil(`{"type": "timeout", "stream": "upstream", "attributes": {"timeout": 0}}`, 0)
			close(gone)
		}
	})
	env = append(env, "AWS_ENDPOINT_URL="+net.url, "GITHUB_ACTIONS=true", "GITHUB_RUN_ID=1000",
		"GITHUB_RUN_ATTEMPT=1", "GITHUB_JOB=test",
		"GITHUB_ACTION=run", "GITHUB_REPOSITORY=octo/app", "GITHUB_SERVER_URL=https://github.com",
		"RUNNER_NAME=runner 1")
	cmd := exec.Command(program, append(slices.Clone(place), fargateDefinition("gone"))...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &out, env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the step did not ask for its task")
	}
	signalled := time.Now()
	cmd.Process.Signal(syscall.SIGINT)
	cmd.Wait()
	took := time.Since(signalled)
	if status := cmd.ProcessState.ExitCode(); status != 130 {
		t.Errorf("exit status %d, want 130", status)
	}
	if limit := 7*time.Second + slack; took > limit {
		t.Errorf("ended %s after the signal, want at most %s", took, limit)
	}
	started := client.tasks(t, "gone")
	if len(started) != 1 || *started[0].DesiredStatus != "RUNNING" {
		t.Fatalf("tasks = %v, want one that runs\n%s", started, out.String())
	}
	if want := "this task may still run: " + *started[0].TaskArn; !strings.Contains(out.String(), want) {
		t.Errorf("transcript does not contain %q\n%s", want, out.String())
	}

	net.heal()
	after := exec.Command(post)
	after.Env = env
	status, text := exitStatus(t, after)
	if status != 0 || !strings.Contains(text, "stopping task "+*started[0].TaskArn) {
		t.Errorf("post: exit status %d, want 0 and the task stopped\n%s", status, text)
	}
	if left := client.tasks(t, "gone"); *left[0].DesiredStatus != "STOPPED" {
		t.Errorf("desired status of the task = %s, want STOPPED", *left[0].DesiredStatus)
	}
}
