package taskdef

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
)

// JSONSchema returns the JSON Schema of a task definition, or of a list of them, for editors:
// the members, types and allowed values that [Decode] accepts. run is the schema of the
// member x-run-task.
//
// A value that is not free text may be an expression instead. What Decode mends with a notice,
// such as a number in place of text, is not in the schema, nor is what takes more than one
// member to decide.
func JSONSchema(run map[string]any) []byte {
	definition, definitions := apischema.JSONSchema(schemas.RegisterTaskDefinitionRequest)
	properties := definition["properties"].(map[string]any)
	for _, name := range describeOnly {
		properties[name] = map[string]any{"description": "Left out: what DescribeTaskDefinition adds."}
	}
	properties["$schema"] = map[string]any{"type": "string"}
	properties[runMember] = run
	definition["patternProperties"] = map[string]any{"^x-": map[string]any{}}
	definition["required"] = []string{"containerDefinitions"}
	definitions["TaskDefinition"] = definition
	reference := map[string]any{"$ref": "#/$defs/TaskDefinition"}
	described := map[string]any{ // what aws ecs describe-task-definition prints
		"type": "object", "required": []string{"taskDefinition"}, "additionalProperties": false,
		"properties": map[string]any{
			"taskDefinition": reference, "tags": properties["tags"], "$schema": map[string]any{"type": "string"},
		},
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "Amazon ECS task definition for ecs-run-task",
		"anyOf":   []any{reference, described, map[string]any{"type": "array", "items": reference}},
		"$defs":   definitions,
	}, "", "  ")
	if err != nil {
		panic(err) // all of its values can be marshalled
	}
	return append(text, '\n')
}
