package ecslocal_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
)

// A model is AWS's description of a service, as botocore carries it.
type model struct {
	Operations map[string]struct {
		Output struct{ Shape string }
	}
	Shapes map[string]struct {
		Type       string
		Enum       []string
		Members    map[string]struct{ Shape string }
		Member     struct{ Shape string }
		Key, Value struct{ Shape string }
	}
}

// models returns the models of the services, nil where botocore is not there.
var models = sync.OnceValue(func() map[string]model {
	const program = `
import json, botocore.loaders
load = botocore.loaders.Loader().load_service_model
print(json.dumps({name: load(name, "service-2") for name in ("ecs", "logs", "secretsmanager", "ssm")}))`
	out, err := exec.Command("python3", "-c", program).Output()
	if err != nil {
		return nil
	}
	var m map[string]model
	if err := json.Unmarshal(out, &m); err != nil {
		panic(err)
	}
	return m
})

func TestModel(t *testing.T) {
	if models() == nil {
		t.Skip("python3 with botocore is not installed: the tests' answers are not held against AWS's model")
	}
	bad := object{"taskArns": []any{1.0}, "more": true}
	if got := fit("ListTasks", bad); len(got) != 2 {
		t.Errorf("fit(ListTasks, %v) = %q, want 2 faults", bad, got)
	}
}

// fit returns what is wrong with an operation's answer, by the model.
func fit(operation string, answer object) []string {
	service := "ecs"
	if other, name, found := strings.Cut(operation, ":"); found {
		service, operation = other, name
	}
	m, known := models()[service]
	if !known {
		return nil
	}
	shape := m.Operations[operation].Output.Shape
	if shape == "" {
		if len(answer) > 0 {
			return []string{operation + " has no output"}
		}
		return nil
	}
	return m.fit(shape, operation, answer)
}

func (m model) fit(shape, path string, v any) (faults []string) {
	s := m.Shapes[shape]
	ok := true
	switch s.Type {
	case "string":
		var value string
		value, ok = v.(string)
		if ok && len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
			return []string{fmt.Sprintf("%s: %q is none of %q", path, value, s.Enum)}
		}
	case "boolean":
		_, ok = v.(bool)
	case "double", "float", "timestamp":
		_, ok = v.(float64)
	case "integer", "long":
		var n float64
		n, ok = v.(float64)
		ok = ok && n == math.Trunc(n)
	case "list":
		var items []any
		items, ok = v.([]any)
		for i, item := range items {
			faults = append(faults, m.fit(s.Member.Shape, fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	case "map":
		var members object
		members, ok = v.(object)
		for key, member := range members {
			faults = append(faults, m.fit(s.Value.Shape, path+"."+key, member)...)
		}
	case "structure":
		var members object
		members, ok = v.(object)
		for name, member := range members {
			of, known := s.Members[name]
			if !known {
				faults = append(faults, path+"."+name+": the model has no such member")
				continue
			}
			faults = append(faults, m.fit(of.Shape, path+"."+name, member)...)
		}
	}
	if !ok {
		faults = append(faults, fmt.Sprintf("%s: %v is no %s", path, v, s.Type))
	}
	return faults
}
