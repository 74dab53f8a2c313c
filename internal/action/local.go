package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/scenario"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// executor returns the options of the embedded ECS for a kind of executor:
// docker or process. Containers get nothing of the step's environment but where
// programs and the home are: it may hold secrets.
func executor(kind string, env Env) []ecslocal.Option {
	if kind == "docker" {
		return []ecslocal.Option{ecslocal.Docker(env.setVars("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"))}
	}
	return []ecslocal.Option{ecslocal.Process(processEnvironment(env)...)}
}

func processEnvironment(env Env) []string { return env.setVars("PATH", "HOME", "TMPDIR", "LANG") }

// localRegion is the region that the embedded ECS says it is.
func localRegion(env Env, given string) string {
	return cmp.Or(given, env.getenv("AWS_REGION"), env.getenv("AWS_DEFAULT_REGION"), "us-east-1")
}

// localChanges has the embedded ECS answer DescribeTasks as soon as a task changes.
func localChanges(tasks []*task.State, atMost time.Duration) func(*ecs.Options) {
	var known []string
	for _, state := range tasks {
		known = append(known, fmt.Sprintf("%s=%d", task.ID(aws.ToString(state.TaskArn)), state.Version))
	}
	return func(o *ecs.Options) {
		o.APIOptions = append(slices.Clone(o.APIOptions),
			smithyhttp.SetHeaderValue(ecslocal.WaitHeader, strconv.FormatFloat(max(atMost.Seconds(), 0), 'f', 3, 64)),
			smithyhttp.SetHeaderValue(ecslocal.KnownHeader, strings.Join(known, ",")))
	}
}

// serveLocal serves the embedded ECS until ctx ends.
func serveLocal(ctx context.Context, env Env, c input.LocalECS) int {
	fail := func(err error) int {
		fmt.Fprintf(env.Stderr, "local-ecs: %v\n", err)
		return ExitError
	}
	options, err := localOptions(env, c)
	if err != nil {
		return fail(err)
	}
	if c.Executor == "process" {
		status, done, end, err := runtime.Supervise(ctx, env.Args, env.Environ())
		switch {
		case err != nil:
			return fail(err)
		case done:
			return status
		}
		defer end()
		options = append(options, ecslocal.Execute(runtime.SupervisedProcess(processEnvironment(env)...)))
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fail(err)
	}
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() && !c.Exposed {
		listener.Close()
		return fail(fmt.Errorf("%s can be reached from other machines, and whoever reaches it runs commands on this one: give --exposed if that is meant", c.Listen))
	}
	debug.SetGCPercent(40) // the heap is mostly logs, of which twice as much is too much
	server := ecslocal.New(options...)
	defer server.Close()
	fmt.Fprintf(env.Stdout, "serving ECS and CloudWatch Logs at http://%s\n", listener.Addr())
	web := &http.Server{Handler: ecslocal.CheckHost(server, c.Hosts...), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { web.Close() })
	defer stop()
	runtime.DropStartup()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fail(err)
	}
	return ExitGood
}

// localOptions reads the files of local-ecs. The error joins all of their faults.
func localOptions(env Env, c input.LocalECS) ([]ecslocal.Option, error) {
	options := append(executor(c.Executor, env), ecslocal.AnyCluster(), ecslocal.Region(localRegion(env, c.Region)))
	var faults []error
	read := func(name string, use func([]byte) error) {
		if name == "" {
			return
		}
		text, err := os.ReadFile(name)
		if err == nil {
			err = use(text)
		}
		faults = append(faults, err)
	}
	read(c.Secrets, func(text []byte) error {
		values, err := scenario.Secrets(c.Secrets, text)
		options = append(options, ecslocal.Secrets(values))
		return err
	})
	read(c.Scenario, func(text []byte) error {
		s, err := scenario.Parse(c.Scenario, text)
		options = append(options, s.Options()...)
		return err
	})
	if c.Buckets != "" {
		if info, err := os.Stat(c.Buckets); err != nil || !info.IsDir() {
			faults = append(faults, fmt.Errorf("buckets: %s is not a folder", c.Buckets))
		}
		options = append(options, ecslocal.Buckets(os.DirFS(c.Buckets)))
	}
	if c.Seed != "" {
		hash := fnv.New64a()
		io.WriteString(hash, c.Seed)
		options = append(options, ecslocal.Seed(hash.Sum64()))
	}
	return options, errors.Join(faults...)
}
