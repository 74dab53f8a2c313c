// Package scenario parses the files of the command local-ecs: the scenario, which says
// which tasks and calls fail and how, and the secrets. It converts them to values of
// package ecslocal, and reports all faults with their places.
//
// It never opens a file.
package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// A Scenario is a parsed scenario file.
type Scenario struct {
	Tasks     []ecslocal.Rule
	Calls     []func(ecslocal.Call) ecslocal.Effect
	Instances []ecslocal.Instance // of the cluster default; empty means the default instance
}

// Options returns the scenario as options for [ecslocal.New].
func (s Scenario) Options() []ecslocal.Option {
	options := []ecslocal.Option{ecslocal.Scenario(s.Tasks...)}
	for _, choose := range s.Calls {
		options = append(options, ecslocal.Faults(choose))
	}
	if len(s.Instances) > 0 {
		options = append(options, ecslocal.Clusters(ecslocal.Cluster{Name: "default", Instances: s.Instances}))
	}
	return options
}

// Parse parses a scenario. The error joins one [*document.Error] for each fault.
func Parse(name string, text []byte) (Scenario, error) {
	var s Scenario
	r := &reader{}
	root, err := r.document(name, text)
	if err != nil {
		return s, err
	}
	r.members(root, "", map[string]func(*document.Node, string){
		"tasks": func(n *document.Node, at string) {
			r.items(n, at, func(n *document.Node, at string) { s.Tasks = append(s.Tasks, r.rule(n, at)) })
		},
		"calls": func(n *document.Node, at string) {
			r.items(n, at, func(n *document.Node, at string) { s.Calls = append(s.Calls, r.call(n, at)) })
		},
		"instances": func(n *document.Node, at string) {
			r.items(n, at, func(n *document.Node, at string) { s.Instances = append(s.Instances, r.instance(n, at)) })
		},
	})
	return s, errors.Join(r.faults...)
}

// Secrets parses a map from names or ARNs to values. A map or list as a value becomes JSON.
// The error joins one [*document.Error] for each fault, and contains no values.
func Secrets(name string, text []byte) (map[string]string, error) {
	r := &reader{}
	root, err := r.document(name, text)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string)
	if root.Kind != document.Map {
		r.fault(root, "", "expected a map from the names or ARNs of secrets to their values")
	}
	for _, m := range root.Members {
		switch m.Value.Kind {
		case document.Null:
			r.fault(m.Value, m.Key.Text, "expected a value: a text, or a map for a secret with JSON keys")
		case document.Map, document.List:
			values[m.Key.Text] = string(m.Value.JSON())
		default:
			values[m.Key.Text] = cmp.Or(m.Value.Written, m.Value.Text)
		}
	}
	return values, errors.Join(r.faults...)
}

// A reader parses nodes and collects faults.
type reader struct{ faults []error }

