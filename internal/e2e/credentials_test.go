package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// issuer serves credentials: it is the token service of a CI, STS, and ECS.
type issuer struct {
	ci, sts, ecs *httptest.Server
	life         time.Duration                  // of credentials
	unwell       func(server string, n int) int // HTTP status for the nth call of ci or sts; 0 means success
	expired      func(key string) bool          // ECS responds that the key has expired

	mu      sync.Mutex
	minted  int
	assumed []assumption
	keys    []string // that signed calls of ECS, without duplicates
	calls   map[string]int
}

// assumption is a call of AssumeRoleWithWebIdentity.
type assumption struct{ role, session, token, signature string }

func newIssuer(t *testing.T, a *issuer) *issuer {
	t.Helper()
	a.calls = map[string]int{}
	server := ecslocal.New(ecslocal.Region("eu-central-1"), ecslocal.Process())
	a.ci, a.sts = httptest.NewServer(http.HandlerFunc(a.mint)), httptest.NewServer(http.HandlerFunc(a.assume))
	a.ecs = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a.refuses(r) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w,
				`{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`)
			return
		}
		server.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		a.ecs.Close()
		a.sts.Close()
		a.ci.Close()
		server.Close()
	})
	return a
}

// status counts a call and returns its HTTP status.
func (a *issuer) status(server string) int {
	a.calls[server]++
	if a.unwell == nil {
		return 0
	}
	return a.unwell(server, a.calls[server])
}

// mint serves GitHub's endpoint for tokens. Each token is different.
func (a *issuer) mint(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch status := a.status("ci"); {
	case status != 0:
		w.WriteHeader(status)
	case !strings.EqualFold(r.Header.Get("Authorization"), "bearer the-request") ||
		r.URL.Query().Get("audience") != "sts.amazonaws.com" || r.URL.Query().Get("api-version") != "2.0":
		w.WriteHeader(http.StatusUnauthorized)
	default:
		a.minted++
		json.NewEncoder(w).Encode(map[string]string{"value": fmt.Sprintf("minted-token-%d", a.minted)})
	}
}

func (a *issuer) assume(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := r.ParseForm(); err != nil || r.Form.Get("Action") != "AssumeRoleWithWebIdentity" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if status := a.status("sts"); status != 0 {
		w.WriteHeader(status)
		fmt.Fprint(w,
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>`+
				`<Code>ExpiredTokenException</Code><Message>Token expired</Message></Error></ErrorResponse>`)
		return
	}
	a.assumed = append(a.assumed, assumption{
		r.Form.Get("RoleArn"),
		r.Form.Get("RoleSessionName"),
		r.Form.Get("WebIdentityToken"),
		r.Header.Get("Authorization"),
	})
	fmt.Fprintf(w,
		`<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
		<AssumeRoleWithWebIdentityResult><Credentials>
		<AccessKeyId>KEY%d</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
		<SessionToken>session</SessionToken><Expiration>%s</Expiration>
		</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
		len(a.assumed), time.Now().Add(a.life).UTC().Format(time.RFC3339))
}

// refuses records a call of ECS, and reports whether its credentials have expired.
func (a *issuer) refuses(r *http.Request) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(scope, "/")
	if !slices.Contains(a.keys, key) {
		a.keys = append(a.keys, key)
	}
	return a.expired != nil && a.expired(key)
}

