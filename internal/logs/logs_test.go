package logs_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/session"
	"github.com/ecs-run-task/ecs-run-task/internal/tail"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// printer runs containers that print each word of their commands as a line, one a second.
// They end with code 1 if the last word is "fail", otherwise with code 0.
type printer struct{}

func (printer) Begin(context.Context, runtime.Task) error     { return nil }
func (printer) End(runtime.Task)                              {}
func (printer) Pull(context.Context, runtime.Container) error { return nil }
func (printer) Probe(context.Context, runtime.Container, []string) (int, error) {
	return 0, nil
}

func (printer) Run(ctx context.Context, c runtime.Container, started func(), _ <-chan struct{}) (runtime.Exit, error) {
	started()
	for _, word := range c.Command {
		time.Sleep(time.Second)
		fmt.Fprintln(c.Output, word)
	}
	code := 0
	if c.Command[len(c.Command)-1] == "fail" {
		code = 1
	}
	return runtime.Exit{Code: code}, nil
}

// transcript records the events of logs.
type transcript struct {
	mu    sync.Mutex
	lines []string // of containers, behind their names
	texts []string
	notes []event.Note
	urls  []string
}

func (s *transcript) sink(one event.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch one := one.(type) {
	case event.Log:
		for _, line := range one.Lines {
			s.lines = append(s.lines, one.Container+": "+line)
		}
	case event.Text:
		s.texts = append(s.texts, string(one))
	case event.Note:
		s.notes = append(s.notes, one)
	case event.LogAddress:
		s.urls = append(s.urls, one.Container+" "+one.URL)
	}
}

// world is an embedded ECS that the clients use like AWS, with the logs of its containers.
type world struct {
	*logs.Logs
	transcript
	clients *session.Clients
	runner  cluster.Client
}

func newWorld(t *testing.T, o logs.Options, faults func(ecslocal.Call) ecslocal.Effect) *world {
	if faults == nil {
		faults = func(ecslocal.Call) ecslocal.Effect { return nil }
	}
	server := ecslocal.New(ecslocal.Execute(printer{}), ecslocal.AnyCluster(), ecslocal.Faults(faults))
	w := &world{clients: session.Local("us-east-1", ecslocal.Transport(server), server.Close)}
	t.Cleanup(func() { w.clients.Close() })
	w.clients.Local = false
	w.runner = cluster.Client{API: w.clients.ECS}
	o.URL = func(region, group, stream string) string { return region + "/" + group + "/" + stream }
	w.Logs = logs.New(t.Context(), w.clients, o, w.sink)
	return w
}

// run runs one task to its end. A container is "name: words" with awslogs, or
// "name(driver): words" with another log driver.
func (w *world) run(t *testing.T, label string, containers ...string) *task.State {
	t.Helper()
	in := &ecs.RegisterTaskDefinitionInput{Family: aws.String("job")}
	for _, container := range containers {
		name, words, _ := strings.Cut(container, ": ")
		name, driver, _ := strings.Cut(strings.TrimSuffix(name, ")"), "(")
		c := types.ContainerDefinition{
			Name: aws.String(name), Image: aws.String("a"), Memory: aws.Int32(64), Command: strings.Fields(words),
		}
		switch driver {
		case "":
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/job", "awslogs-stream-prefix": "p", "awslogs-region": "us-east-1",
				"awslogs-create-group": "true",
			}}
		case "none":
		default:
			c.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriver(driver)}
		}
		in.ContainerDefinitions = append(in.ContainerDefinitions, c)
	}
	registered, err := w.clients.ECS.RegisterTaskDefinition(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.clients.ECS.RunTask(t.Context(),
		&ecs.RunTaskInput{TaskDefinition: registered.TaskDefinition.TaskDefinitionArn})
	if err != nil {
		t.Fatal(err)
	}
	states := cluster.States(cluster.Launched{Tasks: out.Tasks, Definition: registered.TaskDefinition, At: time.Now()})
	w.Update(states[0], label)
	err = w.runner.Watch(t.Context(), states,
		task.Watch{Since: time.Now(), Changed: func(s *task.State) { w.Update(s, label) }})
	if err != nil {
		t.Fatal(err)
	}
	return states[0]
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, logs.Options{Shown: true, Rule: tail.Default}, nil)
		state := w.run(t, "", "app: one two three", "side: four")
		w.Wait(t.Context(), time.Minute)
		slices.Sort(w.lines)
		if want := []string{"app: one", "app: three", "app: two", "side: four"}; !slices.Equal(w.lines, want) {
			t.Errorf("lines %q, want %q", w.lines, want)
		}
		arn := aws.ToString(state.TaskArn)
		address := "app us-east-1//job/p/app/" + task.ID(arn)
		if !slices.Contains(w.urls, address) || !slices.Contains(w.texts,
			"log of app: "+strings.TrimPrefix(address, "app ")) {
			t.Errorf("addresses %q, texts %q, want %s in both", w.urls, w.texts, address)
		}
		if last := w.Last(arn, "app"); !slices.Equal(last, []string{"one", "two", "three"}) || w.Last(arn, "none") != nil {
			t.Errorf("Last() = %q, want the lines of app alone", last)
		}
		if all := w.All(); len(all) != 2 || all[0].Container != "app" || all[0].TaskARN != arn || len(all[0].Last) != 3 ||
			all[0].URL == "" {
			t.Errorf("All() = %+v, want the logs of app and side", all)
		}
		if w.Reading() || len(w.notes) > 0 {
			t.Errorf("reading: %v, notes %v, want the end of all without a note", w.Reading(), w.notes)
		}
		positions := logs.Saved(logs.Save(w.Positions()))
		if len(positions) != 2 || positions[0].Token == "" {
			t.Fatalf("positions %+v, want two with tokens", positions)
		}
		w.lines = nil
		logs.ShowLater(t.Context(), w.clients, positions, w.sink)
		if len(w.lines) > 0 {
			t.Errorf("later lines %q, want none", w.lines)
		}
		positions[0].Token = "" // as if the step had read nothing
		logs.ShowLater(t.Context(), w.clients, positions[:1], w.sink)
		if got := strings.Join(w.lines, " "); got != "app: one app: two app: three" {
			t.Errorf("later lines %q, want those of app", got)
		}
	})
}

