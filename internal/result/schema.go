package result

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"
)

// Schema returns the JSON Schema of [Result.JSON]. It allows additional members, because
// later versions may add them.
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[resultJSON]())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Result of ecs-run-task"
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil { // all its values can be marshalled
		return nil
	}
	return append(text, '\n')
}

// schemaOf returns the schema of a type in JSON.
func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return map[string]any{"type": "object"}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem())
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case t.Kind() == reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case t.Kind() == reflect.Struct:
		return schemaOfStruct(t)
	}
	return map[string]any{"type": map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "boolean",
		reflect.Int: "integer", reflect.Int32: "integer", reflect.Float64: "number",
	}[t.Kind()]}
}

func schemaOfStruct(t reflect.Type) map[string]any {
	properties, required := map[string]any{}, []string{}
	for i := range t.NumField() {
		field := t.Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		schema := schemaOf(field.Type)
		schema["description"] = field.Tag.Get("doc")
		if values := field.Tag.Get("oneof"); values != "" {
			schema["enum"] = strings.Split(values, ",")
		}
		if option != "omitempty" {
			required = append(required, name)
			if field.Type.Kind() == reflect.Pointer {
				schema["type"] = []any{schema["type"], "null"}
			}
		}
		properties[name] = schema
	}
	return map[string]any{"type": "object", "properties": properties, "required": required}
}
