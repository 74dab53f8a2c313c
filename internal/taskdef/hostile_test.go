package taskdef_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// hostile are documents of a quarter MiB that are made to take time or memory.
func hostile() map[string]string {
	repeat := func(format string, around string) string {
		var b strings.Builder
		for i := 0; b.Len() < 1<<18; i++ {
			if i > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, format, i)
		}
		return fmt.Sprintf(around, b.String())
	}
	const inContainer = `{"family":"f","containerDefinitions":[{"name":"app","image":"i","memory":128,%s}]}`
	return map[string]string{
		"unknown members":  repeat(`"k%d":1`, `{%s}`),
		"unknown in items": repeat(`{"memroy":%d}`, `{"containerDefinitions":[%s]}`),
		"one long key":     fmt.Sprintf(`{"%s":1}`, strings.Repeat("memory", 1<<15)),
		"one long value":   fmt.Sprintf(`{"networkMode":"%s"}`, strings.Repeat("bridge", 1<<15)),
		"one long name": fmt.Sprintf(inContainer,
			`"dependsOn":[{"condition":"START","containerName":"`+strings.Repeat("a", 1<<19)+`"}]`),
		"containers": repeat(`{"name":"c%d"}`, `{"containerDefinitions":[%s]}`),
		"container chain": repeat(`{"name":"c%[1]d","dependsOn":[{"containerName":"c%[1]d","condition":"START"}]}`,
			`{"containerDefinitions":[%s]}`),
		"ports":            repeat(`{"containerPort":%d}`, fmt.Sprintf(inContainer, `"portMappings":[%s]`)),
		"variables":        repeat(`{"name":"a%d"}`, fmt.Sprintf(inContainer, `"environment":[%s]`)),
		"same variables":   repeat(`{"name":"a","value":"%d"}`, fmt.Sprintf(inContainer, `"environment":[%s]`)),
		"map of variables": repeat(`"a%d":1`, fmt.Sprintf(inContainer, `"environment":{%s}`)),
		"mount points":     repeat(`{"sourceVolume":"a%d"}`, fmt.Sprintf(inContainer, `"mountPoints":[%s]`)),
		"volumes":          repeat(`{"name":"a%d"}`, `{"volumes":[%s]}`),
		"tags":             repeat(`{"key":"a%d"}`, `{"tags":[%s]}`),
		"tags on both sides": repeat(`{"key":"a%[1]d"},{"key":"b%[1]d"}`,
			`{"taskDefinition":{"tags":[{"key":"a1"}]},"tags":[%s]}`),
		"tags of AWS":         repeat(`{"key":"aws:%d"}`, `{"tags":[%s]}`),
		"nulls":               repeat(`{"image":null,"memory":null,"cpu":null,"x%d":null}`, `{"containerDefinitions":[%s]}`),
		"CloudFormation keys": repeat(`"K%d":1`, `{"ContainerDefinitions":[],%s}`),
		"definitions":         repeat(`{"family":"f%d"}`, `[%s]`),
		"numbers":             repeat(`%d.5`, fmt.Sprintf(inContainer, `"command":[%s]`)),
		"functions":           repeat(`{"Ref":"%d"}`, fmt.Sprintf(inContainer, `"command":[%s]`)),
		"labels":              repeat(`"l%d":1`, fmt.Sprintf(inContainer, `"dockerLabels":{%s}`)),
	}
}

// TestHostile holds that the report on a document stays small, and so does
// the memory that it takes. The benchmark shows the time.
func TestHostile(t *testing.T) {
	const most = 25 << 20
	for name, text := range hostile() {
		for _, option := range []string{"error", "pass"} {
			nodes, _, err := document.Parse("f.json", []byte(text))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, warnings, err := taskdef.Decode(nodes[0], taskdef.Options{UnknownMembers: option})
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > most {
				t.Errorf("%s: Decode allocated %d MiB, want at most %d", name, n>>20, most>>20)
			}
			if err == nil {
				t.Errorf("%s: Decode found no fault", name)
			} else if n := len(err.Error()); n > 100_000 {
				t.Errorf("%s: Decode returned an error of %d bytes", name, n)
			}
			if n := len(documenttest.Messages(warnings)); n > 100_000 {
				t.Errorf("%s: Decode warned of %d bytes", name, n)
			}
		}
	}
}

// BenchmarkHostile shows that no document takes long.
func BenchmarkHostile(b *testing.B) {
	for name, text := range hostile() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				nodes, _, err := document.Parse("f.json", []byte(text))
				if err != nil {
					b.Fatal(err)
				}
				taskdef.Decode(nodes[0], taskdef.Options{UnknownMembers: "pass"})
			}
		})
	}
}
