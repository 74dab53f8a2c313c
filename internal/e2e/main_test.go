// Package e2e has the tests of the whole program as users run it: with the embedded ECS, moto,
// real runners and real git servers.
package e2e

import (
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

// TestMain builds the program into a folder that is first in PATH, as "ecs-run-task" and as
// "post", the action's post stage. The tests run in the folder of the repository.
//
// The tests wait more than they compute, for steps and their tasks. More of them run at the same
// time than there are processors, unless -parallel is given.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	bin, err := os.MkdirTemp("", "ecs-run-task-bin-")
	if err != nil {
		panic(err)
	}
	if err := install(bin); err != nil {
		panic(err)
	}
	os.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	status := m.Run()
	os.RemoveAll(bin)
	os.Exit(status)
}

// install builds the program into a folder, under both names.
func install(dir string) error {
	if _, err := os.Stat("main.go"); err != nil { // go test records this, and runs the tests again if the file changes
		return err
	}
	program := filepath.Join(dir, "ecs-run-task")
	args := []string{"build", "-o", program}
	if race {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return os.Link(program, filepath.Join(dir, "post"))
}

// clusters exist in every script. The default cluster has one instance with unlimited resources.
var clusters = ecslocal.Clusters(
	ecslocal.Cluster{Name: "web", CapacityProviders: []string{"hosts"}, Instances: []ecslocal.Instance{{}},
		Services: []ecslocal.Service{
			{Name: "api", Placement: ecslocal.Placement{LaunchType: "FARGATE", PlatformVersion: "1.4.0",
				Subnets: []string{"subnet-a1", "subnet-a2"}, SecurityGroups: []string{"sg-a1"},
				AssignPublicIP: "ENABLED"}},
			{Name: "spot", Placement: ecslocal.Placement{Subnets: []string{"subnet-b1"},
				Providers: []ecslocal.Provider{
					{Name: "FARGATE_SPOT", Weight: 4},
					{Name: "FARGATE", Weight: 1, Base: 1},
				}}},
			{
				Name: "sets",
				TaskSets: []ecslocal.Placement{{
					LaunchType:     "FARGATE",
					Subnets:        []string{"subnet-c1"},
					SecurityGroups: []string{"sg-c1"},
				}},
			},
			{Name: "hosts", Placement: ecslocal.Placement{LaunchType: "EC2"}},
		}},
	ecslocal.Cluster{Name: "small", Instances: []ecslocal.Instance{{CPU: 256, Memory: 128}}},
	ecslocal.Cluster{Name: "empty"},
	ecslocal.Cluster{Name: "serverless", DefaultStrategy: []ecslocal.Provider{{Name: "FARGATE_SPOT", Weight: 1}}},
)

// TestScript runs each script in a separate folder, with a separate ECS at AWS_ENDPOINT_URL whose
// containers are processes.
func TestScript(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":      exits,
			"fault":      fault,
			"no-streams": noStreams,
			"called":     called,
			"running":    running,
			"restore":    restore,
			"set":        set,
		},
		Setup: func(env *testscript.Env) error {
			control := newControl()
			env.Values[control.key()] = control
			server := ecslocal.New(ecslocal.Region("eu-central-1"),
				ecslocal.Process("PATH="+os.Getenv("PATH")), clusters,
				ecslocal.Record(control.record), ecslocal.Faults(control.choose))
			control.server = server
			web := httptest.NewServer(server)
			env.Defer(func() {
				server.Close()
				web.Close()
				if unused := control.unused(); len(unused) > 0 {
					env.T().Fatal("faults did not happen, as the program did not call", unused)
				}
			})
			env.Setenv("AWS_ENDPOINT_URL", web.URL)
			env.Setenv("AWS_REGION", "eu-central-1")
			env.Setenv("AWS_DEFAULT_REGION", "eu-central-1") // for the AWS CLI
			env.Setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
			env.Setenv("AWS_SECRET_ACCESS_KEY", "example")
			testdata, err := os.Getwd()
			if err != nil {
				return err
			}
			env.Setenv("TESTDATA", testdata+"/testdata")
			return nil
		},
	})
}

// exits runs a program and checks its exit status: exits 3 ecs-run-task --help.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits status program [args...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	controlOf(ts).reset()
	if got != want {
		fmt.Fprint(os.Stderr, ts.ReadFile("stdout"))
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}
