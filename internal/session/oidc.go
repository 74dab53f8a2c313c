package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/sethvargo/go-githubactions"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/explain"
	"github.com/ecs-run-task/ecs-run-task/internal/ownership"
	"github.com/ecs-run-task/ecs-run-task/internal/sleep"
)

// tokenVariables are the variables in which Bitbucket and CircleCI pass an OIDC token to a
// job. GitLab users choose a name.
var tokenVariables = []string{"BITBUCKET_STEP_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"}

// renewEarly is how long before their expiry credentials are renewed.
const renewEarly = 5 * time.Minute

// assumeRole returns credentials for the role to assume: with the OIDC token of the CI or,
// without one, with the credentials in the environment.
func (c connector) assumeRole(cfg aws.Config) (aws.CredentialsProvider, error) {
	role, name := c.options.RoleToAssume, c.sessionName()
	token, err := c.identityToken()
	if err != nil {
		return nil, err
	}
	var provider aws.CredentialsProvider
	if token != nil {
		provider = stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(cfg), role, token,
			func(o *stscreds.WebIdentityRoleOptions) {
				o.RoleSessionName = name
			})
	} else {
		cfg.Credentials = chained{cfg.Credentials, c.env.CI.Advice().Token}
		provider = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), role, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = name
		})
	}
	return aws.NewCredentialsCache(&untilExpiry{CredentialsProvider: provider},
		func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewEarly }), nil
}

// untilExpiry provides credentials that remain in use until they expire if they can't be
// renewed early: the token of the CI may be valid only once, or its service may be
// unavailable for a moment. The credentials cache calls one method at a time.
type untilExpiry struct {
	aws.CredentialsProvider
	end time.Time // expiry of the last credentials
}

func (l *untilExpiry) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := l.CredentialsProvider.Retrieve(ctx)
	if err == nil {
		l.end = found.Expires
	}
	return found, err
}

// HandleFailToRefresh returns the credentials to use after a failed renewal.
func (l *untilExpiry) HandleFailToRefresh(_ context.Context, last aws.Credentials, err error) (aws.Credentials, error) {
	left := time.Until(l.end)
	if !last.HasKeys() || left <= 0 {
		return aws.Credentials{}, err
	}
	// Valid until the next attempt, which comes soon; the cache subtracts renewEarly.
	last.Expires = time.Now().Add(renewEarly + min(30*time.Second, left))
	return last, nil
}

// chained provides the credentials for assuming a role without a token.
type chained struct {
	aws.CredentialsProvider
	advice string // how to get a token
}

func (c chained) Retrieve(ctx context.Context) (aws.Credentials, error) {
	found, err := c.CredentialsProvider.Retrieve(ctx)
	if err != nil {
		without := errors.New("role-to-assume: the CI provides no OIDC token, and there are no other credentials for " +
			"assuming the role")
		if !triedAllSources(err) {
			without = fmt.Errorf("%w: %w", without, err)
		}
		return found, explain.WithHint(without, c.advice)
	}
	return found, nil
}

// sessionName returns a session name for CloudTrail, with the characters and the length
// that AWS allows.
func (c connector) sessionName() string {
	name := ownership.PlainText(ownership.Marker + "-" + c.env.CI.ID + "-" + c.env.CI.Job)
	return name[:min(len(name), 64)]
}

// identityToken returns a source for the CI's OIDC token, or nil if the CI has none.
func (c connector) identityToken() (stscreds.IdentityTokenRetriever, error) {
	names := tokenVariables
	if c.options.WebIdentityTokenEnv != "" {
		names = []string{c.options.WebIdentityTokenEnv}
	} else if c.env.getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != "" {
		return mintedToken{c.env, c.emit}, nil
	}
	for _, name := range names {
		if token := c.env.getenv(name); token != "" {
			c.emit(event.Secrets{{Value: token}})
			return givenToken(token), nil
		}
	}
	if c.options.WebIdentityTokenEnv == "" {
		return nil, nil
	}
	return nil, explain.WithHint(
		fmt.Errorf("web-identity-token-env: the variable %s is not set", c.options.WebIdentityTokenEnv),
		c.env.CI.Advice().Token,
	)
}

// mintedToken requests a new token from GitHub or Gitea each time. A token is valid for
// minutes, the request URL as long as the job.
type mintedToken struct {
	env  Env
	emit event.Sink
}

func (m mintedToken) GetIdentityToken() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), credentialsTimeout)
	defer cancel()
	action := githubactions.New(githubactions.WithGetenv(m.env.getenv))
	for {
		token, err := action.GetIDToken(ctx, "sts.amazonaws.com")
		if err == nil {
			m.emit(event.Secrets{{Value: token}})
			return []byte(token), nil
		}
		if !sleep.For(ctx, time.Second) {
			return nil, explain.WithHint(
				fmt.Errorf("request an OIDC token from the CI: %w", err),
				"the URL of the CI's token service is in ACTIONS_ID_TOKEN_REQUEST_URL; if it is only temporarily unavailable, "+
					"run the job again",
			)
		}
	}
}

// givenToken is a token that can't be renewed.
type givenToken string

func (t givenToken) GetIdentityToken() ([]byte, error) { return []byte(t), nil }
