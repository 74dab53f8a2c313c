package joined_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/joined"
)

func ExampleErrors() {
	err := errors.Join(errors.New("a"), errors.Join(errors.New("b"), errors.New("c")))
	for _, one := range joined.Errors(err) {
		fmt.Println(one)
	}
	// Output:
	// a
	// b
	// c
}

func TestErrors(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	with := fmt.Errorf("both: %w and %w", a, b)
	for _, tt := range []struct {
		err  error
		want int
	}{
		{nil, 0},
		{a, 1},
		{fmt.Errorf("read: %w", errors.Join(a, b)), 1},
		{with, 1},
		{errors.Join(with, nil, errors.Join(a)), 2},
	} {
		if got := joined.Errors(tt.err); len(got) != tt.want {
			t.Errorf("Errors(%v) = %q, want %d errors", tt.err, got, tt.want)
		}
	}
}
