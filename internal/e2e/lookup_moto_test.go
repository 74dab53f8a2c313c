package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMotoLookups checks the calls of package lookup to EC2, ECR, IAM, SSM, Secrets Manager and
// CloudWatch Logs with independent implementations of these services.
func TestMotoLookups(t *testing.T) {
	t.Parallel()
	env := startMoto(t)
	cmd := exec.Command("python3", "testdata/moto_lookups.py")
	cmd.Env = env
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("create the resources: %v", err)
	}
	var made struct{ VPC, A, B, Public, Group, Elsewhere, Good, Bad, Secret, Repository string }
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	folder := t.TempDir()
	definition := func(name, role, image, secret, parameter, group, architecture string) string {
		text, err := json.MarshalIndent(map[string]any{
			"family": "job", "cpu": "256", "memory": "512", "networkMode": "awsvpc",
			"requiresCompatibilities": []string{"FARGATE"},
			"executionRoleArn":        role, "runtimePlatform": map[string]string{"cpuArchitecture": architecture},
			"containerDefinitions": []any{map[string]any{"name": "app", "image": image,
				"secrets": []any{
					map[string]string{"name": "A", "valueFrom": secret},
					map[string]string{"name": "B", "valueFrom": parameter},
				},
				"logConfiguration": map[string]any{"logDriver": "awslogs", "options": map[string]string{
					"awslogs-group": group, "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"}},
			}},
		}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	fits := definition("fits.json", made.Good, made.Repository+":1", made.Secret+":password::", "/app/key",
		"/ecs/jobs", "X86_64")
	misfits := definition("misfits.json", made.Bad, made.Repository+":1", made.Secret+"x", "/app/keys",
		"/ecs/job", "ARM64")
	untagged := definition("untagged.json", "arn:aws:iam::123456789012:role/none", made.Repository+":2",
		made.Secret, "/app/key", "/ecs/jobs", "X86_64")
	fargate := []string{"--cluster=jobs", "--launch-type=FARGATE", "--skip-steady-state-check"}

	for _, tt := range []struct {
		name   string
		args   []string
		status int
		want   []string
		not    string
	}{
		{
			"subnets by filter, a group by name",
			[]string{
				"--file-paths=" + fits,
				"--subnets=tag:Tier=private",
				"--security-groups=group-name=jobs",
				"--dry-run",
			},
			0,
			[]string{
				"subnets tag:Tier=private: ", made.A + " (jobs-a, ", made.B + " (jobs-b, ",
				"security-groups group-name=jobs: " + made.Group + " (jobs, " + made.VPC + ")",
				`"` + made.A + `"`, `"` + made.B + `"`, `"` + made.Group + `"`},
			made.Public,
		},
		{
			"by the tag Name and by id",
			[]string{"--file-paths=" + fits, "--subnets=jobs-a," + made.Public, "--dry-run"},
			0,
			[]string{"subnets jobs-a: " + made.A, `"` + made.A + `"`, `"` + made.Public + `"`},
			made.B,
		},
		{"none", []string{"--file-paths=" + fits, "--subnets=jobs-c"}, 125,
			[]string{"error: subnets: there is no subnet with the tag Name jobs-c in us-east-1"}, "registering"},
		{
			"a group's own name",
			[]string{"--file-paths=" + fits, "--subnets=jobs-a", "--security-groups=jobs"},
			125,
			[]string{"error: security-groups: there is no security group with the tag Name jobs in " +
				"us-east-1; a group's own name is the filter group-name=jobs"},
			"registering",
		},
		{
			"all is there",
			[]string{
				"--file-paths=" + fits,
				"--subnets=" + made.A,
				"--security-groups=" + made.Group,
				"--preflight",
				"--dry-run",
			},
			0,
			[]string{"checking with AWS what the definitions name", "RunTask request:"},
			"not checked",
		},
		{
			"a registered one",
			[]string{"--definition=job", "--subnets=" + made.A, "--preflight", "--dry-run"},
			0,
			[]string{"found job:1", "checking with AWS", "RunTask request:"},
			"not checked",
		},
		{
			"nothing fits",
			[]string{"--file-paths=" + misfits, "--subnets=" + made.A + "," + made.Elsewhere, "--preflight"},
			125,
			[]string{
				"error: misfits.json:",
				"executionRoleArn: the trust policy of " + made.Bad + " does not let ecs-tasks.amazonaws.com assume it",
				"containerDefinitions[0].image: the image is built for linux/amd64, but the task runs on linux/arm64",
				"containerDefinitions[0].secrets[0].valueFrom: there is no secret " + made.Secret + "x",
				"containerDefinitions[0].secrets[1].valueFrom: there is no parameter /app/keys",
				`containerDefinitions[0].logConfiguration.options["awslogs-group"]: there is no log group /ecs/job`,
				"error: subnets: " + made.Elsewhere + " is in ",
			},
			"registering",
		},
		{
			"nothing is there",
			[]string{"--file-paths=" + untagged, "--subnets=subnet-0123", "--cluster=job", "--preflight"},
			125,
			[]string{
				"error: cluster: there is no cluster job",
				"there is no role arn:aws:iam::123456789012:role/none", "there is no ECR image app:2",
				"error: subnets: there is no subnet subnet-0123",
			},
			"registering",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := asCommand(t, "", append(fargate[:len(fargate):len(fargate)], tt.args...)...)
			cmd.Env, cmd.Dir = env, folder
			status, out := exitStatus(t, cmd)
			if status != tt.status {
				t.Errorf("exit status %d, want %d", status, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("output does not contain %q", want)
				}
			}
			if tt.not != "" && strings.Contains(out, tt.not) {
				t.Errorf("output contains %q", tt.not)
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}

	// The policy for a configuration with all look-ups allows exactly these calls.
	t.Run("policy", func(t *testing.T) {
		args := append(fargate[:len(fargate):len(fargate)], "--file-paths="+fits, "--subnets=jobs-a",
			"--security-groups=group-name=jobs", "--preflight")
		var mu sync.Mutex
		called := map[string]bool{
			"ecr:GetDownloadUrlForLayer": true,
		} // for images of one platform, which moto does not support
		proxy := httptest.NewServer(recorded(endpointOf(t, env), func(action string) {
			mu.Lock()
			defer mu.Unlock()
			called[action] = true
		}))
		defer proxy.Close()
		env := append(slices.Clone(env), "AWS_ENDPOINT_URL="+proxy.URL)
		run := asCommand(t, "", append(args, "--dry-run")...)
		run.Env, run.Dir = env, folder
		if status, out := exitStatus(t, run); status != 0 {
			t.Fatalf("exit status %d\n%s", status, out)
		}
		printed := asCommand(t, "", append([]string{"policy"}, args...)...)
		printed.Env, printed.Dir = env, folder
		text, err := printed.Output()
		if err != nil {
			t.Fatal(err)
		}
		var policy struct{ Statement []statement }
		if err := json.Unmarshal(text, &policy); err != nil {
			t.Fatal(err)
		}
		allowed := map[string]bool{}
		for _, s := range policy.Statement {
			if strings.HasPrefix(s.Sid, "Check") || s.Sid == "Network" || s.Sid == "Definitions" {
				for _, action := range s.Action {
					allowed[action] = true
				}
			}
		}
		if diff := cmp.Diff(called, allowed); diff != "" {
			t.Errorf("look-ups that the policy allows (-called +allowed)\n%s", diff)
		}
	})
}

// endpointOf returns the last endpoint in an environment.
func endpointOf(t *testing.T, env []string) *url.URL {
	t.Helper()
	var endpoint *url.URL
	for _, variable := range env {
		if value, found := strings.CutPrefix(variable, "AWS_ENDPOINT_URL="); found {
			var err error
			if endpoint, err = url.Parse(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	return endpoint
}

// recorded forwards requests and reports the IAM action of each signed request.
func recorded(to *url.URL, seen func(action string)) http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a client that closed its connection is not an error
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if form, err := url.ParseQuery(string(body)); operation == "" && err == nil {
			operation = form.Get("Action")
		}
		if scope := strings.Split(r.Header.Get("Authorization"), "/"); len(scope) > 3 && scope[3] != "sts" {
			seen(scope[3] + ":" + operation)
		}
		proxy.ServeHTTP(w, r)
	})
}
