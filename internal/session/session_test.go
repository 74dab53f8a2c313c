package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/diagnose"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// environment is the environment of a job, the same for the SDK and the step.
func environment(t *testing.T, variables map[string]string) Env {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	for _, name := range append(slices.Clone(tokenVariables), "ACTIONS_ID_TOKEN_REQUEST_URL") {
		t.Setenv(name, "")
		os.Unsetenv(name)
	}
	home := t.TempDir() // without files of the user's
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(home, "config"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(home, "credentials"))
	for name, value := range variables {
		t.Setenv(name, value)
	}
	return Env{LookupEnv: os.LookupEnv, Unsetenv: os.Unsetenv, CI: ci.Run{ID: "1000", Job: "deploy/eu"}}
}

// keys are the variables for credentials and a region.
func keys(more ...string) map[string]string {
	variables := map[string]string{"AWS_ACCESS_KEY_ID": "OWN", "AWS_SECRET_ACCESS_KEY": "secret",
		"AWS_REGION": "eu-west-1"}
	for i := 0; i < len(more); i += 2 {
		variables[more[i]] = more[i+1]
	}
	return variables
}

// events records the events of a session.
type events struct {
	mu      sync.Mutex
	notices []string
	secrets []string
}

func (e *events) sink(one event.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch one := one.(type) {
	case event.Note:
		e.notices = append(e.notices, one.Text)
	case event.Secrets:
		for _, secret := range one {
			e.secrets = append(e.secrets, secret.Value)
		}
	}
}

// tokenService is STS and GitHub's service for identity tokens in one. It returns the keys
// ASSUMED1, ASSUMED2 and so on.
type tokenService struct {
	mu    sync.Mutex
	calls []url.Values
}

func (s *tokenService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/minted" {
		fmt.Fprint(w, `{"value": "minted-token"}`)
		return
	}
	r.ParseForm()
	s.calls = append(s.calls, r.Form)
	action := r.Form.Get("Action")
	fmt.Fprintf(w, `<%sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials>
		<AccessKeyId>ASSUMED%d</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
		<SessionToken>session</SessionToken><Expiration>%s</Expiration>
		</Credentials></%[1]sResult></%[1]sResponse>`, action, len(s.calls),
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
}

// last returns the last call.
func (s *tokenService) last() url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) == 0 {
		return nil
	}
	return s.calls[len(s.calls)-1]
}

const role = "arn:aws:iam::123456789012:role/deploy"