// command returns a step whose task runs for some seconds, with the variables for this
// account and additional ones.
func (a *issuer) command(t *testing.T, seconds int, args []string, env ...string) *exec.Cmd {
	t.Helper()
	cmd := asCommand(t, a.ecs.URL, append([]string{fmt.Sprintf(
		`--definition={"family": "job", "containerDefinitions": [{"name": "app", "image": "a", "memory": 64, `+
			`"command": ["sleep", "%d"]}]}`, seconds)}, args...)...)
	cmd.Env = append(slices.DeleteFunc(cmd.Env, func(variable string) bool {
		return strings.HasPrefix(variable, "AWS_ACCESS_KEY_ID=") ||
			strings.HasPrefix(variable, "AWS_SECRET_ACCESS_KEY=")
	}), "AWS_ENDPOINT_URL_STS="+a.sts.URL, "AWS_EC2_METADATA_DISABLED=true", "HOME="+t.TempDir())
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// github returns the variables of a job that may request tokens.
func (a *issuer) github() []string {
	return []string{
		"GITHUB_ACTIONS=true",
		"GITHUB_RUN_ID=1000",
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + a.ci.URL + "/token?api-version=2.0",
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN=the-request",
	}
}

const role = "arn:aws:iam::123456789012:role/deploy"

// TestRoleByToken checks that a role is assumed with the token of each CI that has one, with a
// session name that AWS accepts.
func TestRoleByToken(t *testing.T) {
	t.Parallel()
	session := regexp.MustCompile(`^ecs-run-task-[\w+=,.@-]{1,51}$`)
	for _, tt := range []struct {
		name  string
		env   []string
		args  []string
		token string
	}{
		{name: "GitHub", token: "minted-token-1"},
		{
			name:  "GitHub with a long and colourful job",
			env:   []string{"GITHUB_JOB=déploiement (très) long/" + strings.Repeat("ü", 90)},
			token: "minted-token-1",
		},
		{name: "Gitea", env: []string{"GITEA_ACTIONS=true", "GITHUB_JOB=deploy"}, token: "minted-token-1"},
		{name: "GitLab",
			env: []string{
				"GITLAB_CI=true", "CI_PIPELINE_ID=1000", "CI_JOB_NAME=deploy: [eu, production]",
				"AWS_ID_TOKEN=given-token",
			},
			args: []string{"--web-identity-token-env=AWS_ID_TOKEN"}, token: "given-token"},
		{
			name: "Bitbucket",
			env: []string{
				"BITBUCKET_BUILD_NUMBER=1000", "BITBUCKET_PIPELINE_UUID={7c5d}",
				"BITBUCKET_STEP_OIDC_TOKEN=given-token",
			},
			token: "given-token",
		},
		{
			name: "CircleCI",
			env: []string{
				"CIRCLECI=true",
				"CIRCLE_WORKFLOW_ID=7c5d-" + strings.Repeat("0", 40),
				"CIRCLE_JOB=deploy",
				"CIRCLE_OIDC_TOKEN=old-token",
				"CIRCLE_OIDC_TOKEN_V2=given-token",
			},
			token: "given-token",
		},
		{name: "Buildkite",
			env: []string{
				"BUILDKITE=true", "BUILDKITE_BUILD_ID=7c5d", "BUILDKITE_LABEL=:rocket: deploy",
				"OIDC=given-token",
			},
			args: []string{"--web-identity-token-env=OIDC"}, token: "given-token"},
		{name: "a variable before the CI's own",
			env: []string{
				"GITHUB_ACTIONS=true", "ACTIONS_ID_TOKEN_REQUEST_URL=http://127.0.0.1:1",
				"OIDC=given-token",
			},
			args: []string{"--web-identity-token-env=OIDC"}, token: "given-token"},
		{
			name:  "with a profile of the runner's host",
			env:   []string{"AWS_PROFILE=host", "BITBUCKET_BUILD_NUMBER=1000", "BITBUCKET_STEP_OIDC_TOKEN=given-token"},
			token: "given-token",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newIssuer(t, &issuer{life: time.Hour})
			env := tt.env
			if strings.HasPrefix(tt.token, "minted") {
				env = append(a.github(), env...)
			}
			status, out := exitStatus(t,
				a.command(t, 0, append([]string{"--role-to-assume=" + role}, tt.args...), env...))
			a.mu.Lock()
			defer a.mu.Unlock()
			if status != 0 || len(a.assumed) != 1 || !slices.Equal(a.keys, []string{"KEY1"}) {
				t.Fatalf("exit status %d, %d roles assumed, calls signed by %v, want 0, 1 and [KEY1]\n%s",
					status, len(a.assumed), a.keys, out)
			}
			got := a.assumed[0]
			if got.role != role || got.token != tt.token || got.signature != "" || !session.MatchString(got.session) {
				t.Errorf("AssumeRoleWithWebIdentity = %+v, want the role and the token %s, unsigned", got, tt.token)
			}
			for line := range strings.Lines(out) {
				if strings.Contains(line, tt.token) && !strings.HasPrefix(line, "::add-mask::") {
					t.Errorf("the token is printed: %s", line)
				}
			}
		})
	}
}

