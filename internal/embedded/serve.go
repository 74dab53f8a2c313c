package embedded

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/scenario"
)

// Serve runs the command local-ecs: it serves the embedded ECS until ctx ends. It returns the
// exit status, which is 0 unless [runtime.Supervise] ran the server in another process.
func Serve(ctx context.Context, env Env, c input.LocalECS) (int, error) {
	options, err := env.options(c)
	if err != nil {
		return 0, err
	}
	if c.Executor == "process" {
		status, done, end, err := runtime.Supervise(ctx, env.Args, env.Environ())
		switch {
		case err != nil:
			return 0, err
		case done:
			return status, nil
		}
		defer end()
		options = append(options, ecslocal.Execute(runtime.SupervisedProcess(env.processVariables()...)))
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return 0, err
	}
	if address, ok := listener.Addr().(*net.TCPAddr); ok && !address.IP.IsLoopback() && !c.Exposed {
		listener.Close()
		return 0, fmt.Errorf("%s can be reached from other machines, and whoever reaches it runs commands on this one: "+
			"give --exposed if that is meant", c.Listen)
	}
	debug.SetGCPercent(40) // the heap is mostly logs; the default allows twice its size
	server := ecslocal.New(options...)
	defer server.Close()
	fmt.Fprintf(env.Stdout, "serving ECS and CloudWatch Logs at http://%s\n", listener.Addr())
	web := &http.Server{Handler: ecslocal.CheckHost(server, c.Hosts...), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { web.Close() })
	defer stop()
	runtime.DropStartup()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return 0, err
	}
	return 0, nil
}

// options reads the files of local-ecs and returns the options of the server. The error joins
// the faults of all files.
func (e Env) options(c input.LocalECS) ([]ecslocal.Option, error) {
	options := []ecslocal.Option{e.executor(c.Executor), ecslocal.AnyCluster(), ecslocal.Region(e.region(c.Region))}
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