// Which credentials a step uses, and with which token it assumes a role.
func TestConnect(t *testing.T) {
	server := &tokenService{}
	web := httptest.NewServer(server)
	defer web.Close()
	assume := input.AWSAccess{RoleToAssume: role}
	minted := []string{"ACTIONS_ID_TOKEN_REQUEST_URL", web.URL + "/minted?v=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t"}
	alone := func(more ...string) map[string]string {
		return keys(append(more, "AWS_ACCESS_KEY_ID", "", "AWS_SECRET_ACCESS_KEY", "")...)
	}
	for _, tt := range []struct {
		name      string
		system    string // of the CI
		variables map[string]string
		access    input.AWSAccess
		key       string // of the credentials that are taken; a prefix
		region    string
		call      string // of STS
		token     string // that it has
		err       string // a part of it
		hint      string // a part of it
		notice    string // a part of it
	}{
		{name: "variables", variables: keys(), key: "OWN", region: "eu-west-1"},
		{name: "the region of the input", variables: keys(), access: input.AWSAccess{Region: "us-east-2"}, key: "OWN",
			region: "us-east-2"},
		{name: "no region", variables: keys("AWS_REGION", ""), err: "no AWS region: set the input region"},
		{name: "no credentials", variables: alone(),
			err:  "find AWS credentials: none are set, and this machine has no role",
			hint: "sign in with `aws sso login`"},
		{name: "no credentials on GitHub", system: "github", variables: alone(), err: "find AWS credentials",
			hint: "run aws-actions/configure-aws-credentials"},
		{name: "no credentials on GitLab", system: "gitlab", variables: alone(), err: "find AWS credentials",
			hint: "give the job id_tokens with AWS_ID_TOKEN"},
		{name: "a token file that is not there", variables: alone("AWS_WEB_IDENTITY_TOKEN_FILE", "/no/file", "AWS_ROLE_ARN",
			role), err: "find AWS credentials", hint: "AWS_WEB_IDENTITY_TOKEN_FILE is /no/file"},
		{name: "a profile of the host, and keys", variables: keys("AWS_PROFILE", "prod"), key: "OWN", region: "eu-west-1",
			notice: "AWS_PROFILE is ignored: profile prod does not exist here; AWS_ACCESS_KEY_ID is used instead"},
		{name: "a profile of the host, and a role", variables: alone("AWS_PROFILE", "prod", "CIRCLE_OIDC_TOKEN", "circle"),
			access: assume, key: "ASSUMED", call: "AssumeRoleWithWebIdentity", token: "circle",
			notice: "role-to-assume is used"},
		{name: "a profile of the host alone", variables: alone("AWS_PROFILE", "prod"), err: "profile prod does not exist",
			hint: "aws configure list-profiles"},
		{name: "a profile of the host alone, in a CI", system: "gitlab", variables: alone("AWS_PROFILE", "prod"),
			err: "profile prod does not exist", hint: "unset AWS_PROFILE"},
		{name: "a role by GitHub's token", variables: keys(append(minted, "BITBUCKET_STEP_OIDC_TOKEN", "other")...),
			access: assume, key: "ASSUMED", call: "AssumeRoleWithWebIdentity", token: "minted-token"},
		{name: "a role by Bitbucket's token", variables: alone("BITBUCKET_STEP_OIDC_TOKEN", "bucket"), access: assume,
			key: "ASSUMED", call: "AssumeRoleWithWebIdentity", token: "bucket"},
		{name: "a role by CircleCI's newer token", variables: alone("CIRCLE_OIDC_TOKEN", "v1", "CIRCLE_OIDC_TOKEN_V2",
			"v2"), access: assume, key: "ASSUMED", call: "AssumeRoleWithWebIdentity", token: "v2"},
		{name: "a role by the token of a variable, before GitHub's", variables: keys(append(minted, "MY_TOKEN", "mine")...),
			access: input.AWSAccess{RoleToAssume: role,
				WebIdentityTokenEnv: "MY_TOKEN"}, key: "ASSUMED", call: "AssumeRoleWithWebIdentity", token: "mine"},
		{name: "a variable that is not set", system: "gitlab", variables: keys(minted...),
			access: input.AWSAccess{RoleToAssume: role,
				WebIdentityTokenEnv: "MY_TOKEN"}, err: "the variable MY_TOKEN is not set", hint: "id_tokens"},
		{name: "a role by other credentials", variables: keys(), access: assume, key: "ASSUMED", call: "AssumeRole"},
		{name: "a role by nothing", system: "github", variables: alone(), access: assume,
			err: "the CI provides no OIDC token, and there are no other credentials", hint: "permissions id-token: write"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := environment(t, tt.variables)
			env.CI.System = tt.system
			t.Setenv("AWS_ENDPOINT_URL_STS", web.URL)
			var got events
			calls := len(server.calls)
			clients, err := Connect(t.Context(), env, Options{AWSAccess: tt.access}, got.sink)
			if tt.err != "" {
				var advised *explain.HintError
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("Connect() = %v, want an error with %q", err, tt.err)
				}
				if tt.hint != "" && (!errors.As(err, &advised) || !strings.Contains(advised.Hint, tt.hint)) {
					t.Errorf("Connect() = %#v, want the hint %q", err, tt.hint)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			found, err := clients.Config.Credentials.Retrieve(t.Context())
			if err != nil || !strings.HasPrefix(found.AccessKeyID, tt.key) {
				t.Errorf("the key is %s, %v, want %s", found.AccessKeyID, err, tt.key)
			}
			if tt.region != "" && clients.Config.Region != tt.region {
				t.Errorf("the region is %s, want %s", clients.Config.Region, tt.region)
			}
			if tt.call == "" && len(server.calls) > calls {
				t.Errorf("STS was called: %v", server.last())
			}
			if call := server.last(); tt.call != "" && (call.Get("Action") != tt.call ||
				call.Get("WebIdentityToken") != tt.token || call.Get("RoleArn") != role ||
				call.Get("RoleSessionName") != "ecs-run-task-1000-deploy-eu") {
				t.Errorf("STS was called with %v, want %s with the token %q", call, tt.call, tt.token)
			}
			if tt.token != "" && !slices.Contains(got.secrets, tt.token) {
				t.Errorf("the secrets are %q, want the token among them", got.secrets)
			}
			if notices := strings.Join(got.notices, "\n"); (tt.notice == "") != (notices == "") || !strings.Contains(notices,
				tt.notice) {
				t.Errorf("the notices are %q, want %q", notices, tt.notice)
			}
		})
	}
}