// Logs that are not, or not completely, shown are reported; the same reason is reported
// once.
func TestNotShown(t *testing.T) {
	denied := ecslocal.On("logs:GetLogEvents", ecslocal.Denied("*"))
	absent := ecslocal.On("logs:GetLogEvents", ecslocal.NoLogStream())
	for _, tt := range []struct {
		name       string
		options    logs.Options
		faults     func(ecslocal.Call) ecslocal.Effect
		containers []string
		notes      []string // parts of them
		text       string   // a part of one
	}{
		{"no log configuration", logs.Options{Shown: true}, nil, []string{"app(none): a"},
			[]string{"the output of container app can't be shown: it has no logConfiguration"}, ""},
		{"another driver", logs.Options{Shown: true}, nil, []string{"app(json-file): a", "side(json-file): b"},
			[]string{"container app can't be shown: its log driver is json-file", "container side can't be shown"}, ""},
		{"not wanted", logs.Options{}, nil, []string{"app(none): a", "side: b"}, nil, "log of side: us-east-1//job/p/side/"},
		{"denied", logs.Options{Shown: true}, denied, []string{"app: a", "side: b"}, []string{"the logs of /job: "}, ""},
		{"no stream", logs.Options{Shown: true, Rule: tail.For(time.Second)}, absent, []string{"app: a"}, nil,
			"no log of container app has appeared (p/app/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, tt.options, tt.faults)
				for range 2 { // the second of the same family, which is of another revision
					w.run(t, "", tt.containers...)
				}
				w.Wait(t.Context(), time.Minute)
				if len(w.lines) > 0 {
					t.Errorf("lines %q, want none", w.lines)
				}
				count := len(tt.notes)
				if tt.faults == nil {
					count *= 2 // each revision is another definition
				}
				if len(w.notes) != count {
					t.Errorf("notes %v, want %d", w.notes, count)
				}
				for _, want := range tt.notes {
					if !slices.ContainsFunc(w.notes, func(n event.Note) bool { return strings.Contains(n.Text, want) }) {
						t.Errorf("notes %v, want one with %q", w.notes, want)
					}
				}
				if tt.text != "" && !slices.ContainsFunc(w.texts,
					func(text string) bool { return strings.Contains(text, tt.text) }) {
					t.Errorf("texts %q, want one with %q", w.texts, tt.text)
				}
			})
		})
	}
}

// The wait for lines ends at its limit, and one second after the context ends.
func TestWait(t *testing.T) {
	hanging := ecslocal.On("logs:GetLogEvents", ecslocal.Stall(time.Hour))
	for _, tt := range []struct {
		name   string
		cancel time.Duration // since the wait began; 0: never
		limit  time.Duration
		want   time.Duration
	}{
		{"at the limit", 0, 10 * time.Second, 10 * time.Second},
		{"a second after the end of the step", 3 * time.Second, 10 * time.Second, 4 * time.Second},
		{"no time at all", 0, -time.Second, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, logs.Options{Shown: true, Rule: tail.Default}, hanging)
				w.run(t, "", "app: a")
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if tt.cancel > 0 {
					time.AfterFunc(tt.cancel, cancel)
				}
				began := time.Now()
				if !w.Reading() {
					t.Error("nothing is being read, want one log")
				}
				w.Wait(ctx, tt.limit)
				if took := time.Since(began); took != tt.want {
					t.Errorf("Wait() took %s, want %s", took, tt.want)
				}
			})
		})
	}
}

// The lines of several tasks have different labels.
func TestLabels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, logs.Options{Shown: true, MultiTask: true, Rule: tail.Default}, nil)
		w.run(t, " 11111111", "app: one")
		w.run(t, " 22222222", "app: two fail")
		w.Wait(t.Context(), time.Minute)
		slices.Sort(w.lines) // the second task may have ended before the first is read
		want := []string{"app 11111111: one", "app 22222222: fail", "app 22222222: two"}
		if !slices.Equal(w.lines, want) {
			t.Errorf("lines %q, want %q", w.lines, want)
		}
	})
}

// The output of containers without awslogs on the embedded ECS is shown too.
func TestOutput(t *testing.T) {
	for multi, name := range map[bool]string{false: "app", true: "app 0123abcd"} {
		w := newWorld(t, logs.Options{Shown: true, MultiTask: multi}, nil)
		out := w.Output("arn:aws:ecs:us-east-1:123456789012:task/default/0123abcd4567", "app")
		io.WriteString(out, "one\ntw")
		io.WriteString(out, "o\nthree")
		out.(io.Closer).Close()
		if want := []string{name + ": one", name + ": two", name + ": three"}; !slices.Equal(w.lines, want) {
			t.Errorf("lines %q, want %q", w.lines, want)
		}
	}
}

func TestErrNotRead(t *testing.T) {
	w := newWorld(t, logs.Options{}, nil)
	if _, err := w.Outputs("arn"); !errors.Is(err, logs.ErrNotRead) {
		t.Errorf("Outputs() of no task = %v, want %v", err, logs.ErrNotRead)
	}
}