// TestRoleRenewed checks that credentials are renewed while the step waits, and that they are
// used until they expire if they cannot be renewed.
func TestRoleRenewed(t *testing.T) {
	t.Parallel()
	const soon = 5*time.Minute + time.Second // credentials are renewed five minutes before they expire
	after1 := func(server string) func(string, int) int {
		return func(s string, n int) int {
			if s == server && n > 1 {
				return http.StatusBadRequest
			}
			return 0
		}
	}
	for _, tt := range []struct {
		name    string
		life    time.Duration
		unwell  func(string, int) int
		given   bool // there is no new token
		expired func(key string) bool
		renewed bool
	}{
		{name: "before their end", life: soon, renewed: true},
		{name: "when AWS calls them expired", life: time.Hour, expired: expireAfter("KEY1", 5), renewed: true},
		{
			name:    "when the first call finds them expired",
			life:    time.Hour,
			expired: expireAfter("KEY1", 0),
			renewed: true,
		},
		{
			name:    "when the second call finds them expired",
			life:    time.Hour,
			expired: expireAfter("KEY1", 1),
			renewed: true,
		},
		{
			name:    "when the third call finds them expired",
			life:    time.Hour,
			expired: expireAfter("KEY1", 2),
			renewed: true,
		},
		{name: "not, as the CI gives no other token", life: soon, unwell: after1("ci")},
		{name: "not, as STS refuses", life: soon, unwell: after1("sts")},
		{name: "not, as the token has expired", life: soon, unwell: after1("sts"), given: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newIssuer(t, &issuer{life: tt.life, unwell: tt.unwell, expired: tt.expired})
			env := a.github()
			if tt.given {
				env = []string{"BITBUCKET_BUILD_NUMBER=1000", "BITBUCKET_STEP_OIDC_TOKEN=given-token"}
			}
			status, out := exitStatus(t, a.command(t, 6, []string{"--role-to-assume=" + role}, env...))
			a.mu.Lock()
			defer a.mu.Unlock()
			if status != 0 {
				t.Errorf("exit status %d, want 0", status)
			}
			if renewed := len(a.keys) > 1; renewed != tt.renewed {
				t.Errorf("calls were signed by %v, want other keys than KEY1: %t", a.keys, tt.renewed)
			}
			if tries := max(a.calls["ci"], a.calls["sts"]); tries < 2 {
				t.Errorf("calls for credentials = %v, want a retry", a.calls)
			}
			for i, got := range a.assumed {
				if want := fmt.Sprintf("minted-token-%d", i+1); !tt.given && got.token != want {
					t.Errorf("role %d was assumed by %s, want %s", i+1, got.token, want)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// expireAfter lets ECS respond, after n calls, that a key has expired.
func expireAfter(key string, calls int) func(string) bool {
	n := 0
	return func(k string) bool {
		if k == key {
			n++
		}
		return k == key && n > calls
	}
}

// TestCredentialsMissing checks that credentials which are missing, or cannot work in a step's
// container, are reported soon and before anything is registered.
func TestCredentialsMissing(t *testing.T) {
	t.Parallel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	}))
	t.Cleanup(silent.Close)
	file := filepath.Join(t.TempDir(), "token")
	for _, tt := range []struct {
		name string
		args []string
		env  []string
		want []string
	}{
		{
			"none",
			nil,
			nil,
			[]string{"error: find AWS credentials: none are set, and this machine has no role",
				"sign in with `aws sso login` and set AWS_PROFILE, or set AWS_ACCESS_KEY_ID"},
		},
		{
			"none on GitHub",
			nil,
			[]string{"GITHUB_ACTIONS=true"},
			[]string{
				"::error::find AWS credentials: none are set, and this machine has no role",
				"give the job the permissions id-token: write and the step role-to-assume, or run " +
					"aws-actions/configure-aws-credentials before it",
			},
		},
		{
			"none on GitLab",
			nil,
			[]string{"GITLAB_CI=true"},
			[]string{"error: find AWS credentials: ", "give the job id_tokens with AWS_ID_TOKEN"},
		},
		{
			"a metadata service that does not answer",
			nil,
			[]string{"AWS_EC2_METADATA_DISABLED=false", "AWS_EC2_METADATA_SERVICE_ENDPOINT=" + silent.URL},
			[]string{"error: find AWS credentials: ", "set AWS_PROFILE, or set AWS_ACCESS_KEY_ID"},
		},
		{
			"a container service that does not answer",
			nil,
			[]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + silent.URL},
			[]string{"error: find AWS credentials: ", "set AWS_PROFILE, or set AWS_ACCESS_KEY_ID"},
		},
		{
			"a file of the runner's host",
			nil,
			[]string{"AWS_WEB_IDENTITY_TOKEN_FILE=" + file, "AWS_ROLE_ARN=" + role},
			[]string{
				"error: find AWS credentials: ",
				"AWS_WEB_IDENTITY_TOKEN_FILE is " + file +
					": only files below the workspace and RUNNER_TEMP are in a step's container",
			},
		},
		{"a profile of the runner's host", nil, []string{"AWS_PROFILE=host"},
			[]string{"error: load the AWS configuration: profile host does not exist", "aws configure list-profiles"}},
		{
			"a role and no token",
			[]string{"--role-to-assume=" + role},
			[]string{"GITHUB_ACTIONS=true"},
			[]string{
				"the CI provides no OIDC token, and there are no other credentials",
				"permissions id-token: write",
			},
		},
		{"a token that is not there", []string{"--role-to-assume=" + role, "--web-identity-token-env=OIDC"},
			[]string{"GITLAB_CI=true"},
			[]string{"error: web-identity-token-env: the variable OIDC is not set", "id_tokens"}},
		{
			"a token service that is away",
			[]string{"--role-to-assume=" + role},
			[]string{"ACTIONS_ID_TOKEN_REQUEST_URL=http://127.0.0.1:1/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=a"},
			[]string{"request an OIDC token from the CI: ", "if it is only temporarily unavailable, run the job again"},
		},
		{"no region", nil, []string{"AWS_REGION=", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b"},
			[]string{"error: no AWS region: set the input region or AWS_REGION"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := newIssuer(t, &issuer{life: time.Hour})
			start := time.Now()
			status, out := exitStatus(t, a.command(t, 0, tt.args, tt.env...))
			if took := time.Since(start); status != 125 || took > 5*time.Second+slack {
				t.Errorf("exit status %d after %s, want 125 within 5s", status, took)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("output does not contain %q", want)
				}
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			if len(a.keys) > 0 {
				t.Error("ECS was called")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}
