package ecslocal

import (
	"context"
	"sync"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/secrets"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/tasks"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

type object = wire.Object

// Delays are how long a task is in each state at least.
type Delays = tasks.Delays

// The configuration of clusters and services.
type (
	Cluster   = tasks.Cluster
	Provider  = tasks.Provider
	Instance  = tasks.Instance
	Service   = tasks.Service
	Placement = tasks.Placement
)

// A Server is the services. It is safe for concurrent use. [New] returns one; Close ends what
// it runs.
type Server struct {
	account     wire.Account
	engine      *tasks.Engine // its lock guards definitions and launches too
	logs        *logs.Store
	secrets     *secrets.Store
	definitions *definitions.Store
	launches    map[string]*launch // by cluster and client token
	anyCluster  bool
	operations  map[string]operation
	scenario    scenario
	calls       calls
}

// An operation is one action of the API.
type operation struct {
	in wire.Structure
	do func(*Server, object, caller) (any, error)
}

// A caller is what an operation reads of its request beside the body.
type caller struct {
	ctx    context.Context
	region string // of the signature
	effect plan   // of faults
	wait   wait   // only of DescribeTasks
}

// calls counts calls and chooses what goes wrong with them.
type calls struct {
	sync.Mutex // orders the calls of record and choose
	record     func(Call)
	choose     []func(Call) Effect
	count      map[string]int
}

// A launch is what a client token stands for.
type launch struct {
	at       time.Time
	request  string // canonical
	tasks    []*tasks.Task
	failures []any
}

// Close kills every container that still runs and waits for all of them: nothing of the
// server runs any more when it returns, which is always with nil. Later RunTask calls are
// refused; tasks can still be described.
func (s *Server) Close() error {
	s.engine.Close()
	return nil
}
