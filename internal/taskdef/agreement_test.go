package taskdef_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// mutations is how many definitions the two referees are asked about, besides those
// of testdata.
const mutations = 20_000

// A difference is what one referee refuses and the other takes, and why both are
// left as they are.
type difference struct {
	by     string // a code of check, or a part of the local ECS's message
	reason string
	source string
}

// TestAgreement holds check and the local ECS, which know nothing of each other, to
// the same answers: on every definition of testdata, and on mutations of the good
// ones. Each difference that is left has its row in a table, and each row is seen.
func TestAgreement(t *testing.T) {
	seen := map[string]string{} // an example by the rows' first columns
	var taken, refused, differed int
	differ := func(by, name string, body []byte, stricter []difference) {
		differed++
		i := slices.IndexFunc(stricter, func(d difference) bool { return strings.Contains(by, d.by) })
		if i < 0 {
			if _, known := seen[by]; !known {
				t.Errorf("%s: only one refuses it: %s\n%s", name, by, body)
			}
			seen[by] = name
			return
		}
		seen[stricter[i].by] = name
	}
	judge := func(server *ecslocal.Server, name string, text []byte) {
		nodes, _, err := document.Parse("definition.json", text)
		if err != nil {
			return // of no JSON, ECS never hears
		}
		definitions, _, err := taskdef.Decode(nodes[0], taskdef.Options{})
		if err == nil {
			for _, d := range definitions {
				if refusal := register(t, server, d.Body); refusal != "" {
					differ(refusal, name, d.Body, localStricter)
				} else {
					taken++
				}
			}
			return
		}
		if register(t, server, text) != "" {
			refused++
			return
		}
		var fault *document.Error
		if !errors.As(err, &fault) {
			t.Fatalf("%s: %v is no *document.Error", name, err)
		}
		differ(fault.Code, name, text, checkStricter)
	}

	var good []any
	for _, folder := range []string{"ok", "err"} {
		server := ecslocal.New()
		for _, file := range inputs(t, folder) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			nodes, _, err := document.Parse(filepath.Base(file), text)
			if err != nil {
				continue
			}
			for _, n := range nodes {
				judge(server, filepath.Base(file), n.JSON())
				definitions, _, err := taskdef.Decode(n, taskdef.Options{})
				if err != nil {
					continue
				}
				for _, d := range definitions {
					var tree any
					if err := json.Unmarshal(d.Body, &tree); err != nil {
						t.Fatal(err)
					}
					good = append(good, tree)
				}
			}
		}
	}

	count := mutations
	if testing.Short() {
		count /= 10
	}
	m := mutator{rand.New(rand.NewPCG(14, 11))}
	var server *ecslocal.Server
	for i := range count {
		if i%500 == 0 {
			server = ecslocal.New() // it remembers what it took
		}
		tree := clone(good[m.IntN(len(good))])
		for range 1 + m.IntN(2) {
			m.mutate(&tree)
		}
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		judge(server, fmt.Sprintf("mutation %d", i), text)
	}
	t.Logf("both take %d definitions and refuse %d; of %d one takes what the other refuses", taken, refused, differed)
	if testing.Short() {
		return
	}
	for _, d := range slices.Concat(checkStricter, localStricter) {
		if seen[d.by] == "" {
			t.Errorf("no definition shows the difference %q any more", d.by)
		}
	}
}

// register returns why the local ECS refuses to register a definition, "" if it
// does not.
func register(t *testing.T, server *ecslocal.Server, body []byte) string {
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition")
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=00")
	w := httptest.NewRecorder()
	server.ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		return ""
	}
	var answer struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code >= 500 {
		t.Fatalf("the local ECS answers %d %s to %s", w.Code, w.Body, body)
	}
	return answer.Type + ": " + answer.Message
}

// A mutator makes slips in a definition.
type mutator struct{ *rand.Rand }

// A slot is a place in a tree, with what puts another value there or takes it out.
type slot struct {
	value  any
	set    func(any)
	remove func()
	double func() // nil if it is no item of a list
}

// slots returns all places in a tree but its root.
func slots(tree any) []slot {
	var all []slot
	var walk func(v any, set func(any))
	walk = func(v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range sortedKeys(v) {
				put := func(to any) { v[key] = to }
				all = append(all, slot{v[key], put, func() { delete(v, key) }, nil})
				walk(v[key], put)
			}
		case []any:
			for i := range v {
				put := func(to any) { v[i] = to }
				all = append(all, slot{v[i], put, func() { set(slices.Delete(slices.Clone(v), i, i+1)) },
					func() { set(append(slices.Clone(v), clone(v[i]))) }})
				walk(v[i], put)
			}
		}
	}
	walk(tree, nil)
	return all
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// mutate makes one slip: it deletes, empties, doubles or retypes a value, or puts
// that of another place there.
func (m mutator) mutate(tree *any) {
	all := slots(*tree)
	if len(all) == 0 {
		return
	}
	s := all[m.IntN(len(all))]
	switch m.IntN(6) {
	case 0:
		s.remove()
	case 1:
		s.set(empty(s.value))
	case 2:
		if s.double != nil {
			s.double()
		}
	case 3:
		s.set(m.retyped(s.value))
	case 4:
		s.set(m.other(s.value))
	case 5:
		if other := all[m.IntN(len(all))]; fmt.Sprintf("%T", other.value) == fmt.Sprintf("%T", s.value) {
			s.set(clone(other.value))
		}
	}
}

