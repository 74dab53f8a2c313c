package verdict_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict/verdicttest"
)

const none = verdicttest.NoCode

// The tests use these short names.
var (
	definition = verdicttest.Definition
	ended      = verdicttest.Ended
	running    = verdicttest.Running
	stopped    = verdicttest.Stopped
)

// runningOn returns a task with the desired status RUNNING.
func runningOn(containers ...types.Container) types.Task {
	return types.Task{LastStatus: aws.String("RUNNING"), DesiredStatus: aws.String("RUNNING"), Containers: containers}
}

// with changes one container of a definition and returns the definition.
func with(d *types.TaskDefinition, name string, change func(*types.ContainerDefinition)) *types.TaskDefinition {
	for i := range d.ContainerDefinitions {
		if aws.ToString(d.ContainerDefinitions[i].Name) == name {
			change(&d.ContainerDefinitions[i])
		}
	}
	return d
}

func dependsOn(name string, condition types.ContainerCondition) func(*types.ContainerDefinition) {
	return func(c *types.ContainerDefinition) {
		c.DependsOn = append(c.DependsOn, types.ContainerDependency{ContainerName: &name, Condition: condition})
	}
}

func restarts(except ...int32) func(*types.ContainerDefinition) {
	return func(c *types.ContainerDefinition) {
		c.RestartPolicy = &types.ContainerRestartPolicy{Enabled: aws.Bool(true), IgnoredExitCodes: except}
	}
}

// order returns the order after several descriptions from ECS.
func order(answers ...types.Task) (o verdict.Order) {
	for _, answer := range answers {
		o.Observe(answer)
	}
	return o
}

