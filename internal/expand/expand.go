// Package expand replaces the expressions and placeholders in the strings of a document by
// their values. A document is expanded as a tree: a value is inserted as data, so that it
// cannot change what is around it, and is not searched for expressions again.
//
// The package never reads the environment, the clock, the network or a file: its caller
// gives it the values, and files as an [fs.FS]. The language itself is the package expr.
package expand

import (
	"errors"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/expr"
)

// Expander expands the expressions in documents. The zero value knows no names.
type Expander struct {
	// Contexts hold the values that ${{ }} may use, of the kinds that [expr.Evaluate]
	// takes. Values of the context secrets are never part of an error or an explanation.
	Contexts map[string]any

	// Placeholders hold the values of ${workflow.…}, ${app.…} and ${env.…} in an
	// object each, and that of ${deploymentUrl}. If it is nil, those are plain text, as
	// every other ${…} is.
	Placeholders *expr.Object

	// HashFiles is the function hashFiles; [HashFiles] does its work. If it is nil, a call
	// of it is an error.
	HashFiles func(patterns ...string) (string, error)
}

// Tree returns a copy of a document in which every ${{ expression }} and every placeholder
// in keys and in strings is replaced by its value. The copy shares other nodes with the
// original, which is not changed.
//
// A string that is one whole expression becomes its value, of any kind; null drops the
// member or item, or makes the whole document null. Within text, and in keys, values become
// text. The parts of a value have the place of the expression. $${{ and $${ stand for ${{
// and ${.
//
// The error joins a [*document.Error] for each fault. A missing value where an expression
// needs one is a fault, other than in [expr.Evaluate], where it is null: see
// [expr.Evaluator].
func (x Expander) Tree(n *document.Node) (*document.Node, error) {
	e := x.newExpansion()
	out, present := e.node(n, "")
	if err := errors.Join(e.faults...); err != nil {
		return nil, err
	}
	if !present {
		out = &document.Node{Place: n.Place}
	}
	return out, nil
}

// Explain returns the expressions of a document in its order, each with its value. The
// error has those with faults, and is that of [Expander.Tree].
func (x Expander) Explain(n *document.Node) ([]Explanation, error) {
	e := x.newExpansion()
	e.explain = true
	e.node(n, "")
	return e.explanations, errors.Join(e.faults...)
}

func (x Expander) newExpansion() *expansion {
	e := expr.NewEvaluator(x.Contexts)
	e.Strict, e.HashFiles = true, x.HashFiles
	return &expansion{
		evaluator:    e,
		placeholders: x.Placeholders,
		secrets:      masker(e.Context("secrets")),
	}
}
