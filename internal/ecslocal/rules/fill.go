package rules

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Fill adds the members that AWS fills in.
func Fill(body wire.Object) {
	for _, name := range []string{"volumes", "placementConstraints"} {
		if body[name] == nil {
			body[name] = []any{}
		}
	}
	compatibilities := []any{"EC2"}
	if wire.Text(body, "networkMode") != "awsvpc" {
		compatibilities = []any{"EXTERNAL", "EC2"}
	} else if fargateFault(body) == nil {
		compatibilities = []any{"EC2", "FARGATE"}
	}
	if slices.Contains(wire.Texts(body, "requiresCompatibilities"), "MANAGED_INSTANCES") {
		compatibilities = append(compatibilities, "MANAGED_INSTANCES")
	}
	body["compatibilities"] = compatibilities

	attributes := make(map[string]bool)
	for _, container := range wire.Objects(body, "containerDefinitions") {
		for _, name := range []string{"environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"} {
			if container[name] == nil {
				container[name] = []any{}
			}
		}
		if container["cpu"] == nil {
			container["cpu"] = json.Number("0")
		}
		if container["essential"] == nil {
			container["essential"] = true
		}
		fillPorts(container, wire.Text(body, "networkMode"))
		if driver := wire.Text(wire.Member(container, "logConfiguration"), "logDriver"); driver != "" {
			attributes["com.amazonaws.ecs.capability.logging-driver."+driver] = true
		}
	}
	if wire.Text(body, "taskRoleArn") != "" {
		attributes["com.amazonaws.ecs.capability.task-iam-role"] = true
	}
	if wire.Text(body, "networkMode") == "awsvpc" {
		attributes["ecs.capability.task-eni"] = true
	}
	required := []any{}
	for name := range attributes {
		required = append(required, wire.Object{"name": name})
	}
	slices.SortFunc(required, func(a, b any) int {
		return strings.Compare(wire.Text(a.(wire.Object), "name"), wire.Text(b.(wire.Object), "name"))
	})
	body["requiresAttributes"] = required
}

func fillPorts(container wire.Object, networkMode string) {
	for _, port := range wire.Objects(container, "portMappings") {
		if port["protocol"] == nil {
			port["protocol"] = "tcp"
		}
		if port["hostPort"] != nil || port["containerPort"] == nil {
			continue
		}
		port["hostPort"] = json.Number("0") // the engine chooses one
		if networkMode == "awsvpc" || networkMode == "host" {
			port["hostPort"] = port["containerPort"]
		}
	}
}
