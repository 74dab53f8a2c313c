package taskdef

import (
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/smithy-go"
)

// JSONSchema returns the JSON Schema of a task definition, or of a list of them, for editors:
// the members, types and allowed values that [Decode] goes by. run is the schema of the
// member x-run-task.
//
// A value that is not free text may be an expression instead. What Decode mends with a notice,
// such as a number in place of text, is not in the schema, nor is what takes more than one
// member to decide.
func JSONSchema(run map[string]any) []byte {
	g := schemaGenerator{definitions: map[string]any{}}
	root := schemas.RegisterTaskDefinitionRequest
	definition := g.structure(root)
	properties := definition["properties"].(map[string]any)
	for _, name := range describeOnly {
		properties[name] = map[string]any{"description": "Left out: what DescribeTaskDefinition adds."}
	}
	properties["$schema"] = map[string]any{"type": "string"}
	properties[runMember] = run
	definition["patternProperties"] = map[string]any{"^x-": map[string]any{}}
	definition["required"] = []string{"containerDefinitions"}
	g.definitions["TaskDefinition"] = definition
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
		"$defs":   g.definitions,
	}, "", "  ")
	if err != nil {
		panic(err) // it holds nothing that can't be marshalled
	}
	return append(text, '\n')
}

// schemaGenerator collects the structures that others refer to by their names.
type schemaGenerator struct{ definitions map[string]any }

// expressionOr returns the schema of a value, or of an expression in its place.
func expressionOr(schema map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{schema, map[string]any{"type": "string", "pattern": `\$\{`}}}
}

func (g schemaGenerator) value(schema *smithy.Schema) map[string]any {
	switch schema.Type() {
	case smithy.ShapeTypeStructure, smithy.ShapeTypeUnion:
		name := schema.TargetID().Name
		if _, known := g.definitions[name]; !known {
			g.definitions[name] = nil // in the making: a structure may hold itself
			g.definitions[name] = g.structure(schema)
		}
		return map[string]any{"$ref": "#/$defs/" + name}
	case smithy.ShapeTypeList:
		return expressionOr(map[string]any{"type": "array", "items": g.value(schema.ListMember())})
	case smithy.ShapeTypeMap:
		return map[string]any{"type": "object", "additionalProperties": g.value(schema.MapValue())}
	case smithy.ShapeTypeBoolean:
		return expressionOr(map[string]any{"type": "boolean"})
	case smithy.ShapeTypeInteger, smithy.ShapeTypeLong:
		return expressionOr(map[string]any{"type": "integer"})
	case smithy.ShapeTypeEnum:
		return expressionOr(map[string]any{"enum": enumValues(schema)})
	}
	return map[string]any{"type": "string"}
}

// structure returns the schema of an object with a structure's members and no others.
func (g schemaGenerator) structure(schema *smithy.Schema) map[string]any {
	properties := map[string]any{}
	for _, name := range memberNames(schema) {
		properties[name] = g.value(schema.Member(name))
	}
	object := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if names := required[schema.TargetID().Name]; len(names) > 0 {
		object["required"] = names
	}
	return object
}
