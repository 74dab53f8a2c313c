// Package session makes the AWS clients of a step: it finds the region and the
// credentials, assumes a role by the CI's OIDC token, and sets how calls are made
// again. It calls no operation of ECS itself.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
)

// Clients are what the step calls AWS with, or the ECS inside this command.
type Clients struct {
	Config aws.Config
	Local  bool // the ECS inside this command
	ECS    *ecs.Client
	Lookup *lookup.Client

	// Close ends the ECS inside this command, if it is one.
	Close func() error

	clock     *clock
	once      sync.Once // of the account's look-up
	mu        sync.Mutex
	accountID string
	logs      map[string]*cloudwatchlogs.Client // by region
}

// roleTimeout is how long it may take to assume a role, with another try or two.
const roleTimeout = 20 * time.Second

// answerTimeout is how long an endpoint may take to begin its answer to one
// attempt.
const answerTimeout = 10 * time.Second

// attempts is how often the SDK makes a call that fails for a passing reason. It
// fits into the time that package task gives a call.
const attempts = 5

// Connect makes the clients, and makes sure that there are a region and
// credentials.
func Connect(ctx context.Context, env Env, o Options, emit event.Sink) (*Clients, error) {
	cfg, err := LoadConfig(ctx, env, o, emit)
	if err != nil {
		return nil, err
	}
	c := connector{env, o, emit}
	if err := c.findCredentials(ctx, cfg); err != nil {
		return nil, err
	}
	return newClients(cfg), nil
}

// LoadConfig reads the SDK's usual sources, and the role to assume.
func LoadConfig(ctx context.Context, env Env, o Options, emit event.Sink) (aws.Config, error) {
	return connector{env, o, emit}.loadConfig(ctx)
}

// loadConfig reads the SDK's usual sources.
func (c connector) loadConfig(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = attempts }, awserr.RetryBroken)
		}),
		config.WithLogger(logging.Nop{}), // errors say what the SDK would
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = answerTimeout
		})),
	}
	if c.options.Region != "" {
		options = append(options, config.WithRegion(c.options.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	instead := "" // of the profile
	switch {
	case c.env.getenv("AWS_ACCESS_KEY_ID") != "":
		instead = "AWS_ACCESS_KEY_ID"
	case c.options.RoleToAssume != "":
		instead = "role-to-assume"
	}
	if instead != "" && errors.As(err, &missing) {
		// The profile is one of the runner's host, whose files are not in the step's
		// container, and the SDK would look at nothing else.
		c.emit.Notice(event.Note{Text: fmt.Sprintf("AWS_PROFILE is left out: there is no profile %s here; %s is used", missing.Profile, instead)})
		if err := errors.Join(c.env.Unsetenv("AWS_PROFILE"), c.env.Unsetenv("AWS_DEFAULT_PROFILE")); err != nil {
			return aws.Config{}, err
		}
		cfg, err = config.LoadDefaultConfig(ctx, options...)
	}
	if errors.As(err, &missing) {
		return aws.Config{}, explain.WithHint(
			fmt.Errorf("load the AWS configuration: there is no profile %s", missing.Profile),
			profileAdvice(c.env.CI.System),
		)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS region: give the input region, or set AWS_REGION")
	}
	cfg.APIOptions = append(cfg.APIOptions, newSilence(c.emit).middleware)
	if c.options.RoleToAssume != "" {
		cfg.Credentials, err = c.assumeRole(cfg)
	}
	if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
		cfg.APIOptions = append(cfg.APIOptions, renewExpired(cache))
	}
	return cfg, err
}

// profileAdvice says what to do about a profile that is not there.
func profileAdvice(system string) string {
	switch system {
	case "":
		return "aws configure list-profiles names those that there are: set AWS_PROFILE to one of them, or unset it"
	case "github":
		return "the files of the runner's machine are not in a container action: give " +
			"aws-actions/configure-aws-credentials no aws-profile, or unset AWS_PROFILE and give the keys"
	}
	return "the files of the runner's machine are not in the step's container: unset AWS_PROFILE, and give the keys " +
		"or role-to-assume"
}

// renewExpired has a call that AWS refuses since the credentials are expired take new ones,
// and makes it once more: the SDK goes by this machine's clock alone, which may be wrong.
func renewExpired(cache *aws.CredentialsCache) func(*middleware.Stack) error {
	renew := middleware.FinalizeMiddlewareFunc("RenewExpired", func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleFinalize(ctx, in)
		if !awserr.Expired(err) {
			return out, metadata, err
		}
		cache.Invalidate()
		if request, ok := in.Request.(*smithyhttp.Request); !ok || request.RewindStream() != nil {
			return out, metadata, err
		}
		return next.HandleFinalize(ctx, in)
	})
	return func(stack *middleware.Stack) error { return stack.Finalize.Insert(renew, "Retry", middleware.Before) }
}

