package nearest_test

import (
	"testing"

	"ecs-run-task/internal/nearest"
)

func TestName(t *testing.T) {
	known := []string{"memory", "memoryReservation", "command", "cpu", "IMAGE_TAG", "logDriver"}
	for _, tt := range []struct{ name, in, want string }{
		{"one letter too many", "memoryy", "memory"},
		{"two letters swapped", "IMAGE_TGA", "IMAGE_TAG"},
		{"another case", "logdriver", "logDriver"},
		{"letter missing", "comand", "command"},
		{"short name, one letter off", "cpy", "cpu"},
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
