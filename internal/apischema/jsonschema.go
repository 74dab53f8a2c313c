package apischema

import "github.com/aws/smithy-go"

// JSONSchema returns the JSON Schema of a structure of the API, and the schemas of the
// structures inside of it, to which it refers by #/$defs/ and their names.
//
// A value that is not free text may be an expression instead. What [Check] mends with a
// notice, such as a number in place of text, is not in the schema.
func JSONSchema(schema *smithy.Schema) (structure, definitions map[string]any) {
	g := generator{definitions: map[string]any{}}
	return g.structure(schema), g.definitions
}

// A generator collects the structures that others refer to by their names.
type generator struct{ definitions map[string]any }

// expressionOr returns the schema of a value, or of an expression in its place.
func expressionOr(schema map[string]any) map[string]any {
	return map[string]any{"anyOf": []any{schema, map[string]any{"type": "string", "pattern": `\$\{`}}}
}

func (g generator) value(schema *smithy.Schema) map[string]any {
	switch schema.Type() {
	case smithy.ShapeTypeStructure, smithy.ShapeTypeUnion:
		name := schema.TargetID().Name
		if _, known := g.definitions[name]; !known {
			g.definitions[name] = nil // a structure may hold itself
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
		return expressionOr(map[string]any{"enum": EnumValues(schema)})
	}
	return map[string]any{"type": "string"}
}

// structure returns the schema of an object with a structure's members and no others.
func (g generator) structure(schema *smithy.Schema) map[string]any {
	properties := map[string]any{}
	for _, name := range MemberNames(schema) {
		properties[name] = g.value(schema.Member(name))
	}
	object := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if names := Required(schema); len(names) > 0 {
		object["required"] = names
	}
	return object
}
