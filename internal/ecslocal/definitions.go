package ecslocal

import (
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/definitions"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

func (s *Server) registerTaskDefinition(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	d, err := s.definitions.Register(in)
	if err != nil {
		return nil, err
	}
	for _, c := range d.Containers() {
		if log := wire.Member(c, "logConfiguration"); wire.Text(log, "logDriver") == "awslogs" {
			options := wire.Member(log, "options")
			s.logs.Expect(wire.Text(options, "awslogs-region"), wire.Text(options, "awslogs-group"))
		}
	}
	return d.Response(true), nil
}

// onDefinitions returns the operation that a method of [definitions.Store] is.
func onDefinitions(do func(*definitions.Store, wire.Object) (any, error)) func(*Server, object, caller) (any, error) {
	return func(s *Server, in object, _ caller) (any, error) {
		s.engine.Lock()
		defer s.engine.Unlock()
		return do(s.definitions, in)
	}
}
