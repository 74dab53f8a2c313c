package remote

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Secrets returns the secret values of c and of its URL, which no output may have.
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

// userinfo returns the part of a URL before the @, even of one that can't be parsed.
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

// Redact replaces the secrets of c in the text of an error.
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

// HTTPCredentials returns the credentials for a repository over HTTP. user are those of its
// URL; nil for none.
func (c Config) HTTPCredentials(l Location, user *url.Userinfo) (Credentials, error) {
	var inURL Credentials
	if user != nil {
		inURL.Username = user.Username()
		inURL.Token, _ = user.Password()
	}
	if inURL.Token != "" && c.Token != "" {
		return Credentials{}, errors.New("has a password in it while git-token is given: give one of them")
	}
	result := Credentials{
		Username: cmp.Or(c.Username, inURL.Username),
		Token:    cmp.Or(c.Token, inURL.Token),
	}
	if result.Token == "" && inURL.Username != "" && c.Username == "" {
		// https://TOKEN@host/ is a token, too.
		result = Credentials{Token: inURL.Username}
	}
	if result.Token != "" && result.Username == "" {
		result.Username = defaultUsername(l.Host, result.Token)
	}
	return result, nil
}

// defaultUsername returns the user name that a host requires with a token. GitHub, Gitea,
// Forgejo and Azure DevOps accept any.
func defaultUsername(host, token string) string {
	host = strings.ToLower(host)
	switch {
	case strings.HasPrefix(token, "glcbt-"): // https://docs.gitlab.com/ci/jobs/ci_job_token/
		return "gitlab-ci-token"
	case host == "gitlab.com" || strings.HasPrefix(host, "gitlab.") || strings.HasPrefix(token, "glpat-"):
		return "oauth2"
	// https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
	case host == "bitbucket.org" && strings.HasPrefix(token, "ATATT"):
		return "x-bitbucket-api-token-auth"
	case host == "bitbucket.org" || strings.HasPrefix(host, "bitbucket."):
		return "x-token-auth"
	}
	return "x-access-token"
}

// IsAzure reports whether a host is one of Azure DevOps.
func IsAzure(host string) bool {
	host = strings.ToLower(host)
	return host == "dev.azure.com" || strings.HasSuffix(host, ".visualstudio.com")
}

// IsCodeCommit reports whether a host is one of CodeCommit.
func IsCodeCommit(host string) bool {
	return strings.HasPrefix(strings.ToLower(host), "git-codecommit.")
}

// BearerFirst reports whether a host requires a token as a bearer token and not as a password,
// as Azure DevOps does for tokens of Microsoft Entra, which are JSON web tokens.
func BearerFirst(host, token string) bool {
	return IsAzure(host) && strings.HasPrefix(token, "eyJ") && strings.Count(token, ".") == 2
}

// WantsBearer reports whether a response with the status 401 accepts bearer tokens only.
func WantsBearer(header http.Header) bool {
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