func TestJudge(t *testing.T) {
	const exited = types.TaskStopCodeEssentialContainerExited
	for _, tt := range []struct {
		name       string
		definition *types.TaskDefinition
		task       types.Task
		rule       verdict.Rule
		earlier    []types.Task // descriptions before task

		decided   bool
		outcome   verdict.Outcome
		container string
		code      int32
		notes     int
	}{
		{name: "code 0", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", 0, "")),
			decided: true, outcome: verdict.Succeeded, code: none},
		{name: "another code", definition: definition("app"), task: stopped("STOPPED", exited, ended("app", 3, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 3},
		{name: "early, while the network is taken down", definition: definition("app"),
			task:    stopped("DEPROVISIONING", exited, ended("app", 3, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 3},
		{name: "an essential one still ends", definition: definition("app", "proxy"),
			task: stopped("DEACTIVATING", exited, ended("app", 0, ""), running("proxy"))},
		{name: "a code while the task is to go on, as a restart policy has it", definition: definition("app"),
			task: types.Task{LastStatus: aws.String("RUNNING"), DesiredStatus: aws.String("RUNNING"),
				Containers: []types.Container{ended("app", 1, "")}}},
		{name: "order of containers is not that of the definition", definition: definition("app", "proxy?"),
			task:    stopped("STOPPED", exited, ended("proxy", 0, ""), ended("app", 2, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 2},
		{name: "a sidecar that is not essential does not decide", definition: definition("app", "proxy?"),
			task:    stopped("STOPPED", exited, ended("app", 0, ""), ended("proxy", 1, "")),
			decided: true, outcome: verdict.Succeeded, code: none},
		{name: "it does where all decide", definition: definition("app", "proxy?"),
			task: stopped("STOPPED", exited, ended("app", 0, ""), ended("proxy", 1, "")), rule: verdict.Rule{All: true},
			decided: true, outcome: verdict.Failed, container: "proxy", code: 1},
		{name: "an essential sidecar that nothing depends on: nobody knows which ended first",
			definition: definition("proxy", "app"), task: stopped("STOPPED", exited, ended("proxy", 143, ""),
				ended("app", 0, "")),
			decided: true, outcome: verdict.Failed, container: "proxy", code: 143},
		{name: "killed, while another heeded the SIGTERM that followed", definition: definition("app", "proxy"),
			task:    stopped("STOPPED", exited, ended("app", 137, ""), ended("proxy", 0, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 137},
		{name: "in the other order too", definition: definition("proxy", "app"),
			task:    stopped("STOPPED", exited, ended("proxy", 0, ""), ended("app", 137, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 137},
		{name: "and where all decide", definition: definition("proxy", "app"),
			task: stopped("STOPPED", exited, ended("proxy", 0, ""), ended("app", 137, "")), rule: verdict.Rule{All: true},
			decided: true, outcome: verdict.Failed, container: "app", code: 137},
		{name: "the job was killed", definition: definition("proxy", "app"),
			task: stopped("STOPPED", exited, ended("proxy", 0, ""), ended("app", 137, "")), rule: verdict.Rule{Job: "app"},
			decided: true, outcome: verdict.Failed, container: "app", code: 137},
		{name: "the job ended well, and the other was stopped", definition: definition("proxy", "app"),
			task: stopped("STOPPED", exited, ended("proxy", 137, ""), ended("app", 0, "")), rule: verdict.Rule{Job: "app"},
			decided: true, outcome: verdict.Succeeded, code: none, notes: 1},
		{name: "the other was STOPPED while the job ran", definition: definition("proxy", "app"),
			task: stopped("STOPPED", exited, ended("proxy", 137, ""), ended("app", 0, "")), rule: verdict.Rule{Job: "app"},
			earlier: []types.Task{stopped("RUNNING", exited, ended("proxy", 137, ""), running("app"))},
			decided: true, outcome: verdict.Failed, container: "proxy", code: 137},
		{name: "the job was STOPPED while the other ran", definition: definition("proxy", "app"),
			task: stopped("STOPPED", exited, ended("proxy", 137, ""), ended("app", 0, "")), rule: verdict.Rule{Job: "app"},
			earlier: []types.Task{stopped("RUNNING", exited, running("proxy"), ended("app", 0, ""))},
			decided: true, outcome: verdict.Succeeded, code: none, notes: 1},
		{name: "a job that is no container of the definition", definition: definition("proxy", "app"),
			task:    stopped("STOPPED", exited, ended("proxy", 137, ""), ended("app", 0, ""), ended("agent", 0, "")),
			rule:    verdict.Rule{Job: "agent"},
			decided: true, outcome: verdict.Failed, container: "proxy", code: 137},
		{name: "a helper killed after the job",
			definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "START")), task: stopped("STOPPED", exited,
				ended("proxy", 137, ""), ended("app", 0, "")),
			decided: true, outcome: verdict.Succeeded, code: none, notes: 1},
		{name: "a helper seen to have died first",
			definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "START")), task: stopped("STOPPED", exited,
				ended("proxy", 137, ""), ended("app", 0, "")),
			earlier: []types.Task{stopped("RUNNING", exited, ended("proxy", 137, ""), running("app"))},
			decided: true, outcome: verdict.Failed, container: "proxy", code: 137},
		{name: "a helper that died before its dependant started",
			definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "HEALTHY")), task: stopped("STOPPED", exited,
				ended("proxy", 137, ""), ended("app", 0, "")),
			earlier: []types.Task{{LastStatus: aws.String("PENDING"), DesiredStatus: aws.String("RUNNING"),
				Containers: []types.Container{
					ended("proxy", 137, ""), {Name: aws.String("app"), LastStatus: aws.String("PENDING")}}}},
			decided: true, outcome: verdict.Failed, container: "proxy", code: 137},
		{name: "a helper out of memory", definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "START")),
			task:    stopped("STOPPED", exited, ended("proxy", 137, "OutOfMemoryError: x"), ended("app", 0, "")),
			decided: true, outcome: verdict.Failed, container: "proxy", code: 137},
		{name: "a helper with a code of its own",
			definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "START")), task: stopped("STOPPED", exited,
				ended("proxy", 1, ""), ended("app", 0, "")),
			decided: true, outcome: verdict.Failed, container: "proxy", code: 1},
		{name: "a helper of a failed job", definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "START")),
			task:    stopped("STOPPED", exited, ended("proxy", 143, ""), ended("app", 5, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 5},
		{name: "a helper of two, of which one failed as well",
			definition: with(with(definition("proxy", "app", "web"), "app", dependsOn("proxy", "START")), "web",
				dependsOn("proxy", "START")),
			task:    stopped("STOPPED", exited, ended("proxy", 143, ""), ended("app", 0, ""), ended("web", 143, "")),
			decided: true, outcome: verdict.Failed, container: "proxy", code: 143},
		{name: "a helper through another helper",
			definition: with(with(definition("app", "proxy", "certs"), "app", dependsOn("proxy", "HEALTHY")), "proxy",
				dependsOn("certs", "START")),
			task:    stopped("STOPPED", exited, ended("app", 0, ""), ended("proxy", 143, ""), ended("certs", 137, "")),
			decided: true, outcome: verdict.Succeeded, code: none, notes: 2},
		{name: "a helper of one that does not decide",
			definition: with(definition("app", "proxy", "web?"), "web", dependsOn("proxy", "START")),
			task:       stopped("STOPPED", exited, ended("app", 0, ""), ended("proxy", 143, ""), ended("web", 0, "")),
			decided:    true, outcome: verdict.Failed, container: "proxy", code: 143},
		{name: "the job is not a helper of its helper",
			definition: with(definition("proxy", "app"), "app", dependsOn("proxy", "START")), task: stopped("STOPPED", exited,
				ended("proxy", 0, ""), ended("app", 137, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 137},
		{name: "helpers of each other",
			definition: with(with(definition("a", "b"), "a", dependsOn("b", "START")), "b", dependsOn("a", "START")),
			task:       stopped("STOPPED", exited, ended("a", 0, ""), ended("b", 143, "")),
			decided:    true, outcome: verdict.Failed, container: "b", code: 143},
		{name: "volumesFrom, but it was to end before",
			definition: with(with(definition("init?", "app"), "app", func(c *types.ContainerDefinition) {
				c.VolumesFrom = []types.VolumeFrom{{SourceContainer: aws.String("init")}}
			}), "app", dependsOn("init", "COMPLETE")), rule: verdict.Rule{All: true}, task: stopped("STOPPED", exited,
				ended("init", 137, ""), ended("app", 0, "")),
			decided: true, outcome: verdict.Failed, container: "init", code: 137},
		{name: "a named container decides alone", definition: definition("app", "web"),
			rule: verdict.Rule{Names: []string{"app"}}, task: stopped("STOPPED", exited, ended("app", 0, ""),
				ended("web", 7, "")),
			decided: true, outcome: verdict.Succeeded, code: none},
		{name: "and by its own code", definition: definition("app", "web"), rule: verdict.Rule{Names: []string{"app"}},
			task:    stopped("STOPPED", exited, ended("app", 137, ""), ended("web", 0, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 137},
		{name: "also one that is not essential, while others run", definition: definition("app?", "web"),
			rule: verdict.Rule{Names: []string{"app"}}, task: runningOn(ended("app", 4, ""), running("web")),
			decided: true, outcome: verdict.Failed, container: "app", code: 4},
		{name: "named ones are awaited", definition: definition("app?", "worker?", "web"),
			rule: verdict.Rule{Names: []string{"app", "worker"}}, task: runningOn(ended("app", 0, ""), running("worker"),
				running("web"))},
		{name: "a named one may start again", definition: with(definition("app?", "web"), "app", restarts()),
			rule: verdict.Rule{Names: []string{"app"}}, task: runningOn(ended("app", 4, ""), running("web"))},
		{name: "not with a code that is not restarted", definition: with(definition("app?", "web"), "app", restarts(4)),
			rule: verdict.Rule{Names: []string{"app"}}, task: runningOn(ended("app", 4, ""), running("web")),
			decided: true, outcome: verdict.Failed, container: "app", code: 4},
		{name: "a named one that could not start", definition: definition("app?", "web"),
			rule: verdict.Rule{Names: []string{"app"}}, task: runningOn(ended("app", none, "CannotPullContainerError: denied"),
				running("web")),
			decided: true, outcome: verdict.Failed, container: "app", code: none},
		{name: "names of no container", definition: definition("web"), rule: verdict.Rule{Names: []string{"app"}},
			task:    stopped("STOPPED", exited, ended("web", 0, "")),
			decided: true, outcome: verdict.Failed, code: none},
		{name: "names of no container do not end a task", definition: definition("web"),
			rule: verdict.Rule{Names: []string{"app"}}, task: runningOn(running("web"))},
		{name: "killed for its memory", definition: definition("proxy", "app"),
			task: stopped("STOPPED", exited, ended("proxy", 137, "OutOfMemoryError: Container killed due to memory usage"),
				ended("app", 0, "")),
			decided: true, outcome: verdict.Failed, container: "proxy", code: 137},
		{name: "the cause is not who was stopped with it", definition: definition("proxy", "app"),
			task:    stopped("STOPPED", exited, ended("proxy", 143, ""), ended("app", 9, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 9},
		{name: "143 alone is a failure", definition: definition("app"),
			task:    stopped("STOPPED", exited, ended("app", 143, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 143},
		{name: "out of memory with code 0 is a note", definition: definition("app"),
			task:    stopped("STOPPED", exited, ended("app", 0, "OutOfMemoryError: Container killed due to memory usage")),
			decided: true, outcome: verdict.Succeeded, code: none, notes: 1},
		{name: "no code", definition: definition("app"),
			task:    stopped("STOPPED", exited, ended("app", none, "CannotInspectContainerError: gone")),
			decided: true, outcome: verdict.Failed, container: "app", code: none},
		{name: "no code is awaited until the end", definition: definition("app"),
			task: stopped("DEPROVISIONING", exited, ended("app", none, ""))},
		{name: "no container at all", definition: definition("app"), task: stopped("STOPPED", exited),
			decided: true, outcome: verdict.Failed, container: "app", code: none},
		{name: "a code of its own goes before none", definition: definition("init", "app"),
			task:    stopped("STOPPED", exited, ended("init", none, ""), ended("app", 4, "")),
			decided: true, outcome: verdict.Failed, container: "app", code: 4},
		{name: "an injected container never decides", definition: definition("app"),
			task: stopped("STOPPED", exited, ended("aws-guardduty-agent-x", none, "CannotPullContainerError: denied"),
				ended("app", 0, "")),
			decided: true, outcome: verdict.Succeeded, code: none},
		{name: "never started", definition: definition("app"),
			task: stopped("STOPPED", types.TaskStopCodeTaskFailedToStart,
				ended("app", none, "CannotPullContainerError: no such image")),
			decided: true, outcome: verdict.NotStarted, container: "app", code: none},
		{name: "Spot", definition: definition("app"),
			task:    stopped("STOPPED", types.TaskStopCodeSpotInterruption, ended("app", 143, "")),
			decided: true, outcome: verdict.Stopped, container: "app", code: 143},
		{name: "host gone", definition: definition("app"),
			task:    stopped("STOPPED", types.TaskStopCodeTerminationNotice, ended("app", none, "")),
			decided: true, outcome: verdict.Stopped, code: none},
		{name: "stopped by somebody, heeded with code 0", definition: definition("app"),
			task:    stopped("STOPPED", types.TaskStopCodeUserInitiated, ended("app", 0, "")),
			decided: true, outcome: verdict.Stopped, code: none},
		{name: "a stop code of the future", definition: definition("app"),
			task:    stopped("STOPPED", "SolarFlare", ended("app", 0, "")),
			decided: true, outcome: verdict.Succeeded, code: none},
		{name: "deleted", definition: definition("app"), task: stopped("DELETED", exited, ended("app", 0, "")),
			decided: true, outcome: verdict.Succeeded, code: none},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, decided := verdict.Judge(tt.definition, tt.task, tt.rule, order(append(tt.earlier, tt.task)...))
			if decided != tt.decided {
				t.Fatalf("Judge() decided = %v, want %v (%+v)", decided, tt.decided, got)
			}
			if !decided {
				return
			}
			code := int32(none)
			if got.ExitCode != nil {
				code = *got.ExitCode
			}
			if got.Outcome != tt.outcome || got.Container != tt.container || code != tt.code || len(got.Notes) != tt.notes {
				t.Errorf("Judge() = %s, container %q, code %d, notes %q, want %s, %q, %d, %d notes", got.Outcome, got.Container,
					code, got.Notes, tt.outcome, tt.container, tt.code, tt.notes)
			}
			if got.Reason == "" || strings.Contains(got.Reason, "%!") || strings.Contains(got.Reason, "null") {
				t.Errorf("Judge() has the reason %q", got.Reason)
			}
		})
	}
}

// links are the ways in which the container app can depend on the container helper.
var links = []struct {
	name  string
	helps bool // the container helper counts as a helper of app
	link  func(app, helper *types.ContainerDefinition)
}{
	{"none", false, func(app, helper *types.ContainerDefinition) {}},
	{"START", true, func(app, helper *types.ContainerDefinition) { dependsOn("helper", "START")(app) }},
	{"HEALTHY", true, func(app, helper *types.ContainerDefinition) { dependsOn("helper", "HEALTHY")(app) }},
	{"COMPLETE", false, func(app, helper *types.ContainerDefinition) { dependsOn("helper", "COMPLETE")(app) }},
	{"SUCCESS", false, func(app, helper *types.ContainerDefinition) { dependsOn("helper", "SUCCESS")(app) }},
	{"links", true, func(app, helper *types.ContainerDefinition) { app.Links = []string{"helper:db"} }},
	{"links without an alias", true, func(app, helper *types.ContainerDefinition) { app.Links = []string{"helper"} }},
	{"volumesFrom", true, func(app, helper *types.ContainerDefinition) {
		app.VolumesFrom = []types.VolumeFrom{{SourceContainer: aws.String("helper")}}
	}},
	{"awsfirelens", true, func(app, helper *types.ContainerDefinition) {
		app.LogConfiguration = &types.LogConfiguration{LogDriver: types.LogDriverAwsfirelens}
		helper.FirelensConfiguration = &types.FirelensConfiguration{Type: types.FirelensConfigurationTypeFluentbit}
	}},
	{"awsfirelens of another", false, func(app, helper *types.ContainerDefinition) {
		helper.FirelensConfiguration = &types.FirelensConfiguration{Type: types.FirelensConfigurationTypeFluentbit}
	}},
	{"the other way round", false, func(app, helper *types.ContainerDefinition) { dependsOn("app", "START")(helper) }},
}

// TestJudgePairs checks all combinations of two containers: whether each is essential, how each
// ended, and how one depends on the other.
func TestJudgePairs(t *testing.T) {
	const outOfMemory = "OutOfMemoryError: Container killed due to memory usage"
	type ending struct {
		code   int32
		reason string
	}
	endings := []ending{{0, ""}, {1, ""}, {137, ""}, {143, ""}, {137, outOfMemory}, {0, outOfMemory}, {none, ""}}
	stoppable := func(e ending) bool { return (e.code == 137 || e.code == 143) && e.reason == "" }
	for _, rule := range []verdict.Rule{{}, {All: true}, {Job: "app"}, {Job: "helper"}, {Names: []string{"app"}},
		{Names: []string{"helper"}}, {Names: []string{"app", "helper"}}} {
		for _, link := range links {
			for _, essential := range [][2]bool{{true, true}, {true, false}, {false, true}} {
				for _, app := range endings {
					for _, helper := range endings {
						d := definition("helper", "app")
						link.link(&d.ContainerDefinitions[1], &d.ContainerDefinitions[0])
						d.ContainerDefinitions[1].Essential, d.ContainerDefinitions[0].Essential = &essential[0], &essential[1]
						answer := stopped("STOPPED", types.TaskStopCodeEssentialContainerExited, ended("app", app.code, app.reason),
							ended("helper", helper.code, helper.reason))
						got, decided := verdict.Judge(d, answer, rule, nil)

						decides := func(name string, essential bool) bool {
							if rule.Names != nil {
								return slices.Contains(rule.Names, name)
							}
							return rule.All || essential
						}
						appDecides, helperDecides := decides("app", essential[0]), decides("helper", essential[1])
						reverse := link.name == "the other way round"
						awaited := link.name == "COMPLETE" || link.name == "SUCCESS"
						helperExcused := stoppable(helper) && app.code == 0 && !awaited && (link.helps && appDecides || rule.Job == "app")
						appExcused := stoppable(app) && helper.code == 0 && (reverse && helperDecides || rule.Job == "helper")
						good := (!appDecides || app.code == 0 || appExcused) && (!helperDecides || helper.code == 0 || helperExcused)
						if !decided || (got.Outcome == verdict.Succeeded) != good {
							t.Errorf("app (essential %v) ended with %v, helper (essential %v) with %v, needed by %s, rule %+v: Judge() = "+
								"%+v, %v, want success %v",
								essential[0], app, essential[1], helper, link.name, rule, got, decided, good)
						}
					}
				}
			}
		}
	}
}

// TestJudgeNeverBetter checks that a failure does not become a success if there is one more
// description, or one more failed deciding container. The additional container has an exit code of
// its own, or nothing depends on it.
func TestJudgeNeverBetter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	codes := []int32{0, 0, 0, 1, 137, 143, none}
	conditions := []types.ContainerCondition{"START", "HEALTHY", "COMPLETE", "SUCCESS"}
	failures := 0
	for range 50_000 {
		var d types.TaskDefinition
		var answer, earlier types.Task
		answer.LastStatus, answer.StopCode = aws.String("STOPPED"), types.TaskStopCodeEssentialContainerExited
		rule := verdict.Rule{All: rnd.IntN(4) == 0}
		n := 1 + rnd.IntN(4)
		for i := range n {
			name := string(rune('a' + i))
			c := types.ContainerDefinition{Name: &name, Essential: aws.Bool(i == 0 || rnd.IntN(3) > 0)}
			if j := rnd.IntN(n); rnd.IntN(2) == 0 && j != i {
				dependsOn(string(rune('a'+j)), conditions[rnd.IntN(4)])(&c)
			}
			d.ContainerDefinitions = append(d.ContainerDefinitions, c)
			answer.Containers = append(answer.Containers, ended(name, codes[rnd.IntN(len(codes))], ""))
			if rnd.IntN(3) == 0 {
				earlier.Containers = append(earlier.Containers, running(name))
			} else {
				earlier.Containers = append(earlier.Containers, answer.Containers[i])
			}
		}
		switch rnd.IntN(4) {
		case 0:
			rule.Job = string(rune('a' + rnd.IntN(n)))
		case 1:
			rule.Names = []string{string(rune('a' + rnd.IntN(n)))}
		}
		before, _ := verdict.Judge(&d, answer, rule, nil)
		if before.Outcome == verdict.Succeeded {
			continue
		}
		failures++
		if v, _ := verdict.Judge(&d, answer, rule, order(earlier)); v.Outcome == verdict.Succeeded {
			t.Fatalf("an answer more makes a success of %+v: %+v, %+v, %+v, rule %+v", before, d, answer, earlier, rule)
		}

		x := types.ContainerDefinition{Name: aws.String("x")}
		if rnd.IntN(2) == 0 {
			dependsOn(string(rune('a'+rnd.IntN(n))), conditions[rnd.IntN(4)])(&x)
		}
		code := codes[3+rnd.IntN(4)]
		if depended := rnd.IntN(2) == 0; depended && (code == 1 || code == none) {
			dependsOn("x", conditions[rnd.IntN(4)])(&d.ContainerDefinitions[rnd.IntN(n)])
		}
		if rule.Names != nil {
			rule.Names = append(rule.Names, "x")
		}
		d.ContainerDefinitions = append(d.ContainerDefinitions, x)
		answer.Containers = append(answer.Containers, ended("x", code, ""))
		if v, _ := verdict.Judge(&d, answer, rule, nil); v.Outcome == verdict.Succeeded {
			t.Fatalf("x with code %d makes a success of %+v: %+v, %+v, rule %+v", code, before, d, answer, rule)
		}
	}
	if failures < 10_000 {
		t.Errorf("%d failures are too few to say anything", failures)
	}
}
