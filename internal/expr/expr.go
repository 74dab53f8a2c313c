// Package expr evaluates GitHub's expression language: the language of GitHub's runner, with
// its coercions, limits and error texts.
//
// Its functions are pure: an expression sees the values that the caller gives, and nothing
// of the environment, the clock, the network or files. The package does not know where
// expressions stand in a document; that is the job of the package expand.
package expr

import (
	"maps"
	"slices"
)

// Evaluate returns the value of an expression, which is written without the
// ${{ }} around it: nil, a bool, a float64, a string, a []any or an [*Object].
// The contexts hold values of the same kinds; their keys are the names that the expression
// may use, in any case. A member that does not exist is null, as in GitHub's runner.
//
// The error is an [*Error].
func Evaluate(expr string, contexts map[string]any) (any, error) {
	v, err := NewEvaluator(contexts).Evaluate(expr)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// NewEvaluator returns an evaluator of expressions over contexts, as [Evaluate] takes them.
func NewEvaluator(contexts map[string]any) *Evaluator {
	e := &Evaluator{
		contexts: make(map[string]any, len(contexts)), names: slices.Sorted(maps.Keys(contexts)), functions: functions}
	for name, value := range contexts {
		e.contexts[upper(name)] = value
	}
	return e
}
