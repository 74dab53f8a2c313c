// Package expand evaluates GitHub's expression language and expands the
// expressions in a document's strings.
//
// The language is that of GitHub's runner, to its coercions, limits and error
// texts. A document is expanded as a tree: the value of an expression is put in
// its place as data, so that no value can change what is around it, and is never
// looked at again for expressions.
//
// The package never reads the environment, the clock, the network or a file: what
// expressions may see is given to it, files as an [fs.FS].
package expand

import (
	"errors"
	"maps"
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// Evaluate returns the value of an expression, which is written without the
// ${{ }} around it: nil, a bool, a float64, a string, a []any or an [*Object].
// The contexts hold values of the same kinds; their keys are the names that the
// expression may use, in any case. A name below them that does not exist is
// null, as in GitHub's runner.
//
// The error is an [*Error].
func Evaluate(expr string, contexts map[string]any) (any, error) {
	v, err := newEvaluation(contexts).run(expr)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Expander expands the expressions in documents. The zero value knows no names.
type Expander struct {
	// Contexts hold the values that ${{ }} may use, of the kinds that [Evaluate]
	// takes. What is in the one called secrets is never part of an error or an
	// explanation.
	Contexts map[string]any

	// Placeholders hold the values of ${workflow.…}, ${app.…} and ${env.…} in an
	// object each, and that of ${deploymentUrl}. With nil those are plain text, as
	// every other ${…} is.
	Placeholders *Object

	// HashFiles is the function hashFiles; [HashFiles] does its work. With nil
	// calling it is an error.
	HashFiles func(patterns ...string) (string, error)
}

// Tree returns a copy of a document with every ${{ expression }} and every
// placeholder replaced by its value, in keys and in strings. What has none is
// shared with the original, which stays as it is.
//
// A string that is one whole expression becomes its value, whatever kind that
// is; null drops the member or item, or makes the whole document null. Within
// text, and in keys, values become text. The parts of a value are at the place
// of the expression. $${{ and $${ stand for ${{ and ${.
//
// The error joins a [*document.Error] for each fault. Among the faults are names
// without a value that an expression counts on: other than in [Evaluate], where
// they are null, they may only be compared, negated, filtered by .* and be on the
// left of || and &&.
func (x Expander) Tree(n *document.Node) (*document.Node, error) {
	e := x.newExpansion()
	out, kept := e.node(n, "")
	if err := errors.Join(e.faults...); err != nil {
		return nil, err
	}
	if !kept {
		out = &document.Node{Place: n.Place}
	}
	return out, nil
}

// Explanation is one expression of a document with its value.
type Explanation struct {
	Place      document.Place
	Path       string // of the string it is in, as in containerDefinitions[0].image
	Expression string // as it is written, with ${{ }} or ${ }
	Value      string // a string as it is, other values as JSON; *** for what comes from secrets
}

// Explain returns the expressions of a document in its order, each with its
// value. Those that are faulty are in the error, which is that of [Expander.Tree].
func (x Expander) Explain(n *document.Node) ([]Explanation, error) {
	e := x.newExpansion()
	e.explain = true
	e.node(n, "")
	return e.explanations, errors.Join(e.faults...)
}

func newEvaluation(contexts map[string]any) *evaluation {
	e := &evaluation{contexts: make(map[string]any, len(contexts)), names: slices.Sorted(maps.Keys(contexts))}
	for name, value := range contexts {
		e.contexts[upper(name)] = value
	}
	return e
}