// errNoCredentials is what is left to say where the SDK has looked everywhere.
var errNoCredentials = errors.New("find AWS credentials: none are given, and this machine has no role")

// findCredentials makes sure that there are credentials, in the time that the
// step gives the search.
func (c connector) findCredentials(ctx context.Context, cfg aws.Config) error {
	limit := credentialsTimeout
	if c.options.RoleToAssume != "" {
		limit = roleTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	found, err := cfg.Credentials.Retrieve(ctx)
	if err == nil {
		c.warnExpiry(found)
		return nil
	}
	var better *explain.HintError
	switch {
	case errors.As(err, &better): // which says it all
		err = errors.New("find AWS credentials: " + better.Error())
	case lookedEverywhere(err):
		err = errNoCredentials
	default:
		err = fmt.Errorf("find AWS credentials: %w", err)
	}
	hint := c.env.CI.Advice().Credentials
	file := c.env.getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	switch {
	case better != nil:
		hint = better.Hint
	case c.options.RoleToAssume != "":
		hint = "let the role " + c.options.RoleToAssume + " trust the CI's OIDC provider for this repository and branch " +
			"(its trust policy: sts:AssumeRoleWithWebIdentity, with sub " + c.env.CI.Advice().Subject + ")"
	case file != "":
		hint = "AWS_WEB_IDENTITY_TOKEN_FILE is " + file + ": only files below the workspace and RUNNER_TEMP are in a " +
			"step's container"
	}
	return explain.WithHint(err, hint)
}

// warnExpiry says so if the credentials will not last as long as the wait.
func (c connector) warnExpiry(found aws.Credentials) {
	left := time.Until(found.Expires)
	if c.options.RoleToAssume == "" && found.CanExpire && left < c.options.Wait {
		c.emit.Notice(event.Note{
			Text: fmt.Sprintf("the AWS credentials are good for %s, less than the time-out of %s", event.Duration(left), c.options.Wait),
			Hint: "role-to-assume takes new ones for as long as the step waits",
		})
	}
}

func newClients(cfg aws.Config) *Clients {
	clock := &clock{}
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), clock.middleware)
	return &Clients{
		Config: cfg, clock: clock,
		ECS:    ecs.NewFromConfig(cfg),
		Lookup: lookup.New(cfg),
		Close:  func() error { return nil },
		logs:   map[string]*cloudwatchlogs.Client{},
	}
}

// Local makes the clients of an ECS of this step's own. No socket is opened:
// transport hands the requests over in memory. Close ends that ECS.
func Local(region string, transport http.RoundTripper, close func() error) *Clients {
	c := newClients(aws.Config{
		Region:       region,
		BaseEndpoint: aws.String("http://ecs.localhost"),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
		HTTPClient:   &http.Client{Transport: transport},
	})
	c.Local, c.Close = true, close
	return c
}

// LocalTime returns a time by this machine's clock for one by AWS's. It is not later
// than now.
func (c *Clients) LocalTime(at time.Time) time.Time { return c.clock.local(at) }

// Logs returns the client for the log groups of a region; empty is the step's
// own. A container's log may be in another region than its task.
func (c *Clients) Logs(region string) *cloudwatchlogs.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	region = cmp.Or(region, c.Config.Region)
	client, ok := c.logs[region]
	if !ok {
		client = cloudwatchlogs.NewFromConfig(c.Config, func(o *cloudwatchlogs.Options) { o.Region = region })
		c.logs[region] = client
	}
	return client
}

// accountTime is how much time there has to be to look the account up.
const accountTime = 7 * time.Second

// Account returns the id of the account that the credentials are of, or "" if
// that can't be found out: it only serves messages. It is looked up once.
func (c *Clients) Account(ctx context.Context) string {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < accountTime {
		return c.KnownAccount() // there is no time to look
	}
	c.once.Do(func() {
		id := c.lookUpAccount(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.accountID = id
	})
	return c.KnownAccount()
}

// KnownAccount is Account without looking it up.
func (c *Clients) KnownAccount() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accountID
}

// Principal returns the ARN of the user or the session of a role that calls AWS, or "" if
// that can't be found out.
func (c *Clients) Principal(ctx context.Context) string {
	if c.Local {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	identity, err := sts.NewFromConfig(c.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return ""
	}
	return aws.ToString(identity.Arn)
}

func (c *Clients) lookUpAccount(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if found, err := c.Config.Credentials.Retrieve(ctx); err == nil && found.AccountID != "" {
		return found.AccountID
	}
	if c.Local {
		return ""
	}
	identity, err := sts.NewFromConfig(c.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return ""
	}
	return aws.ToString(identity.Account)
}
