package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// clients are what the step calls AWS with, or the ECS inside this command.
type clients struct {
	config aws.Config
	local  bool
	ecs    *ecs.Client
	lookup *lookup.Client
	close  func() error
	clock  *clock

	once      sync.Once // of the account's look-up
	mu        sync.Mutex
	accountID string
	logs      map[string]*cloudwatchlogs.Client // by region
}

// credentialsTimeout is how long the search for credentials may take: the SDK's
// own would wait longer for services that are not there in a container.
const credentialsTimeout = 4 * time.Second

// roleTimeout is how long it may take to assume a role, with another try or two.
const roleTimeout = 20 * time.Second

// answerTimeout is how long an endpoint may take to begin its answer to one
// attempt.
const answerTimeout = 10 * time.Second

// attempts is how often the SDK makes a call that fails for a passing reason. It
// fits into the time that package task gives a call.
const attempts = 5

// connect makes the clients, and makes sure that there are a region and
// credentials.
func (s *step) connect(ctx context.Context) (*clients, error) {
	if s.config.Local != "" {
		return connectLocal(s.env, s.config.AWS, s.containerOutput), nil
	}
	cfg, err := s.loadConfig(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.findCredentials(ctx, cfg); err != nil {
		return nil, err
	}
	return newClients(cfg), nil
}

// loadConfig reads the SDK's usual sources.
func (s *step) loadConfig(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = attempts }, task.RetryBroken)
		}),
		config.WithLogger(logging.Nop{}), // errors say what the SDK would
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = answerTimeout
		})),
	}
	if s.config.Region != "" {
		options = append(options, config.WithRegion(s.config.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	instead := "" // of the profile
	switch {
	case s.env.getenv("AWS_ACCESS_KEY_ID") != "":
		instead = "AWS_ACCESS_KEY_ID"
	case s.config.RoleToAssume != "":
		instead = "role-to-assume"
	}
	if instead != "" && errors.As(err, &missing) {
		// The profile is one of the runner's host, whose files are not in the step's
		// container, and the SDK would look at nothing else.
		s.console.Notice(report.Note{Text: fmt.Sprintf("AWS_PROFILE is left out: there is no profile %s here; %s is used", missing.Profile, instead)})
		if err := errors.Join(s.env.Unsetenv("AWS_PROFILE"), s.env.Unsetenv("AWS_DEFAULT_PROFILE")); err != nil {
			return aws.Config{}, err
		}
		cfg, err = config.LoadDefaultConfig(ctx, options...)
	}
	if errors.As(err, &missing) {
		return aws.Config{}, &adviceError{
			error:  fmt.Errorf("load the AWS configuration: there is no profile %s: the files of the runner's host are not in a container action", missing.Profile),
			advice: "give aws-actions/configure-aws-credentials no aws-profile, or unset AWS_PROFILE and give the keys",
		}
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS region: give the input region, or set AWS_REGION")
	}
	if s.config.RoleToAssume != "" {
		cfg.Credentials, err = s.assumeRole(cfg)
	}
	if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
		cfg.APIOptions = append(cfg.APIOptions, renewExpired(cache))
	}
	return cfg, err
}

// renewExpired has the next call take new credentials where AWS calls the present
// ones expired: the SDK goes by this machine's clock alone, which may be wrong.
func renewExpired(cache *aws.CredentialsCache) func(*middleware.Stack) error {
	renew := middleware.DeserializeMiddlewareFunc("RenewExpired", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if task.Expired(err) {
			cache.Invalidate()
		}
		return out, metadata, err
	})
	return func(stack *middleware.Stack) error { return stack.Deserialize.Add(renew, middleware.Before) }
}

// findCredentials makes sure that there are credentials, in the time that the
// step gives the search.
func (s *step) findCredentials(ctx context.Context, cfg aws.Config) error {
	limit := credentialsTimeout
	if s.config.RoleToAssume != "" {
		limit = roleTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found, err := cfg.Credentials.Retrieve(ctx)
	if err == nil {
		s.warnOfExpiry(found)
		return nil
	}
	advised := &adviceError{
		error:  fmt.Errorf("find AWS credentials: %w", err),
		advice: "run aws-actions/configure-aws-credentials before this step, give role-to-assume, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN",
	}
	var better *adviceError
	file := s.env.getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	switch {
	case errors.As(err, &better):
		advised.advice = better.advice
	case s.config.RoleToAssume != "":
		advised.advice = "let the role " + s.config.RoleToAssume + " trust the CI's OIDC provider for this repository and branch (its trust policy: sts:AssumeRoleWithWebIdentity)"
	case file != "":
		advised.advice = "AWS_WEB_IDENTITY_TOKEN_FILE is " + file + ": only files below the workspace and RUNNER_TEMP are in a step's container"
	}
	return advised
}

// warnOfExpiry says so if the credentials will not last as long as the wait.
func (s *step) warnOfExpiry(found aws.Credentials) {
	left := time.Until(found.Expires)
	if s.config.RoleToAssume == "" && found.CanExpire && left < s.config.Timeout && !s.config.SkipSteadyStateCheck {
		s.console.Notice(report.Note{
			Text: fmt.Sprintf("the AWS credentials are good for %s, less than the time-out of %s", report.Since(left), s.config.Timeout),
			Hint: "role-to-assume takes new ones for as long as the step waits",
		})
	}
}

func newClients(cfg aws.Config) *clients {
	clock := &clock{}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), clock.middleware)
	return &clients{
		config: cfg, clock: clock,
		ecs:    ecs.NewFromConfig(cfg),
		lookup: lookup.New(cfg),
		close:  func() error { return nil },
		logs:   map[string]*cloudwatchlogs.Client{},
	}
}

// connectLocal makes the clients of an ECS of this step's own. No socket is
// opened: requests are handed over in memory.
func connectLocal(env Env, c input.AWS, output func(taskARN, container string) io.Writer) *clients {
	region := localRegion(env, c.Region)
	server := ecslocal.New(append(executor(c.Local, env), ecslocal.Region(region), ecslocal.AnyCluster(), ecslocal.Output(output))...)
	made := newClients(aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://ecs.localhost"),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   &http.Client{Transport: ecslocal.Transport(server)},
	})
	made.local, made.close = true, server.Close
	return made
}

// logsOf returns the client for the log groups of a region; empty is the step's
// own. A container's log may be in another region than its task.
func (c *clients) logsOf(region string) *cloudwatchlogs.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	region = cmp.Or(region, c.config.Region)
	client, ok := c.logs[region]
	if !ok {
		client = cloudwatchlogs.NewFromConfig(c.config, func(o *cloudwatchlogs.Options) { o.Region = region })
		c.logs[region] = client
	}
	return client
}

// account returns the id of the account that the credentials are of, or "" if
// that can't be found out: it only serves messages. It is looked up once.
func (c *clients) account(ctx context.Context) string {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < endingTime {
		return c.knownAccount() // there is no time to look
	}
	c.once.Do(func() {
		id := c.lookUpAccount(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.accountID = id
	})
	return c.knownAccount()
}

// knownAccount is account without looking it up.
func (c *clients) knownAccount() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accountID
}

func (c *clients) lookUpAccount(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if found, err := c.config.Credentials.Retrieve(ctx); err == nil && found.AccountID != "" {
		return found.AccountID
	}
	if c.local {
		return ""
	}
	identity, err := sts.NewFromConfig(c.config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return ""
	}
	return aws.ToString(identity.Account)
}
