package taskdef_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// large returns a definition of nearly 64 KiB, the most that ECS takes, in JSON
// and in YAML.
func large() (asJSON, asYAML string) {
	var j, y strings.Builder
	j.WriteString("{\n  \"family\": \"large\",\n  \"containerDefinitions\": [")
	y.WriteString("family: large\ncontainerDefinitions:\n")
	for c := range 10 {
		if c > 0 {
			j.WriteByte(',')
		}
		fmt.Fprintf(&j, "\n    {\n      \"name\": \"c%d\",\n      \"image\": \"busybox:1\",\n      \"memory\": 128,\n      "+
			"\"environment\": [", c)
		fmt.Fprintf(&y, "  - name: c%d\n    image: busybox:1\n    memory: 128\n    environment:\n", c)
		for v := range 90 {
			if v > 0 {
				j.WriteByte(',')
			}
			fmt.Fprintf(&j, "\n        { \"name\": \"VARIABLE_%d\", \"value\": \"the value of it, %d\" }", v, v)
			fmt.Fprintf(&y, "      - name: VARIABLE_%d\n        value: the value of it, %d\n", v, v)
		}
		j.WriteString("\n      ]\n    }")
	}
	j.WriteString("\n  ]\n}\n")
	return j.String(), y.String()
}

func decodeText(tb testing.TB, name, text string) {
	nodes, _, err := document.Parse(name, []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	for _, n := range nodes {
		definitions, _, err := taskdef.Decode(n, taskdef.Options{})
		if err != nil {
			tb.Fatal(err)
		}
		if len(definitions) == 0 || len(definitions[0].Body) == 0 {
			tb.Fatal("there is no definition")
		}
	}
}

// BenchmarkLarge parses, checks and encodes the largest definition that ECS takes.
func BenchmarkLarge(b *testing.B) {
	asJSON, asYAML := large()
	for name, text := range map[string]string{"f.json": asJSON, "f.yaml": asYAML} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				decodeText(b, name, text)
			}
		})
	}
}

// BenchmarkThousand parses, checks and encodes a thousand definitions.
func BenchmarkThousand(b *testing.B) {
	const asJSON = `{"family":"f","requiresCompatibilities":["FARGATE"],"networkMode":"awsvpc","cpu":"256","memory":"512",
	"executionRoleArn":"exec",
"containerDefinitions":[{"name":"app","image":"busybox:1","command":["bin/migrate","--now"],"environment":[{"name":"A",
	"value":"b"},{"name":"C","value":"d"}],
"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g","awslogs-region":"r",
	"awslogs-stream-prefix":"p"}}}],"tags":[{"key":"k","value":"v"}]}`
	const asYAML = `
family: f
requiresCompatibilities: [FARGATE]
networkMode: awsvpc
cpu: "256"
memory: "512"
executionRoleArn: exec
containerDefinitions:
  - name: app
    image: busybox:1
    command: [bin/migrate, --now]
    environment:
      - {name: A, value: b}
      - {name: C, value: d}
    logConfiguration:
      logDriver: awslogs
      options: {awslogs-group: g, awslogs-region: r, awslogs-stream-prefix: p}
tags:
  - {key: k, value: v}
`
	for name, text := range map[string]string{"f.json": asJSON, "f.yaml": asYAML} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for range 1000 {
					decodeText(b, name, text)
				}
			}
		})
	}
}
