package rules

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// Fill converts a registered definition to what AWS stores: it adds the members that AWS fills
// in, replaces the name of a role by the ARN that roleARN returns, and CPU and memory by numbers
// of units and MiB.
func Fill(body wire.Object, roleARN func(name string) string) {
	for _, name := range []string{"taskRoleArn", "executionRoleArn"} {
		switch role := wire.Text(body, name); {
		case role == "":
			delete(body, name)
		case !strings.HasPrefix(role, "arn:"):
			body[name] = roleARN(role)
		}
	}
	cpu, memory, _ := TaskSize(body) // checked before
	for name, size := range map[string]int{"cpu": cpu, "memory": memory} {
		delete(body, name)
		if size > 0 {
			body[name] = strconv.Itoa(size)
		}
	}
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
