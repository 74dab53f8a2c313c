package wire

import (
	"encoding/json"
	"fmt"
	"math"
)

// A Shape is the type of a value in a request: a [Scalar], a [List], a [Map] or a
// [Structure].
type Shape any

// A Scalar is a value that has no members.
type Scalar string

// The scalars of AWS JSON.
const (
	String  Scalar = "String"
	Integer Scalar = "Integer"
	Double  Scalar = "Double"
	Boolean Scalar = "Boolean"
)

// A Structure has members of known names.
type Structure map[string]Shape

type (
	list       struct{ of Shape }
	dictionary struct{ of Shape }
)

// List is the shape of a list whose items have a shape.
func List(of Shape) Shape { return list{of} }

// Map is the shape of a map of any keys whose values have a shape.
func Map(of Shape) Shape { return dictionary{of} }

// Check checks a value by its shape. It removes members that are null, as AWS does, and does not
// check members that the structure does not have.
func Check(value any, s Shape) error {
	switch s := s.(type) {
	case Scalar:
		return checkScalar(value, s)
	case list:
		items, ok := value.([]any)
		if !ok {
			return mismatch(value, "a list")
		}
		for _, item := range items {
			if err := Check(item, s.of); err != nil {
				return err
			}
		}
	case dictionary:
		members, ok := value.(Object)
		if !ok {
			return mismatch(value, "a map")
		}
		for _, member := range members {
			if err := Check(member, s.of); err != nil {
				return err
			}
		}
	case Structure:
		members, ok := value.(Object)
		if !ok {
			return mismatch(value, "a structure")
		}
		for name, member := range members {
			if member == nil {
				delete(members, name)
				continue
			}
			if of, known := s[name]; known {
				if err := Check(member, of); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func checkScalar(value any, s Scalar) error {
	var ok bool
	switch s {
	case String:
		_, ok = value.(string)
	case Boolean:
		_, ok = value.(bool)
	case Double:
		_, ok = value.(json.Number)
	case Integer:
		n, isNumber := value.(json.Number)
		f, err := n.Float64()
		ok = isNumber && err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53
	}
	if ok {
		return nil
	}
	return mismatch(value, string(s))
}

// mismatch returns the error for a value of another type than that of its shape, with the message
// of AWS's decoder.
func mismatch(value any, want string) error {
	var got string
	switch value.(type) {
	case nil:
		got = "NULL_VALUE"
	case bool:
		got = "TRUE_VALUE or FALSE_VALUE"
	case string:
		got = "STRING_VALUE"
	case json.Number:
		got = "NUMBER_VALUE"
	case []any:
		return Refuse("SerializationException", "Start of list found where not expected")
	default:
		return Refuse("SerializationException", "Start of structure or map found where not expected")
	}
	return Refuse("SerializationException", fmt.Sprintf("%s can not be converted to %s", got, article(want)))
}

func article(name string) string {
	switch name {
	case string(Integer):
		return "an " + name
	case string(String), string(Double), string(Boolean):
		return "a " + name
	}
	return name
}
