package input

import (
	"reflect"
	"testing"
)

// TestHelp checks that every input has a description, and that every description has an
// input.
func TestHelp(t *testing.T) {
	unused := map[string]bool{}
	for key := range help {
		unused[key] = true
	}
	var visit func(config reflect.Type)
	visit = func(config reflect.Type) {
		for i := range config.NumField() {
			field := config.Field(i)
			if field.Anonymous {
				visit(field.Type)
				continue
			}
			if _, argument := field.Tag.Lookup("argument"); argument {
				continue
			}
			key := config.Name() + "." + field.Name
			delete(unused, key)
			if help[key] == "" {
				t.Errorf("help[%q] is empty", key)
			}
		}
	}
	for _, config := range []any{Config{}, Check{}, Leftover{}, Init{}, LocalECS{}} {
		visit(reflect.TypeOf(config))
	}
	for key := range unused {
		t.Errorf("help[%q] is of no input", key)
	}
}
