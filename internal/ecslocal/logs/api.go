package logs

import (
	"maps"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// An Operation is one action of the API.
type Operation struct {
	In wire.Structure
	Do func(*Store, wire.Object, Caller) (any, error)
}

// Operations returns the actions by their names.
func Operations() map[string]Operation {
	group := wire.Structure{"logGroupName": wire.String, "logGroupIdentifier": wire.String}
	return map[string]Operation{
		"GetLogEvents": {with(group, wire.Structure{
			"logStreamName": wire.String, "startTime": wire.Integer, "endTime": wire.Integer,
			"nextToken": wire.String, "limit": wire.Integer, "startFromHead": wire.Boolean, "unmask": wire.Boolean,
		}), (*Store).GetLogEvents},
		"FilterLogEvents": {with(group, wire.Structure{
			"logStreamNames": wire.List(wire.String), "logStreamNamePrefix": wire.String, "startTime": wire.Integer,
			"endTime":       wire.Integer,
			"filterPattern": wire.String, "nextToken": wire.String, "limit": wire.Integer, "interleaved": wire.Boolean,
			"unmask": wire.Boolean,
		}), (*Store).FilterLogEvents},
		"StartLiveTail": {wire.Structure{
			"logGroupIdentifiers": wire.List(wire.String), "logStreamNames": wire.List(wire.String),
			"logStreamNamePrefixes": wire.List(wire.String), "logEventFilterPattern": wire.String,
		}, (*Store).StartLiveTail},
		"DescribeLogGroups": {wire.Structure{
			"logGroupNamePrefix": wire.String, "logGroupNamePattern": wire.String, "nextToken": wire.String,
			"limit": wire.Integer,
		}, (*Store).DescribeLogGroups},
		"DescribeLogStreams": {with(group, wire.Structure{
			"logStreamNamePrefix": wire.String, "orderBy": wire.String, "descending": wire.Boolean, "nextToken": wire.String,
			"limit": wire.Integer,
		}), (*Store).DescribeLogStreams},
		"CreateLogGroup": {wire.Structure{"logGroupName": wire.String}, (*Store).CreateLogGroup},
		"DeleteLogGroup": {wire.Structure{"logGroupName": wire.String}, (*Store).DeleteLogGroup},
	}
}

func with(a, b wire.Structure) wire.Structure {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}