// answers are the responses of an endpoint in their order. The last one is repeated.
type answers struct {
	statuses []int // 0 breaks off in the body
	codes    []string

	mu       sync.Mutex
	requests []string // the keys that signed them
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ := strings.Cut(scope, "/")
	n := min(len(a.requests), len(a.statuses)-1)
	a.requests = append(a.requests, key)
	body := io.Reader(strings.NewReader(`{"taskArns": []}`))
	switch status := a.statuses[n]; {
	case status == 0:
		body = io.MultiReader(strings.NewReader(`{"taskArns"`), broken{})
	case status >= 300:
		body = strings.NewReader(fmt.Sprintf(`{"__type": %q, "message": "no"}`, a.codes[n]))
	}
	return &http.Response{StatusCode: max(a.statuses[n], 200),
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}}, Body: io.NopCloser(body), Request: r}, nil
}

// broken is the error of a lost connection.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// Which calls are retried, and how often.
func TestRetry(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []int
		codes    []string
		requests int
		fails    bool
	}{
		{"succeeds", []int{200}, nil, 1, false},
		{"fails for a while", []int{500, 503, 200}, []string{"ServerException", "ServerException"}, 3, false},
		{"fails", []int{500}, []string{"ServerException"}, maxAttempts, true},
		{"is throttled", []int{400, 200}, []string{"ThrottlingException"}, 2, false},
		{"is refused", []int{400}, []string{"ClientException"}, 1, true},
		{"breaks off", []int{0, 200}, nil, 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			env := environment(t, keys())
			cfg, err := LoadConfig(t.Context(), env, Options{}, func(event.Event) {})
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				endpoint := &answers{statuses: tt.statuses, codes: tt.codes}
				cfg.HTTPClient = &http.Client{Transport: endpoint}
				_, err := newClients(cfg).ECS.ListTasks(t.Context(), &ecs.ListTasksInput{})
				if (err != nil) != tt.fails || len(endpoint.requests) != tt.requests {
					t.Errorf("ListTasks() = %v after %d requests, want %d, an error: %v", err, len(endpoint.requests), tt.requests,
						tt.fails)
				}
			})
		})
	}
}

// A call that is refused because credentials are expired is retried once with new
// credentials.
func TestRenewExpired(t *testing.T) {
	for _, tt := range []struct {
		name     string
		statuses []int
		want     []string // the keys of the requests
		fails    bool
	}{
		{"renewed", []int{400, 200}, []string{"KEY1", "KEY2"}, false},
		{"permanently expired", []int{400}, []string{"KEY1", "KEY2"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			count := 0
			cache := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				count++
				return aws.Credentials{AccessKeyID: fmt.Sprint("KEY", count), SecretAccessKey: "s", CanExpire: true,
					Expires: time.Now().Add(time.Hour)}, nil
			}))
			endpoint := &answers{statuses: tt.statuses, codes: []string{"ExpiredTokenException"}}
			cfg := aws.Config{Region: "eu-west-1", Credentials: cache, HTTPClient: &http.Client{Transport: endpoint},
				Retryer: func() aws.Retryer { return aws.NopRetryer{} }}
			cfg.APIOptions = append(cfg.APIOptions, renewExpired(cache))
			_, err := newClients(cfg).ECS.ListTasks(t.Context(), &ecs.ListTasksInput{})
			if (err != nil) != tt.fails || !slices.Equal(endpoint.requests, tt.want) {
				t.Errorf("ListTasks() = %v with the keys %q, want %q, an error: %v", err, endpoint.requests, tt.want, tt.fails)
			}
		})
	}
}

// Credentials that can't be renewed early are used until they expire.
func TestUntilExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the token service is away")
		fails := false
		provider := &untilExpiry{CredentialsProvider: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials,
			error) {
			if fails {
				return aws.Credentials{}, away
			}
			return aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "s", CanExpire: true,
				Expires: time.Now().Add(time.Hour)}, nil
		})}
		cache := aws.NewCredentialsCache(provider, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewEarly })
		for _, step := range []struct {
			after time.Duration
			fails bool
			want  error
		}{
			{0, false, nil},
			{time.Hour - renewEarly + time.Second, true, nil}, // they are due
			{time.Minute, true, nil},                          // and again
			{renewEarly - 62*time.Second, true, nil},          // a second before the end
			{2 * time.Second, true, away},                     // after it
			{0, false, nil},
		} {
			time.Sleep(step.after)
			fails = step.fails
			if found, err := cache.Retrieve(t.Context()); !errors.Is(err, step.want) || err == nil &&
				found.AccessKeyID != "KEY" {
				t.Errorf("%s later, away: %v: Retrieve() = %s, %v, want %v", step.after, step.fails, found.AccessKeyID, err,
					step.want)
			}
		}
	})
}

