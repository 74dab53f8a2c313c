package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"ecs-run-task/internal/ecslocal"
	"ecs-run-task/internal/input"
)

// clients are what the step calls AWS with, or the ECS inside this command.
type clients struct {
	config aws.Config
	local  bool
	ecs    *ecs.Client
	close  func() error

	mu   sync.Mutex
	logs map[string]*cloudwatchlogs.Client // by region
}

// credentialsTimeout is how long the search for credentials may take: the SDK's
// own would wait longer for services that are not there in a container.
const credentialsTimeout = 5 * time.Second

// attempts is how often the SDK makes a call that fails for a passing reason. It
// fits into the time that package task gives a call.
const attempts = 5

// connect makes the clients, and makes sure that there are a region and
// credentials. Unless it is local, it reads the SDK's usual sources.
func connect(ctx context.Context, env Env, c input.AWS, output func(taskARN, container string) io.Writer) (*clients, error) {
	if c.Local != "" {
		return connectLocal(env, c, output), nil
	}
	cfg, err := loadConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := findCredentials(ctx, cfg); err != nil {
		return nil, err
	}
	return newClients(cfg), nil
}

// loadConfig reads the SDK's usual sources.
func loadConfig(ctx context.Context, c input.AWS) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = attempts })
		}),
		config.WithLogger(logging.Nop{}), // errors say what the SDK would
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("load the AWS configuration: %w", err)
	}
	if cfg.Region == "" {
		return aws.Config{}, errors.New("no AWS region: give the input region, or set AWS_REGION")
	}
	return cfg, nil
}

func findCredentials(ctx context.Context, cfg aws.Config) error {
	ctx, cancel := context.WithTimeout(ctx, credentialsTimeout)
	defer cancel()
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return &adviceError{
			error:  fmt.Errorf("find AWS credentials: %w", err),
			advice: "run aws-actions/configure-aws-credentials before this step, or set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones, AWS_SESSION_TOKEN",
		}
	}
	return nil
}

func newClients(cfg aws.Config) *clients {
	return &clients{
		config: cfg,
		ecs:    ecs.NewFromConfig(cfg),
		close:  func() error { return nil },
		logs:   map[string]*cloudwatchlogs.Client{},
	}
}

// connectLocal makes the clients of an ECS of this step's own. No socket is
// opened: requests are handed over in memory.
func connectLocal(env Env, c input.AWS, output func(taskARN, container string) io.Writer) *clients {
	region := localRegion(env, c.Region)
	server := ecslocal.New(append(executor(c.Local, env), ecslocal.Region(region), ecslocal.Output(output))...)
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
	if c.local {
		region = c.config.Region
	}
	region = cmp.Or(region, c.config.Region)
	client, ok := c.logs[region]
	if !ok {
		client = cloudwatchlogs.NewFromConfig(c.config, func(o *cloudwatchlogs.Options) { o.Region = region })
		c.logs[region] = client
	}
	return client
}

// account returns the id of the account that the credentials are of, or "" if
// that can't be found out: it only serves messages.
func (c *clients) account(ctx context.Context) string {
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
