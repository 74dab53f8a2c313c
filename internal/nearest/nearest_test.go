package nearest_test

import (
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

func TestName(t *testing.T) {
	known := []string{
		"memory", "memoryReservation", "command", "cpu", "IMAGE_TAG", "logDriver", "environmentFiles",
		"environment", "ab",
	}
	for _, tt := range []struct{ name, in, want string }{
		{"one letter too many", "memoryy", "memory"},
		{"two letters swapped", "IMAGE_TGA", "IMAGE_TAG"},
		{"another case", "logdriver", "logDriver"},
		{"letter missing", "comand", "command"},
		{"short name, one letter off", "cpy", "cpu"},
		{"the beginning, of the shorter", "env", "environment"},
		{"the beginning in another case", "Log", "logDriver"},
		{"a near one goes before a beginning", "memorx", "memory"},
		{"two letters of three", "cp", "cpu"},
		{"two letters of many", "co", ""},
		{"one letter", "a", ""},
		{"far", "healthCheck", ""},
		{"itself is no advice", "cpu", ""},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := nearest.Name(tt.in, known); got != tt.want {
				t.Errorf("Name(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
