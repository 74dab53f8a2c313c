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
	case strings.HasPrefix(arn, s.arn("task/")):
		if t := s.byARN[arn]; t != nil {
			return &t.tags, nil
		}
	case strings.HasPrefix(arn, s.arn("task-definition/")):
		if d := s.definition(arn); d != nil && d.arn == arn {
			return &d.tags, nil
		}
	case strings.HasPrefix(arn, s.arn("cluster/")):
		for _, c := range s.clusters {
			if c.arn == arn {
				return &c.tags, nil
			}
		}
	default:
		return nil, wire.InvalidParameter("Invalid identifier: the ARN names no task, task definition or cluster of this account and region.")
	}
	return nil, wire.InvalidParameter("The specified resource was not found.")
}

func (s *Server) tagResource(in object, _ caller) (any, error) {
	if err := rules.Tags(object{"tags": in["tags"]}); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsOf(wire.Text(in, "resourceArn"))
	if err != nil {
		return nil, err
	}
	merged := mergeTags(*tags, wire.Objects(in, "tags"))
	if len(merged) > 50 {
		return nil, wire.InvalidParameter("The number of tags must not exceed 50.")
	}
	*tags = merged
	return object{}, nil
}

func (s *Server) untagResource(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsOf(wire.Text(in, "resourceArn"))
	if err != nil {
		return nil, err
	}
	keys := wire.Texts(in, "tagKeys")
	*tags = slices.DeleteFunc(slices.Clone(*tags), func(tag object) bool { return slices.Contains(keys, wire.Text(tag, "key")) })
	return object{}, nil
}

func (s *Server) listTagsForResource(in object, _ caller) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	tags, err := s.tagsOf(wire.Text(in, "resourceArn"))
	if err != nil {
		return nil, err
	}
	return object{"tags": tagsAnswer(*tags)}, nil
}
