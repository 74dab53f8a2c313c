// Package ecslocal is Amazon ECS, CloudWatch Logs and what else running tasks needs of AWS, in
// one http.Handler that speaks the AWS JSON 1.1 protocol. Task definitions are validated and
// registered, tasks pass through every state of their life, and containers really run: as
// processes of the host ([Process]) or on a Docker engine ([Docker]). Exit codes and logs are
// theirs.
//
// Any client can use it in the place of AWS: the AWS CLI, an SDK, another tool. Ids, ARNs,
// timestamps, defaults, refusals and their wording are those of AWS where they are known. It
// imports the standard library only, so that it cannot share a client's misunderstandings.
// [Faults] makes calls and tasks go wrong in every way that a client has to survive.
//
// It has everything in memory, in one region and account, and checks no signature and no
// permission: roles are never assumed and containers get no AWS credentials and no metadata
// endpoint. It describes services, but does not run them. It never listens: the program that
// serves the handler decides who can reach it, and whoever can reach it can run commands. It
// refuses requests that a web page could send.
package ecslocal

import (
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// An Option configures the server of [New].
type Option func(*settings)

// settings are what options set.
type settings struct {
	account    wire.Account
	engine     tasks.Options
	values     map[string]string // of secrets
	choose     []func(Call) Effect
	record     func(Call)
	rules      []Rule
	seed       uint64
	clusters   []Cluster
	anyCluster bool
	groups     []string // of logs; nil creates every group on its first use
}

// New returns the services with a cluster named default. Without an executor ([Process],
// [Docker] or [Execute]) RunTask is refused.
func New(options ...Option) *Server {
	o := settings{account: wire.Account{Region: "us-east-1", ID: "123456789012"}}
	for _, option := range options {
		option(&o)
	}
	s := &Server{
		account:     o.account,
		logs:        logs.New(o.account.ID),
		secrets:     secrets.New(o.account.Region, o.account.ID, o.values),
		definitions: definitions.New(o.account),
		launches:    make(map[string]*launch),
		anyCluster:  o.anyCluster,
		operations:  operations(),
		scenario:    newScenario(o.rules, o.seed),
		calls:       calls{record: o.record, choose: o.choose, count: make(map[string]int)},
	}
	if o.groups != nil {
		s.logs.Strict(o.account.Region, o.groups...)
	}
	o.engine.Logs, o.engine.Secrets = s.logs, s.secrets
	s.engine = tasks.New(o.account, o.engine)
	for _, c := range o.clusters {
		s.engine.AddCluster(c)
	}
	if s.engine.Clusters["default"] == nil {
		s.engine.AddCluster(Cluster{Name: "default", Instances: []Instance{{}}})
	}
	return s
}

// Region sets the region; us-east-1 without it. Like AWS, the ECS of one region refuses
// requests that are signed for another.
func Region(name string) Option { return func(o *settings) { o.account.Region = name } }

// Account sets the account's id; 123456789012 without it.
func Account(id string) Option { return func(o *settings) { o.account.ID = id } }

// LogGroups sets the log groups of the region that exist from the start. Others are created
// by a container with the option awslogs-create-group, or by CreateLogGroup, only. A container
// without its log group can't start. Without this option every group is created on its first
// use.
func LogGroups(names ...string) Option {
	return func(o *settings) { o.groups = append(append([]string{}, o.groups...), names...) }
}

// Execute sets the executor of containers.
func Execute(e runtime.Executor) Option { return func(o *settings) { o.engine.Executor = e } }

// Process runs containers as processes of the host: see [runtime.Process].
func Process(environment ...string) Option { return Execute(runtime.Process(environment...)) }

// Docker runs containers with the docker CLI: see [runtime.Docker].
func Docker(environment []string, command ...string) Option {
	return Execute(runtime.Docker(environment, command...))
}

// Output sets the writer of the output, both streams, of containers without awslogs
// configuration; a nil writer discards it. Two containers may write at the same time. A writer
// that is an [io.Closer] is closed when its container has ended.
func Output(open func(taskARN, container string) io.Writer) Option {
	return func(o *settings) { o.engine.Output = open }
}

// Secrets sets the values of secrets and parameters, by their names or ARNs: for containers'
// secrets, and for GetSecretValue and GetParameters. A task with another secret fails to start.
func Secrets(values map[string]string) Option {
	return func(o *settings) { o.values = maps.Clone(values) }
}

// Buckets is S3 as far as environmentFiles need it: a folder for each bucket. Without it a task
// with environmentFiles fails to start.
func Buckets(files fs.FS) Option { return func(o *settings) { o.engine.Buckets = files } }

// Record calls record for every call before it has an effect, faulty ones too, one after
// another.
func Record(record func(Call)) Option { return func(o *settings) { o.record = record } }

// Delay sets the delays.
func Delay(d Delays) Option { return func(o *settings) { o.engine.Delays = d } }

// Clusters adds clusters. One named default replaces the default one, which has one instance
// without limits.
func Clusters(clusters ...Cluster) Option {
	return func(o *settings) { o.clusters = append(o.clusters, clusters...) }
}

// AnyCluster creates a cluster when a request names one that does not exist, with one instance
// without limits. Names that CreateCluster refuses are still refused.
func AnyCluster() Option { return func(o *settings) { o.anyCluster = true } }

// Faults sets a function that chooses, for every call, what goes wrong with it. It is called
// for one call at a time. With several Faults options, all effects happen.
func Faults(choose func(Call) Effect) Option {
	return func(o *settings) { o.choose = append(o.choose, choose) }
}

// Scenario sets the rules. For each task that RunTask starts the first rule that fits applies.
func Scenario(rules ...Rule) Option { return func(o *settings) { o.rules = rules } }

// Seed makes chances and ids the same in every run that makes the same calls in the same order.
// Chances depend on the tasks of a family alone, so that families may run at the same time.
func Seed(seed uint64) Option {
	return func(o *settings) {
		o.seed = seed
		o.engine.Random = rand.New(rand.NewPCG(seed, 0))
	}
}
