package awsfacts_test

import (
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
)

func TestRegions(t *testing.T) {
	for _, name := range awsfacts.Regions() {
		if !awsfacts.CanBeRegion(name) || !awsfacts.IsRegion(name) {
			t.Errorf("CanBeRegion(%q) = false, want true", name)
		}
	}
	for name, want := range map[string]bool{
		"us-east1": true, "eu-central-9": true, "local": true, "US-EAST-1": false, "us_east_1": false,
		"us-east-1 ": false,
		"{{region}}": false, "__REGION__": false, "": false, "-us": false, "us.east": false,
	} {
		if got := awsfacts.CanBeRegion(name); got != want || awsfacts.IsRegion(name) {
			t.Errorf("CanBeRegion(%q) = %t, want %t", name, got, want)
		}
	}
}