func TestWarnExpiry(t *testing.T) {
	for _, tt := range []struct {
		name  string
		left  time.Duration // 0: they do not expire
		wait  time.Duration
		role  string
		warns bool
	}{
		{"long-lived", 0, time.Hour, "", false},
		{"long enough", time.Hour, time.Hour, "", false},
		{"too short", time.Hour - time.Second, time.Hour, "", true},
		{"too short, of a role that is assumed again", time.Minute, time.Hour, role, false},
		{"nothing is waited for", time.Minute, 0, "", false},
	} {
		synctest.Test(t, func(t *testing.T) {
			var got events
			c := connector{options: Options{Wait: tt.wait, AWSAccess: input.AWSAccess{RoleToAssume: tt.role}}, emit: got.sink}
			c.warnExpiry(aws.Credentials{CanExpire: tt.left > 0, Expires: time.Now().Add(tt.left)})
			if (len(got.notices) > 0) != tt.warns {
				t.Errorf("%s: notices %q, want one: %v", tt.name, got.notices, tt.warns)
			}
		})
	}
}

// The account is looked up once, and not if the time is too short.
func TestAccount(t *testing.T) {
	lookups := 0
	provider := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		lookups++
		return aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "s", AccountID: "123456789012"}, nil
	})
	clients := newClients(aws.Config{Region: "eu-west-1", Credentials: provider})
	short, cancel := context.WithTimeout(t.Context(), accountTimeout-time.Second)
	defer cancel()
	if id := clients.Account(short); id != "" || lookups > 0 {
		t.Errorf("Account() = %q after %d look-ups without time, want none", id, lookups)
	}
	for range 2 {
		if id := clients.Account(t.Context()); id != "123456789012" || clients.KnownAccount() != id || lookups != 1 {
			t.Errorf("Account() = %q, known %q, after %d look-ups, want it after one", id, clients.KnownAccount(), lookups)
		}
	}
}

func TestLocal(t *testing.T) {
	endpoint := &answers{statuses: []int{200}}
	closed := false
	clients := Local("eu-west-1", endpoint, func() error { closed = true; return nil })
	if _, err := clients.ECS.ListTasks(t.Context(), &ecs.ListTasksInput{}); err != nil ||
		!slices.Equal(endpoint.requests, []string{"local"}) {
		t.Errorf("ListTasks() = %v by %q, want it handed to the ECS of the step", err, endpoint.requests)
	}
	if id := clients.Account(t.Context()); id != "" || len(endpoint.requests) > 1 {
		t.Errorf("Account() = %q, want none, without a call", id)
	}
	if own, other := clients.Logs(""), clients.Logs("us-east-2"); own != clients.Logs("eu-west-1") || own == other ||
		other.Options().Region != "us-east-2" {
		t.Error("Logs() has not one client for each region")
	}
	if clients.Close(); !closed || !clients.Local {
		t.Error("Close() did not end the ECS of the step")
	}
}

// A role that AWS refuses is named, without the SDK's words, and the refusal is there for a
// diagnosis.
func TestRoleRefused(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>`+
			`<Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message>`+
			`</Error></ErrorResponse>`)
	}))
	defer web.Close()
	env := environment(t, keys("BITBUCKET_STEP_OIDC_TOKEN", "a-token"))
	t.Setenv("AWS_ENDPOINT_URL_STS", web.URL)
	var got events
	_, err := Connect(t.Context(), env, Options{AWSAccess: input.AWSAccess{RoleToAssume: role}}, got.sink)
	want := "assume the role " + role + ": AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
	if err == nil || err.Error() != want {
		t.Errorf("Connect() = %v, want %s", err, want)
	}
	if advice := explain.Call(diagnose.Symptom{}, err); len(advice) == 0 || advice[0].Code != "assume-role-denied" {
		t.Errorf("the advice is %v, want that about the trust policy", advice)
	}
}
