package runtask

import "github.com/ecs-run-task/ecs-run-task/internal/input"

// JSONSchema returns the JSON Schema of the member x-run-task, which contains the inputs that a
// definition can set for its tasks.
func JSONSchema() map[string]any {
	types := map[string][]string{
		"bool":    {"boolean", "string"},
		"int":     {"integer", "string"},
		"list":    {"array", "string"},
		"command": {"array", "string"},
		"map":     {"object", "string"},
		"string":  {"string", "number", "boolean", "null"},
	}
	properties := map[string]any{}
	for _, row := range input.Rows(&input.Launch{}) {
		schema := map[string]any{"description": row.Help}
		switch {
		case row.Name == "run-task-request" || row.Name == "overrides":
			schema["type"] = "object"
		case len(row.Allowed) > 0:
			schema["anyOf"] = []any{map[string]any{"enum": row.Allowed}, map[string]any{"type": "string", "pattern": `\$\{`}}
		default:
			schema["type"] = types[row.Type]
		}
		properties[row.Name] = schema
	}
	return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
}
