package git

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Secrets returns the values that c holds, also inside of its URL, which must
// not be seen in any output: to be masked before [Load] is called.
func (c Config) Secrets() []string {
	secrets := []string{c.Token, c.SSHKey}
	if user := userinfo(c.Repository); user != "" {
		name, password, _ := strings.Cut(user, ":")
		// A name alone may be a token, except over ssh, where it is an account.
		if scheme, _, _ := strings.Cut(c.Repository, "://"); password == "" && !strings.EqualFold(scheme, "ssh") {
			password = name
		}
		secrets = append(secrets, password)
		if plain, err := url.PathUnescape(password); err == nil {
			secrets = append(secrets, plain)
		}
	}
	var all []string
	for _, secret := range secrets {
		if secret = strings.TrimSpace(secret); secret != "" {
			all = append(all, secret)
		}
	}
	return all
}

// userinfo returns what stands before the @ of a URL, even of one that can't
// be parsed.
func userinfo(text string) string {
	_, rest, ok := strings.Cut(text, "://")
	if !ok {
		return ""
	}
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndex(authority, "@")
	return authority[:max(at, 0)]
}

// redacted is an error without any of the secrets.
type redacted struct {
	text string
	err  error
}

func (r redacted) Error() string { return r.text }
func (r redacted) Unwrap() error { return r.err }

// Redact takes the secrets of c out of what err says.
func (c Config) Redact(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	for _, secret := range c.Secrets() {
		text = strings.ReplaceAll(text, secret, "***")
	}
	if text == err.Error() {
		return err
	}
	return redacted{text, err}
}

// credentials are what is shown to a server over HTTP. The zero value is none.
type credentials struct {
	username string
	token    string
}

// httpCredentials returns the credentials of c for a repository over HTTP,
// user being those of its URL.
func httpCredentials(c Config, l location, user *url.Userinfo) (credentials, error) {
	var inURL credentials
	if user != nil {
		inURL.username = user.Username()
		inURL.token, _ = user.Password()
	}
	if inURL.token != "" && c.Token != "" {
		return credentials{}, errors.New("has a password in it while git-token is given: give one of them")
	}
	result := credentials{
		username: cmp.Or(c.Username, inURL.username),
		token:    cmp.Or(c.Token, inURL.token),
	}
	if result.token == "" && inURL.username != "" && c.Username == "" {
		// https://TOKEN@host/ is how some write a token.
		result = credentials{token: inURL.username}
	}
	if result.token != "" && result.username == "" {
		result.username = defaultUsername(l.host, result.token)
	}
	return result, nil
}

// defaultUsername returns the name that a host wants beside a token. GitHub,
// Gitea, Forgejo and Azure DevOps take any.
func defaultUsername(host, token string) string {
	host = strings.ToLower(host)
	switch {
	case strings.HasPrefix(token, "glcbt-"): // https://docs.gitlab.com/ci/jobs/ci_job_token/
		return "gitlab-ci-token"
	case host == "gitlab.com" || strings.HasPrefix(host, "gitlab.") || strings.HasPrefix(token, "glpat-"):
		return "oauth2"
	case host == "bitbucket.org" && strings.HasPrefix(token, "ATATT"): // https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
		return "x-bitbucket-api-token-auth"
	case host == "bitbucket.org" || strings.HasPrefix(host, "bitbucket."):
		return "x-token-auth"
	}
	return "x-access-token"
}

// isAzure says whether a host is one of Azure DevOps.
func isAzure(host string) bool {
	host = strings.ToLower(host)
	return host == "dev.azure.com" || strings.HasSuffix(host, ".visualstudio.com")
}

func isCodeCommit(host string) bool {
	return strings.HasPrefix(strings.ToLower(host), "git-codecommit.")
}

// bearerFirst says whether a host wants a token as it is rather than as a
// password. Azure DevOps does so with the tokens of Microsoft Entra, which are
// JSON web tokens.
func bearerFirst(host, token string) bool {
	return isAzure(host) && strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2
}

// wantsBearer says whether an answer of 401 asks for a bearer token only.
func wantsBearer(header http.Header) bool {
	bearer := false
	for _, challenge := range header.Values("WWW-Authenticate") {
		scheme, _, _ := strings.Cut(strings.TrimSpace(challenge), " ")
		switch strings.ToLower(scheme) {
		case "basic":
			return false
		case "bearer":
			bearer = true
		}
	}
	return bearer
}