func empty(v any) any {
	switch v.(type) {
	case string:
		return ""
	case []any:
		return []any{}
	case map[string]any:
		return map[string]any{}
	case float64:
		return 0
	case bool:
		return false
	}
	return nil
}

func (m mutator) retyped(v any) any {
	return []any{"1", 1, true, []any{}, map[string]any{}, nil, []any{clone(v)}}[m.IntN(7)]
}

// other returns another value of the same type, often one at a limit.
func (m mutator) other(v any) any {
	switch v := v.(type) {
	case string:
		return []string{v + " ", v + "/", "$" + v, strings.ToUpper(v), strings.Repeat(v, 300), v + ":" + v, "none"}[m.IntN(7)]
	case float64:
		return []float64{-1, 0, 1, 5, 65535, 65536, 1 << 31, v + 1}[m.IntN(8)]
	case bool:
		return !v
	case []any:
		if len(v) > 0 {
			return slices.Repeat(v, 11)
		}
	}
	return v
}

// clone copies a tree.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, value := range v {
			c[key] = clone(value)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, item := range v {
			c[i] = clone(item)
		}
		return c
	}
	return v
}

// checkStricter are the codes of check for what the local ECS takes, as AWS does, as
// far as it is known.
var checkStricter = []difference{
	{"credentials", "the credentials are read when the task starts", "API reference, RepositoryCredentials"},
	{"image", "AWS holds a name to its characters only; the pull fails: invalid reference format",
		"API reference, ContainerDefinition: image; github.com/distribution/reference"},
	{"log-region", "the log driver calls its region when the container starts, and fails it",
		"API reference, LogConfiguration: awslogs-region"},
	{"log-value", "the log driver reads its options when the container starts, and fails it",
		"CloudWatch Logs API reference, CreateLogGroup; Docker, daemon/logger/awslogs"},
	{"placeholder", "AWS takes the characters, or looks at them when the task starts; nothing is named so",
		"the rows of the members that have placeholders"},
	{"credentials", "the secret is looked up when the image is pulled", "API reference, RepositoryCredentials"},
	{"firelens", "the type of the file is an option, and the log router reads it when it starts",
		"API reference, FirelensConfiguration: options"},
	{"depends-on-condition", "a health check of NONE is legal; the dependent container never starts",
		"API reference, ContainerDependency, HealthCheck"},
	{"volume-host", "Docker refuses the path when the container starts",
		"Docker: \"includes invalid characters for a local volume name\""},
	{"mount-path", "Docker refuses the mount when the container starts",
		"Docker: \"mount path must be absolute\", \"Duplicate mount point\", \"destination can't be '/'\""},
	{"reference-twice", "CloudFormation refuses it; what ECS itself makes of it is not documented",
		"uniqueItems in CloudFormation's schema of AWS::ECS::TaskDefinition"},
	{"script-split", "it is legal: the shell runs the first word alone, and the task ends well without its work",
		"POSIX, sh -c"},
	{"secret-role", "the secret options of a log driver are read when the container starts, with the execution role",
		"developer guide, \"Pass sensitive data to an Amazon ECS container\": logging configuration"},
	{"secret-value", "the secret is looked up when the task starts: ResourceInitializationError",
		"developer guide, \"Pass sensitive data to an Amazon ECS container\""},
	{"unknown-member", "servers of AWS JSON 1.1 ignore what they do not know; the AWS CLI and the SDKs refuse it",
		"Smithy, AWS JSON 1.1 protocol"},
	{"volume-efs-id", "the file system is looked up when the task starts", "EFS API reference, FileSystemDescription"},
}

// localStricter are parts of the refusals of the local ECS of what check passes with a
// warning.
var localStricter = []difference{
	{"No Fargate configuration exists for given values.", "AWS adds sizes, which a table may lack",
		"developer guide, task-cpu-memory-error"},
	{"The minimum memory limit is 6 MiB.", "the reference says not to give less, and not that it is refused",
		"API reference, ContainerDefinition: memory"},
	{"Fargate does not support 'linuxParameters.tmpfs'.", "the developer guide says so, the API reference no longer",
		"developer guide, fargate-tasks-services; API reference, LinuxParameters: tmpfs"},
}
