// Package ecslocal is Amazon ECS and CloudWatch Logs, as much of them as
// running tasks needs, in one http.Handler that speaks the AWS JSON 1.1
// protocol. Task definitions are validated and registered, tasks pass through
// every state of their lifecycle, and containers really run: as processes of
// the host ([Process]) or on a Docker engine ([Docker]). Exit codes and logs
// are those of what ran.
//
// It aims to be taken for the real service by any client: the AWS CLI, an SDK,
// another tool. Ids, ARNs, timestamps, defaults, refusals and their wording are
// AWS's where these are known. It imports nothing but the standard library, so
// that a client's misunderstandings can't be shared. [Faults] makes calls and
// tasks go wrong in every way a client has to survive.
//
// It holds everything in memory, in one region and account, and checks no
// signature and no permission: roles are never assumed and containers get no
// AWS credentials and no metadata endpoint. Services and clusters are described
// but services are not managed. It never
// listens: whoever serves the handler decides who can reach it, and whoever can
// reach it can run commands. Requests a web page could send are refused.
package ecslocal

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"sync"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
)

const maxBody = 1 << 20 // bytes of a request

type object = wire.Object

// An Option changes what [New] makes.
type Option func(*Server)

// A Server is the two services. It is safe for concurrent use. Make one with
// [New]; Close ends what it runs.
type Server struct {
	region, account string
	executor        runtime.Executor
	output          func(taskARN, container string) io.Writer
	values          map[string]string // of secrets
	buckets         fs.FS
	delays          Delays
	faults          []func(Call) Effect
	record          func(Call)
	rules           []Rule
	seed            uint64
	named           []Cluster
	anyCluster      bool
	groups          []string // of logs; nil makes every group that is asked for
	operations      map[string]operation

	life context.Context // ends with Close
	end  context.CancelFunc
	work sync.WaitGroup // of every task

	callMu sync.Mutex // orders calls for record and faults
	calls  map[string]int

	mu       sync.Mutex // holds all that follows, and every task
	closed   bool
	clusters map[string]*cluster
	families map[string][]*definition // revision n is at n-1
	tasks    []*task                  // in the order they were started
	byARN    map[string]*task
	launches map[string]*launch // by cluster and client token
	ids      *rand.Rand         // nil for random ids
	ruled    []*ruled
	logs     *logs.Store
	secrets  *secrets.Store
}

// New returns the two services with a cluster named default. Without an
// executor ([Process], [Docker] or [Execute]) RunTask is refused.
func New(options ...Option) *Server {
	life, end := context.WithCancel(context.Background())
	s := &Server{
		region:   "us-east-1",
		account:  "123456789012",
		life:     life,
		end:      end,
		calls:    make(map[string]int),
		clusters: make(map[string]*cluster),
		families: make(map[string][]*definition),
		byARN:    make(map[string]*task),
		launches: make(map[string]*launch),
	}
	for _, option := range options {
		option(s)
	}
	s.delays = s.delays.filled()
	s.logs = logs.New(s.account)
	s.secrets = secrets.New(s.region, s.account, s.values)
	if s.groups != nil {
		s.logs.Strict(s.region, s.groups...)
	}
	s.operations = operations()
	for _, r := range s.rules {
		s.ruled = append(s.ruled, &ruled{r, make(map[string]int)})
	}
	s.makeClusters()
	if e, ok := s.executor.(interface{ Recover(context.Context) }); ok {
		s.work.Go(func() { e.Recover(s.life) })
	}
	return s
}

// Region sets the region; us-east-1 without it. Like AWS, the ECS of one region
// refuses requests that are signed for another.
func Region(name string) Option { return func(s *Server) { s.region = name } }

// Account sets the account's id; 123456789012 without it.
func Account(id string) Option { return func(s *Server) { s.account = id } }

// LogGroups makes the log groups of the region that are there from the start;
// others are there only when made, by a container with the option
// awslogs-create-group or by CreateLogGroup. A container without its log group
// can't start. Without this option every group that is asked for is made.
func LogGroups(names ...string) Option {
	return func(s *Server) { s.groups = append(append([]string{}, s.groups...), names...) }
}

// Execute sets what containers run on.
func Execute(e runtime.Executor) Option { return func(s *Server) { s.executor = e } }

// Process runs containers as processes of the host: see [runtime.Process].
func Process(environment ...string) Option { return Execute(runtime.Process(environment...)) }

// Docker runs containers with the docker CLI: see [runtime.Docker].
func Docker(environment []string, command ...string) Option {
	return Execute(runtime.Docker(environment, command...))
}

// Output gives what a container without awslogs configuration prints, both of
// its streams, to the writer that open returns; nil discards it. Two containers
// may write at the same time. A writer that is an [io.Closer] is closed when its
// container has ended.
func Output(open func(taskARN, container string) io.Writer) Option {
	return func(s *Server) { s.output = open }
}

// Secrets gives the values of secrets and parameters, by their names or ARNs: for
// containers' secrets, and for GetSecretValue and GetParameters. A task with another
// secret fails to start.
func Secrets(values map[string]string) Option {
	return func(s *Server) { s.values = maps.Clone(values) }
}

// Buckets is S3 as far as environmentFiles need it: a folder for each bucket.
// Without it a task with environmentFiles fails to start.
func Buckets(files fs.FS) Option { return func(s *Server) { s.buckets = files } }

// Record calls seen for every call before it is acted on, faulty ones too, one
// after another.
func Record(seen func(Call)) Option { return func(s *Server) { s.record = seen } }

// Close kills every container that still runs and waits for all of them: nothing
// of the server runs any more when it returns, which is always with nil. Later
// RunTask calls are refused; what was run can still be described.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.work.Wait()
	return nil
}

// iamARN returns the ARN of one of the account's users or roles.
func (s *Server) iamARN(resource string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", wire.Partition(s.region), s.account, resource)
}

// arn returns the ARN of one of the account's ECS resources.
func (s *Server) arn(format string, args ...any) string {
	return fmt.Sprintf("arn:%s:ecs:%s:%s:", wire.Partition(s.region), s.region, s.account) + fmt.Sprintf(format, args...)
}