func (r *reader) fault(n *document.Node, at, format string, args ...any) {
	r.faults = append(r.faults, &document.Error{Place: n.Place, Path: at, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) document(name string, text []byte) (*document.Node, error) {
	roots, _, err := document.Parse(name, text)
	if err != nil {
		return nil, err
	}
	if len(roots) > 1 {
		return nil, &document.Error{Place: roots[1].Place, Message: "expected one document"}
	}
	return roots[0], nil
}

// members calls the function of each member of a map.
func (r *reader) members(n *document.Node, at string, read map[string]func(*document.Node, string)) {
	if n.Kind != document.Map {
		r.fault(n, at, "expected a map, found a %s", n.Kind)
		return
	}
	known := slices.Sorted(maps.Keys(read))
	for _, m := range n.Members {
		member := document.MemberPath(at, m.Key.Text)
		if f, found := read[m.Key.Text]; found {
			f(m.Value, member)
			continue
		}
		r.fault(m.Key, member, "unknown member%s", nearest.DidYouMean(m.Key.Text, known))
	}
}

func (r *reader) items(n *document.Node, at string, read func(*document.Node, string)) {
	if n.Kind != document.List {
		r.fault(n, at, "expected a list, found a %s", n.Kind)
		return
	}
	for i, item := range n.Items {
		read(item, document.ItemPath(at, i))
	}
}

// text, number, chance and duration return functions that parse a value into *to.
func (r *reader) text(to *string) func(*document.Node, string) {
	return func(n *document.Node, at string) {
		if n.Kind != document.String || n.Text == "" {
			r.fault(n, at, "expected a text")
			return
		}
		*to = n.Text
	}
}

func (r *reader) number(to *int, least, most int) func(*document.Node, string) {
	return func(n *document.Node, at string) {
		number, err := strconv.Atoi(n.Text)
		if n.Kind != document.Number || err != nil || number < least || number > most {
			r.fault(n, at, "expected a number from %d to %d", least, most)
			return
		}
		*to = number
	}
}

func (r *reader) chance(to *float64) func(*document.Node, string) {
	return func(n *document.Node, at string) {
		number, err := strconv.ParseFloat(n.Text, 64)
		if n.Kind != document.Number || err != nil || !(number > 0 && number <= 1) {
			r.fault(n, at, "expected a number above 0 and up to 1")
			return
		}
		*to = number
	}
}

func (r *reader) duration(to *time.Duration) func(*document.Node, string) {
	return func(n *document.Node, at string) {
		d, err := time.ParseDuration(n.Text)
		if n.Kind != document.String || err != nil || d < 0 {
			r.fault(n, at, "expected a duration such as 5s or 1m30s")
			return
		}
		*to = d
	}
}

const many = 1 << 30

// rule parses an item of tasks.
func (r *reader) rule(n *document.Node, at string) ecslocal.Rule {
	var rule ecslocal.Rule
	r.members(n, at, map[string]func(*document.Node, string){
		"family": func(n *document.Node, at string) {
			r.text(&rule.Family)(n, at)
			if _, err := path.Match(rule.Family, ""); err != nil {
				r.fault(n, at, "expected a family, or a pattern of families such as nightly-*")
			}
		},
		"skip":          r.number(&rule.Skip, 0, many),
		"first":         r.number(&rule.First, 1, many),
		"chance":        r.chance(&rule.Chance),
		"no-room":       r.text(&rule.NoRoom),
		"fail-to-start": r.text(&rule.FailToStart),
		"pending":       r.duration(&rule.Pending),
		"spot-after":    r.duration(&rule.SpotAfter),
		"lost-after":    r.duration(&rule.LostAfter),
		"report-late":   r.duration(&rule.ReportLate),
		"logs-late":     r.duration(&rule.LogsLate),
		"containers": func(n *document.Node, at string) {
			rule.Endings = make(map[string]ecslocal.Ending)
			if n.Kind != document.Map {
				r.fault(n, at, "expected a map from names of containers, or *, to their ends")
				return
			}
			for _, m := range n.Members {
				rule.Endings[m.Key.Text] = r.ending(m.Value, document.MemberPath(at, m.Key.Text))
			}
		},
	})
	return rule
}

// ending parses the end of a container.
func (r *reader) ending(n *document.Node, at string) (e ecslocal.Ending) {
	coded := false
	r.members(n, at, map[string]func(*document.Node, string){
		"exit-code": func(n *document.Node, at string) {
			if coded = n.Kind != document.Null; coded {
				r.number(&e.Code, 0, 255)(n, at)
			}
			e.NoCode = !coded
		},
		"after":  r.duration(&e.After),
		"reason": r.text(&e.Reason),
		"output": func(n *document.Node, at string) {
			r.text(&e.Output)(n, at)
			if !strings.HasSuffix(e.Output, "\n") {
				e.Output += "\n"
			}
		},
	})
	return e
}

// call parses an item of calls: an error response of ECS or CloudWatch Logs.
func (r *reader) call(n *document.Node, at string) func(ecslocal.Call) ecslocal.Effect {
	var operation, code, message string
	status, first, stall := 400, 0, time.Duration(0)
	lost := false
	r.members(n, at, map[string]func(*document.Node, string){
		"operation": func(n *document.Node, at string) {
			r.text(&operation)(n, at)
			if known := ecslocal.OperationNames(); operation != "" && !slices.Contains(known, operation) {
				r.fault(n, at, "%q is not an operation%s", operation, nearest.DidYouMean(operation, known))
			}
		},
		"first":   r.number(&first, 1, many),
		"error":   r.text(&code),
		"message": r.text(&message),
		"status":  r.number(&status, 400, 599),
		"stall":   r.duration(&stall),
		"answer-lost": func(n *document.Node, at string) {
			if lost = n.Text == "true"; n.Kind != document.Bool {
				r.fault(n, at, "expected true or false")
			}
		},
	})
	if operation == "" {
		r.fault(n, at, "operation is missing: the name of the call, such as RunTask or logs:GetLogEvents")
	}
	if code == "" && stall == 0 && !lost {
		r.fault(n, at, "error, stall or answer-lost is missing: how the call fails")
	}
	var effects []ecslocal.Effect
	if stall > 0 {
		effects = append(effects, ecslocal.Stall(stall))
	}
	if lost {
		effects = append(effects, ecslocal.CutAfter())
	}
	if code != "" {
		effects = append(effects, ecslocal.Refuse(status, code, message))
	}
	if first > 0 {
		return ecslocal.First(operation, first, ecslocal.All(effects...))
	}
	return ecslocal.On(operation, ecslocal.All(effects...))
}

// instance parses an item of instances.
func (r *reader) instance(n *document.Node, at string) (i ecslocal.Instance) {
	r.members(n, at, map[string]func(*document.Node, string){
		"cpu":    r.number(&i.CPU, 128, many),
		"memory": r.number(&i.Memory, 6, many),
		"attributes": func(n *document.Node, at string) {
			i.Attributes = make(map[string]string)
			if n.Kind != document.Map {
				r.fault(n, at, "expected a map from names to texts")
				return
			}
			for _, m := range n.Members {
				value := ""
				r.text(&value)(m.Value, document.MemberPath(at, m.Key.Text))
				i.Attributes[m.Key.Text] = value
			}
		},
	})
	return i
}
