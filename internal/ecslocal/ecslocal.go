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
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/runtime"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
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
	secret          func(valueFrom string) (string, error)
	delays          Delays
	faults          []func(Call) Effect
	record          func(Call)
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
	logs     *logs.Store
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
	if s.groups != nil {
		s.logs.Strict(s.region, s.groups...)
	}
	s.operations = operations()
	s.makeClusters()
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

// Secrets gives the values of containers' secrets, by their valueFrom. Without
// it a task with secrets fails to start, as one whose role may not read them.
func Secrets(value func(valueFrom string) (string, error)) Option {
	return func(s *Server) { s.secret = value }
}

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

// An operation is one action of the API.
type operation struct {
	in wire.Structure
	do func(*Server, object, caller) (any, error)
}

// A caller is what a request's signature says of its sender.
type caller struct {
	ctx    context.Context
	region string
	effect plan // what a fault makes of the call
	wait   wait // only of DescribeTasks
}

// ServeHTTP answers one API request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, region, body, err := s.read(w, r)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	op, known := s.operations[name]
	if !known {
		wire.WriteError(w, wire.Refuse("UnknownOperationException", fmt.Sprintf("the local ECS has no operation %s", name)))
		return
	}
	request, err := wire.Decode(body)
	if err == nil {
		err = wire.Check(request, op.in)
	}
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	wait, err := waitOf(r.Header)
	if err != nil {
		wire.WriteError(w, err)
		return
	}
	effect := s.decide(name, request)
	if !s.stall(r.Context(), effect.stall) || effect.cutBefore {
		panic(http.ErrAbortHandler)
	}
	if effect.refusal != nil {
		wire.WriteError(w, effect.refusal)
		return
	}
	answer, err := op.do(s, request, caller{ctx: r.Context(), region: region, effect: effect, wait: wait})
	switch {
	case effect.cutAfter:
		panic(http.ErrAbortHandler)
	case err != nil:
		wire.WriteError(w, err)
	case effect.lost != nil:
		wire.WriteError(w, effect.lost)
	case effect.cutWithin:
		wire.WriteAnswer(wire.Halve(w), effect.rewritten(answer))
	default:
		wire.WriteAnswer(w, effect.rewritten(answer))
	}
}

// read takes a request apart and refuses what no AWS client sends. It returns
// the operation's name, the region it was signed for, and the body.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (name, region string, body []byte, err error) {
	if r.Method != http.MethodPost {
		return "", "", nil, wire.RefuseStatus(http.StatusMethodNotAllowed, "MethodNotAllowedException", "only POST is answered")
	}
	if r.Header.Get("Origin") != "" {
		return "", "", nil, wire.RefuseStatus(http.StatusForbidden, "AccessDeniedException", "requests of web pages are not answered")
	}
	service, name, found := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if !found || service != ecsTarget && service != logsTarget || strings.Contains(name, ":") {
		return "", "", nil, wire.Refuse("UnknownOperationException", "X-Amz-Target must name an operation of "+ecsTarget+" or "+logsTarget)
	}
	if got, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); got != wire.ContentType {
		return "", "", nil, wire.Refuse("SerializationException", "Content-Type must be "+wire.ContentType)
	}
	if region, err = s.scope(r.Header.Get("Authorization"), service); err != nil {
		return "", "", nil, err
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			err = wire.RefuseStatus(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", fmt.Sprintf("the body is larger than %d bytes", maxBody))
		}
		return "", "", nil, err
	}
	if service == logsTarget {
		name = "logs:" + name
	}
	return name, region, body, nil
}

