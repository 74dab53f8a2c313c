package apischema

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"
)

// requests are the requests that documents are checked against.
var requests = []*smithy.Schema{schemas.RegisterTaskDefinitionRequest, schemas.RunTaskRequest}

// walk calls visit for each schema inside of another one, once by name.
func walk(schema *smithy.Schema, seen map[string]bool, visit func(*smithy.Schema)) {
	if schema.Type() == smithy.ShapeTypeEnum {
		return
	}
	for _, name := range MemberNames(schema) {
		m := schema.Member(name)
		if target := m.TargetID().Name; !seen[target] {
			seen[target] = true
			visit(m)
			walk(m, seen, visit)
		}
	}
}

// TestEnums holds that the values of each enum of a request are known.
func TestEnums(t *testing.T) {
	used := map[string]bool{}
	for _, request := range requests {
		walk(request, map[string]bool{}, func(s *smithy.Schema) {
			if s.Type() != smithy.ShapeTypeEnum {
				return
			}
			name := s.TargetID().Name
			used[name] = true
			if got, want := len(enums[name]), len(s.Members()); got != want {
				t.Errorf("%s has %d values, want the %d of the SDK", name, got, want)
			}
		})
	}
	for name := range enums {
		if !used[name] {
			t.Errorf("%s is in no request", name)
		}
	}
}

// TestPairs holds that the lists that are mended from maps are there.
func TestPairs(t *testing.T) {
	lists := map[string]*smithy.Schema{}
	walk(requests[0], map[string]bool{}, func(s *smithy.Schema) { lists[s.TargetID().Name] = s })
	for name, pair := range pairs {
		list := lists[name]
		if list == nil || list.ListMember().Member(pair.key) == nil || list.ListMember().Member(pair.value) == nil {
			t.Errorf("%s is not a list of %s and %s", name, pair.key, pair.value)
		}
	}
}

// TestRequired holds the table of required members to the SDK's own validators.
func TestRequired(t *testing.T) {
	got := map[string][]string{}
	client := ecs.New(ecs.Options{Region: "eu-west-1", HTTPClient: refuse{}})
	call := func(in any) error {
		var err error
		switch in := in.(type) {
		case *ecs.RegisterTaskDefinitionInput:
			_, err = client.RegisterTaskDefinition(context.Background(), in)
		case *ecs.RunTaskInput:
			_, err = client.RunTask(context.Background(), in)
		}
		return err
	}
	for _, root := range []reflect.Type{reflect.TypeFor[ecs.RegisterTaskDefinitionInput](),
		reflect.TypeFor[ecs.RunTaskInput]()} {
		for _, chain := range chains(root, nil) {
			in := reflect.New(root)
			last := chain.fill(in.Elem())
			name := last.Type().Name()
			var invalid smithy.InvalidParamsError
			if err := call(in.Interface()); !errors.As(err, &invalid) {
				continue // nothing is required
			}
			for _, e := range invalid.Errs() {
				path := strings.ReplaceAll(e.(smithy.InvalidParamError).Field(), "[nvidiaMps]", ".nvidiaMps") // a union's member
				parts := strings.Split(path, ".")
				if field := parts[len(parts)-1]; len(parts) == len(chain)+2 && !slices.Contains(got[name], field) {
					if _, ok := last.Type().FieldByName(field); ok {
						got[name] = append(got[name], field)
					}
				}
			}
		}
	}
	structures := map[string]*smithy.Schema{}
	for _, request := range requests {
		walk(request, map[string]bool{}, func(s *smithy.Schema) { structures[s.TargetID().Name] = s })
	}
	for name, fields := range got {
		for _, field := range fields {
			if !slices.ContainsFunc(required[name], func(m string) bool { return strings.EqualFold(m, field) }) {
				t.Errorf("required[%q] lacks %s", name, field)
			}
		}
	}
	// Numbers that can't be absent in Go have no validator; the API requires them.
	numbers := []string{"Tmpfs.size", "Ulimit.softLimit", "Ulimit.hardLimit", "EphemeralStorage.sizeInGiB"}
	for name, members := range required {
		for _, m := range members {
			switch {
			case structures[name] == nil || structures[name].Member(m) == nil:
				t.Errorf("required[%q] has %s, which the API lacks", name, m)
			case !slices.ContainsFunc(got[name], func(f string) bool { return strings.EqualFold(m, f) }) &&
				!slices.Contains(numbers, name+"."+m):
				t.Errorf("required[%q] has %s, which the SDK does not require", name, m)
			}
		}
	}
	if len(got) < 20 {
		t.Errorf("the SDK requires members of %d structures only: %v", len(got), got)
	}
}

// refuse is an HTTP client that sends nothing.
type refuse struct{}

func (refuse) Do(*http.Request) (*http.Response, error) { return nil, errors.New("refused") }

// A chain is the way from a request to a structure inside of it, by fields.
type chain []int

// chains returns the way to each structure inside of a type.
func chains(t reflect.Type, way chain) []chain {
	var all []chain
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			continue
		}
		if inner := structOf(t.Field(i).Type); inner != nil {
			next := append(slices.Clone(way), i)
			all = append(all, next)
			all = append(all, chains(inner, next)...)
		}
	}
	return all
}

// structOf returns the structure that a field holds, or nil.
func structOf(t reflect.Type) reflect.Type {
	switch {
	case t == reflect.TypeFor[types.SharingStrategy]():
		return reflect.TypeFor[types.SharingStrategyMemberNvidiaMps]()
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice:
		return structOf(t.Elem())
	case t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[types.Task]().PkgPath():
		return t
	}
	return nil
}

// fill makes the structures of a chain and returns the last, which is empty.
func (c chain) fill(v reflect.Value) reflect.Value {
	for _, i := range c {
		v = makeIn(v.Field(i))
	}
	return v
}

// makeIn puts an empty structure into a field and returns it.
func makeIn(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return v.Elem()
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		return v.Index(0)
	case reflect.Interface:
		union := reflect.New(structOf(v.Type()))
		v.Set(union)
		return union.Elem()
	}
	return v
}
