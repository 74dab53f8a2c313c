package action

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// How many registrations, counts of a family's tasks, and launches are under way at
// the same time. AWS gives an account a bucket of 20 registrations, of 100 reads of
// a cluster, and of 100 launches.
const (
	registrationsAtOnce = 20
	countsAtOnce        = 20
	launchesAtOnce      = 50
)

// step is one run of the line.
type step struct {
	env     Env
	console *report.Report
	config  input.Config
	ci      ci.Run

	keep     *findings // takes warnings instead of the console; nil if it does not
	made     *ledger
	clients  *clients
	runner   task.Runner
	logs     *logs
	started  time.Time                   // when the first launch began; the time-out counts from it
	launchBy time.Time                   // until when capacity is waited for
	services map[string]*runtask.Service // that were looked up
	tags     []taskdef.Tag               // of the tasks
	several  bool                        // tasks
	requests []report.Request            // of a dry run
	commit   string                      // that the definitions were taken from
	files    map[string]bool             // the names of the texts that the definitions were taken from

	mu       sync.Mutex // of what several launches change at once
	timedOut bool
	notRun   []string // family:revision of definitions that were not run, since one before failed
	saved    []string // ARNs of tasks, for the post stage
}

// job is one definition on its way through the step.
type job struct {
	source     *taskdef.Definition // what is to be registered; nil for a registered one
	described  *taskdef.Definition // a registered one, where its text was asked for
	settings   runtask.Settings
	request    map[string]json.RawMessage
	definition *types.TaskDefinition // nil until it is registered or found
	registered bool                  // by this step

	missing  int             // tasks that are to be started
	states   []*task.State   // of the tasks that decide
	fresh    []*task.State   // those of them that the last launch started
	replaced []*task.State   // of tasks that others were started for
	failures []types.Failure // why tasks did not start
	reruns   int             // after a Spot interruption or a lost host
	err      error           // why it could not be registered or launched
}

func newStep(env Env, console *report.Report, config input.Config) *step {
	return &step{env: env, console: console, config: config, ci: ci.Detect(env.LookupEnv)}
}

// run takes the step from its inputs to its exit status.
func (s *step) run(ctx context.Context) int {
	s.mask()
	jobs, err := s.load(ctx)
	if err != nil {
		return s.finish(ctx, jobs, err)
	}
	if s.config.DryRun {
		return s.finish(ctx, jobs, s.dryRun(ctx, jobs))
	}
	if s.clients, err = s.connect(ctx); err != nil {
		return s.finish(ctx, jobs, err)
	}
	defer s.clients.close()
	s.runner = task.Runner{API: s.clients.ecs, Cluster: s.config.Cluster}
	if err := s.prepare(ctx, jobs); err != nil {
		return s.finish(ctx, jobs, err)
	}
	total := 0
	for _, j := range jobs {
		j.missing = j.settings.Count
		total += j.missing
	}
	s.several = total > 1 || s.config.Retries > 0
	s.logs = newLogs(ctx, s.console, s.clients, s.config.Logs && !s.config.SkipSteadyStateCheck, logRule(s.config.LogWait))
	if s.config.Reattach {
		if err := s.reattach(ctx, jobs); err != nil {
			return s.finish(ctx, jobs, err)
		}
	}
	if err := s.register(ctx, jobs); err != nil {
		return s.finish(ctx, jobs, err)
	}
	groups := s.groups(jobs)
	for i, group := range groups {
		err = s.runGroup(ctx, group)
		if err != nil || !good(group) {
			s.tellNotRun(groups[i+1:])
			break
		}
	}
	s.stopServers(ctx, jobs, err)
	return s.finish(ctx, jobs, err)
}

// mask keeps secrets out of whatever is printed from here on.
func (s *step) mask() {
	if s.env.Environ != nil {
		s.console.Mask(ci.Credentials(s.env.Environ())...)
	}
	var short []string
	if s.console.Mask(s.sourceConfig("").Secrets()...) > 0 {
		short = append(short, "the credentials for the repository")
	}
	for _, secret := range s.config.Secrets {
		if s.console.Mask(secret.Value) > 0 {
			short = append(short, "secrets."+secret.Name)
		}
	}
	if len(short) > 0 {
		s.console.Warning(report.Note{
			Title: "secret too short",
			Text:  fmt.Sprintf("not masked, being shorter than 4 characters: %s", strings.Join(short, ", ")),
			Hint:  "a mask of so few characters would make the log unreadable; give what is no secret in variables",
		})
	}
}

// tellNotRun tells which definitions are not run, since one before them failed.
func (s *step) tellNotRun(groups [][]*job) {
	var names []string
	for _, group := range groups {
		for _, j := range group {
			names = append(names, task.Name(j.definition))
		}
	}
	s.notRun = names
	if len(names) > 0 {
		s.console.Printf("not run after that: %s", strings.Join(names, ", "))
	}
}

// groups returns the jobs that run at once, group after group.
func (s *step) groups(jobs []*job) [][]*job {
	if s.config.Order == "sequence" {
		return slices.Collect(slices.Chunk(jobs, 1))
	}
	return [][]*job{jobs}
}

// placed says whether a note's file is one of the workspace.
func (s *step) placed(note report.Note) report.Note {
	note.InWorkspace = len(s.config.FilePaths) > 0 && s.config.Repository == "" && s.files[note.File]
	return note
}