// scope returns the region of a signature's credential scope.
func (s *Server) scope(authorization, service string) (region string, err error) {
	missing := wire.RefuseStatus(http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
	fields, signed := strings.CutPrefix(authorization, "AWS4-HMAC-SHA256 ")
	if !signed || !strings.Contains(fields, "Signature=") {
		return "", missing
	}
	_, credential, _ := strings.Cut(fields, "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return "", missing
	}
	region, signedFor := parts[len(parts)-3], parts[len(parts)-2]
	want := "ecs"
	if service == logsTarget {
		want = "logs"
	}
	switch {
	case signedFor != want:
		return "", wire.Refuse("InvalidSignatureException", fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", want))
	case want == "ecs" && region != s.region:
		return "", wire.Refuse("InvalidSignatureException", fmt.Sprintf("Credential should be scoped to a valid region. This is %s, not %s.", s.region, region))
	}
	return region, nil
}

// stall waits, and reports whether the client is still there to be answered.
func (s *Server) stall(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.life.Done():
	}
	return false
}

const (
	ecsTarget  = "AmazonEC2ContainerServiceV20141113"
	logsTarget = "Logs_20140328"
)

// operations returns the API. Those of CloudWatch Logs begin with "logs:".
func operations() map[string]operation {
	return map[string]operation{
		"RegisterTaskDefinition":     {rules.Register, (*Server).registerTaskDefinition},
		"DescribeTaskDefinition":     {wire.Structure{"taskDefinition": wire.String, "include": wire.List(wire.String)}, (*Server).describeTaskDefinition},
		"DeregisterTaskDefinition":   {wire.Structure{"taskDefinition": wire.String}, (*Server).deregisterTaskDefinition},
		"DeleteTaskDefinitions":      {wire.Structure{"taskDefinitions": wire.List(wire.String)}, (*Server).deleteTaskDefinitions},
		"ListTaskDefinitions":        {wire.Structure{"familyPrefix": wire.String, "status": wire.String, "sort": wire.String, "nextToken": wire.String, "maxResults": wire.Integer}, (*Server).listTaskDefinitions},
		"ListTaskDefinitionFamilies": {wire.Structure{"familyPrefix": wire.String, "status": wire.String, "nextToken": wire.String, "maxResults": wire.Integer}, (*Server).listTaskDefinitionFamilies},
		"RunTask":                    {runTaskShape, (*Server).runTask},
		"DescribeTasks":              {wire.Structure{"cluster": wire.String, "tasks": wire.List(wire.String), "include": wire.List(wire.String)}, (*Server).describeTasks},
		"ListTasks": {wire.Structure{
			"cluster": wire.String, "containerInstance": wire.String, "family": wire.String, "nextToken": wire.String, "maxResults": wire.Integer,
			"startedBy": wire.String, "serviceName": wire.String, "desiredStatus": wire.String, "launchType": wire.String,
		}, (*Server).listTasks},
		"StopTask":         {wire.Structure{"cluster": wire.String, "task": wire.String, "reason": wire.String}, (*Server).stopTask},
		"DescribeServices": {wire.Structure{"cluster": wire.String, "services": wire.List(wire.String), "include": wire.List(wire.String)}, (*Server).describeServices},
		"ListServices":     {wire.Structure{"cluster": wire.String, "nextToken": wire.String, "maxResults": wire.Integer, "launchType": wire.String, "schedulingStrategy": wire.String}, (*Server).listServices},
		"DescribeClusters": {wire.Structure{"clusters": wire.List(wire.String), "include": wire.List(wire.String)}, (*Server).describeClusters},
		"CreateCluster": {wire.Structure{
			"clusterName": wire.String, "tags": rules.TagList, "settings": wire.List(wire.Structure{"name": wire.String, "value": wire.String}),
			"capacityProviders": wire.List(wire.String), "defaultCapacityProviderStrategy": strategyShape,
		}, (*Server).createCluster},
		"DeleteCluster":       {wire.Structure{"cluster": wire.String}, (*Server).deleteCluster},
		"ListClusters":        {wire.Structure{"nextToken": wire.String, "maxResults": wire.Integer}, (*Server).listClusters},
		"TagResource":         {wire.Structure{"resourceArn": wire.String, "tags": rules.TagList}, (*Server).tagResource},
		"UntagResource":       {wire.Structure{"resourceArn": wire.String, "tagKeys": wire.List(wire.String)}, (*Server).untagResource},
		"ListTagsForResource": {wire.Structure{"resourceArn": wire.String}, (*Server).listTagsForResource},

		"logs:GetLogEvents":       {logs.GetEvents, logsOperation((*logs.Store).GetLogEvents)},
		"logs:DescribeLogGroups":  {wire.Structure{"logGroupNamePrefix": wire.String, "nextToken": wire.String, "limit": wire.Integer}, logsOperation((*logs.Store).DescribeLogGroups)},
		"logs:DescribeLogStreams": {wire.Structure{"logGroupName": wire.String, "logGroupIdentifier": wire.String, "logStreamNamePrefix": wire.String, "orderBy": wire.String, "descending": wire.Boolean, "nextToken": wire.String, "limit": wire.Integer}, logsOperation((*logs.Store).DescribeLogStreams)},
		"logs:CreateLogGroup":     {wire.Structure{"logGroupName": wire.String}, logsOperation((*logs.Store).CreateLogGroup)},
	}
}

// logsOperation is an operation of the log store.
func logsOperation(do func(*logs.Store, object, logs.Caller) (any, error)) func(*Server, object, caller) (any, error) {
	return func(s *Server, in object, from caller) (any, error) {
		return do(s.logs, in, logs.Caller{Region: from.region, Empty: from.effect.page.empty, Stuck: from.effect.page.stuck})
	}
}

// iamARN returns the ARN of one of the account's users or roles.
func (s *Server) iamARN(resource string) string {
	return fmt.Sprintf("arn:%s:iam::%s:%s", wire.Partition(s.region), s.account, resource)
}

// arn returns the ARN of one of the account's ECS resources.
func (s *Server) arn(format string, args ...any) string {
	return fmt.Sprintf("arn:%s:ecs:%s:%s:", wire.Partition(s.region), s.region, s.account) + fmt.Sprintf(format, args...)
}
