package ecslocal

import (
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/rules"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// tagsOf returns the tags of the resource with an ARN.
func (s *Server) tagsOf(arn string) (*[]object, error) {
	switch {
	case strings.HasPrefix(arn, s.account.ARN("task/")):
		if t := s.engine.Find(arn); t != nil {
			return &t.Tags, nil
		}
	case strings.HasPrefix(arn, s.account.ARN("task-definition/")):
		if d := s.definitions.Find(arn); d != nil && d.ARN == arn {
			return &d.Tags, nil
		}
	case strings.HasPrefix(arn, s.account.ARN("cluster/")):
		for _, c := range s.engine.Clusters {
			if c.ARN == arn {
				return &c.Tags, nil
			}
		}
	default:
		return nil, wire.InvalidParameter("Invalid identifier: the ARN names no task, task definition or cluster of this " +
			"account and region.")
	}
	return nil, wire.InvalidParameter("The specified resource was not found.")
}

func (s *Server) tagResource(in object, _ caller) (any, error) {
	if err := rules.Tags(object{"tags": in["tags"]}); err != nil {
		return nil, err
	}
	s.engine.Lock()
	defer s.engine.Unlock()
	tags, err := s.tagsOf(wire.Text(in, "resourceArn"))
	if err != nil {
		return nil, err
	}
	merged := wire.MergeTags(*tags, wire.Objects(in, "tags"))
	if len(merged) > 50 {
		return nil, wire.InvalidParameter("The number of tags must not exceed 50.")
	}
	*tags = merged
	return object{}, nil
}

func (s *Server) untagResource(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	tags, err := s.tagsOf(wire.Text(in, "resourceArn"))
	if err != nil {
		return nil, err
	}
	keys := wire.Texts(in, "tagKeys")
	*tags = slices.DeleteFunc(slices.Clone(*tags),
		func(tag object) bool { return slices.Contains(keys, wire.Text(tag, "key")) })
	return object{}, nil
}

func (s *Server) listTagsForResource(in object, _ caller) (any, error) {
	s.engine.Lock()
	defer s.engine.Unlock()
	tags, err := s.tagsOf(wire.Text(in, "resourceArn"))
	if err != nil {
		return nil, err
	}
	return object{"tags": wire.Tags(*tags)}, nil
}
