// Package session creates the AWS clients of a step: it determines the region and the
// credentials, assumes a role with the CI's OIDC token, and configures retries. It calls no
// operation of ECS itself.
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
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecs-run-task/ecs-run-task/internal/awserr"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/lookup"
)

// Clients are the AWS clients of a step, or those of the embedded ECS.
type Clients struct {
	Config aws.Config
	Local  bool // the embedded ECS
	ECS    *ecs.Client
	Lookup *lookup.Client

	// Close stops the embedded ECS. It does nothing for AWS.
	Close func() error

	clock     *clock
	once      sync.Once // for the look-up of the account
	mu        sync.Mutex
	accountID string
	logs      map[string]*cloudwatchlogs.Client // by region
}

// roleTimeout is the limit for assuming a role, including retries.
const roleTimeout = 20 * time.Second

// responseTimeout is the limit for the start of the response to one attempt.
const responseTimeout = 10 * time.Second

// maxAttempts is how often the SDK sends a call that fails temporarily. It fits into the
// time limit for a call in package cluster.
const maxAttempts = 5

// Connect creates the clients. It fails if there is no region or if no credentials are
// found.
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

// LoadConfig returns the configuration from the usual sources of the SDK, with the role to
// assume.
func LoadConfig(ctx context.Context, env Env, o Options, emit event.Sink) (aws.Config, error) {
	return connector{env, o, emit}.loadConfig(ctx)
}

// loadConfig implements [LoadConfig].
func (c connector) loadConfig(ctx context.Context) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = maxAttempts }, awserr.RetryBroken)
		}),
		config.WithLogger(logging.Nop{}), // returned errors contain the same information
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
			t.ResponseHeaderTimeout = responseTimeout
		})),
	}
	if c.options.Region != "" {
		options = append(options, config.WithRegion(c.options.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	var missing config.SharedConfigProfileNotExistError
	fallback := "" // used instead of the profile
	switch {
	case c.env.getenv("AWS_ACCESS_KEY_ID") != "":
		fallback = "AWS_ACCESS_KEY_ID"
	case c.options.RoleToAssume != "":
		fallback = "role-to-assume"
	}
	if fallback != "" && errors.As(err, &missing) {
		// The profile belongs to the runner's host, whose files are not in the container of
		// the step. The SDK would fail instead of using another source.
		c.emit.Notice(event.Note{Text: fmt.Sprintf("AWS_PROFILE is ignored: profile %s does not exist here; %s is used "+
			"instead", missing.Profile, fallback)})
		if err := errors.Join(c.env.Unsetenv("AWS_PROFILE"), c.env.Unsetenv("AWS_DEFAULT_PROFILE")); err != nil {
			return aws.Config{}, err
		}
		cfg, err = config.LoadDefaultConfig(ctx, options...)
	}
	if errors.As(err, &missing) {
		return aws.Config{}, explain.WithHint(
			fmt.Errorf("load the AWS configuration: profile %s does not exist", missing.Profile),
			profileAdvice(c.env.CI.System),
		)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS region: set the input region or AWS_REGION")
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

// profileAdvice returns what to do about a missing profile.
func profileAdvice(system string) string {
	switch system {
	case "":
		return "set AWS_PROFILE to a profile that aws configure list-profiles lists, or unset it"
	case "github":
		return "a container action has no access to files of the runner: give " +
			"aws-actions/configure-aws-credentials no aws-profile, or unset AWS_PROFILE and give the keys"
	}
	return "the container of the step has no access to files of the runner: unset AWS_PROFILE, and give the keys " +
		"or role-to-assume"
}

// renewExpired returns a middleware that renews the credentials and retries once if AWS
// refuses a call because they are expired. The SDK uses only this machine's clock, which
// may be wrong.
func renewExpired(cache *aws.CredentialsCache) func(*middleware.Stack) error {
	renew := middleware.FinalizeMiddlewareFunc("RenewExpired",
		func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput,
			middleware.Metadata, error) {
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

// errNoCredentials is the error if no source has credentials.
var errNoCredentials = errors.New("find AWS credentials: none are set, and this machine has no role")

// refusedRole says that AWS does not let the step assume a role.
type refusedRole struct {
	role    string
	refused smithy.APIError
	err     error
}

func (e *refusedRole) Error() string {
	return fmt.Sprintf("assume the role %s: %s: %s", e.role, e.refused.ErrorCode(), e.refused.ErrorMessage())
}

func (e *refusedRole) Unwrap() error { return e.err }

// findCredentials checks that there are credentials.
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
	var refused smithy.APIError
	switch {
	case errors.As(err, &better): // its message is complete
		err = errors.New("find AWS credentials: " + better.Error())
	case errors.As(err, &refused) && c.options.RoleToAssume != "": // the diagnosis says what to do
		return &refusedRole{c.options.RoleToAssume, refused, err}
	case triedAllSources(err):
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

// warnExpiry warns if the credentials expire before the timeout of the wait.
func (c connector) warnExpiry(found aws.Credentials) {
	left := time.Until(found.Expires)
	if c.options.RoleToAssume == "" && found.CanExpire && left < c.options.Wait {
		c.emit.Notice(event.Note{
			Text: fmt.Sprintf("the AWS credentials expire in %s, before the timeout of %s", event.Duration(left),
				c.options.Wait),
			Hint: "role-to-assume renews the credentials while the step waits",
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

// Local creates the clients of an embedded ECS. It opens no socket: transport passes the
// requests on in memory. close stops that ECS.
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

// LocalTime returns this machine's time for a time of AWS. It is never in the future.
func (c *Clients) LocalTime(at time.Time) time.Time { return c.clock.local(at) }

// Logs returns the client for the log groups of a region; empty means the region of the
// step. A container's log may be in another region than its task.
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

// accountTimeout is the time that must be left for the look-up of the account.
const accountTimeout = 7 * time.Second

// Account returns the id of the account of the credentials, or "" if it is unknown; it is
// used only in messages. It is looked up once.
func (c *Clients) Account(ctx context.Context) string {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < accountTimeout {
		return c.KnownAccount() // not enough time for a look-up
	}
	c.once.Do(func() {
		id := c.lookUpAccount(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.accountID = id
	})
	return c.KnownAccount()
}

// KnownAccount returns the id of the account if it was looked up, or "".
func (c *Clients) KnownAccount() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accountID
}

// Principal returns the ARN of the user or role session that calls AWS, or "" if it is
// unknown.
func (c *Clients) Principal(ctx context.Context) string {
	if c.Local {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, identityTimeout)
	defer cancel()
	return aws.ToString(c.identity(ctx).Arn)
}

// identityTimeout is the limit for a look-up of the identity that calls AWS.
const identityTimeout = 3 * time.Second

// identity returns the identity that calls AWS, or the zero value if it is unknown.
func (c *Clients) identity(ctx context.Context) sts.GetCallerIdentityOutput {
	found, err := sts.NewFromConfig(c.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return sts.GetCallerIdentityOutput{}
	}
	return *found
}

func (c *Clients) lookUpAccount(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), identityTimeout)
	defer cancel()
	if found, err := c.Config.Credentials.Retrieve(ctx); err == nil && found.AccountID != "" {
		return found.AccountID
	}
	if c.Local {
		return ""
	}
	return aws.ToString(c.identity(ctx).Account)
}
