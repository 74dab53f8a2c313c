package action

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/sethvargo/go-githubactions"

	"ecs-run-task/internal/report"
)

// tokenVariables are those in which CIs hand an OIDC token to a job: Bitbucket
// and CircleCI. GitLab has the user choose a name.
var tokenVariables = []string{"BITBUCKET_STEP_OIDC_TOKEN", "CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN"}

// renewEarly is how long before their end credentials are renewed.
const renewEarly = 5 * time.Minute

// assumeRole returns credentials of the role that the step is to have: by the
// CI's OIDC token, or else by the credentials that there are.
func (s *step) assumeRole(cfg aws.Config) (aws.CredentialsProvider, error) {
	role, name := s.config.RoleToAssume, s.sessionName()
	early := func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = renewEarly }
	token, err := s.identityToken()
	if err != nil {
		return nil, err
	}
	client := sts.NewFromConfig(cfg)
	if token != nil {
		return aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(client, role, token, func(o *stscreds.WebIdentityRoleOptions) {
			o.RoleSessionName = name
		}), early), nil
	}
	return aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(client, role, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = name
	}), early), nil
}

// sessionName names the step in CloudTrail, in the characters and the length that
// AWS takes.
func (s *step) sessionName() string {
	name := plainText(marker + "-" + s.ci.ID + "-" + s.ci.Job)
	return name[:min(len(name), 64)]
}

// identityToken returns what yields the CI's OIDC token, nil if the CI has none
// but there are other credentials.
func (s *step) identityToken() (stscreds.IdentityTokenRetriever, error) {
	names := tokenVariables
	if s.config.WebIdentityTokenEnv != "" {
		names = []string{s.config.WebIdentityTokenEnv}
	} else if s.env.getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != "" {
		return mintedToken{s.env, s.console}, nil
	}
	for _, name := range names {
		if token := s.env.getenv(name); token != "" {
			s.console.Mask(token)
			return givenToken(token), nil
		}
	}
	if s.config.WebIdentityTokenEnv == "" && s.env.getenv("AWS_ACCESS_KEY_ID") != "" {
		return nil, nil
	}
	return nil, &adviceError{
		error:  errors.New("role-to-assume: the CI gives the step no OIDC token"),
		advice: "on GitHub, give the job the permissions id-token: write; on GitLab, id_tokens and web-identity-token-env; on Bitbucket, oidc: true",
	}
}

// mintedToken asks GitHub, or Gitea, for a new token each time: a token is good
// for minutes, the request for as long as the job.
type mintedToken struct {
	env     Env
	console *report.Report
}

func (m mintedToken) GetIdentityToken() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), credentialsTimeout)
	defer cancel()
	token, err := githubactions.New(githubactions.WithGetenv(m.env.getenv)).GetIDToken(ctx, "sts.amazonaws.com")
	if err != nil {
		return nil, err
	}
	m.console.Mask(token)
	return []byte(token), nil
}

// givenToken is a token that can't be renewed.
type givenToken string

func (t givenToken) GetIdentityToken() ([]byte, error) { return []byte(t), nil }
