// Package remote says where a git repository is and with which credentials it is read: the
// inputs about it, its URL, and what hosts require. It connects to nothing, and its errors have
// no secret.
package remote

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"time"
)

// Config says which repository is read, and how.
type Config struct {
	// Repository is the URL of a git repository, or a folder that is one, relative to
	// Workspace, an absolute path. Branch is a branch, tag or full ref, and Commit an id that
	// may be abbreviated. One of them may be given; without both it is the default branch.
	Repository, Workspace, Branch, Commit string

	Token      string // a password or token for https; empty for none
	Username   string // empty for the one that the host requires with a token, or for git over ssh
	SSHKey     string // a private key in PEM form; empty for none
	SSHAgent   string // the socket of an agent, used if SSHKey is empty; empty for none
	KnownHosts string // lines of a known_hosts file: the trusted host keys

	// Proxy returns the proxy for a request over HTTP, nil for none. If it is nil
	// itself, it is [http.ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)

	// AWS returns credentials for CodeCommit where no token is given. It may be nil.
	AWS func(context.Context) (AWSCredentials, error)

	AllowInsecure bool // whether http and git, which others can read and change, are allowed beyond this machine
	InCI          bool // whether repositories on this machine outside of the workspace are refused

	Memory         int64         // bytes of objects in memory at a time; 0 means 256 MiB
	Timeout        time.Duration // of the whole fetch; 0 means 2m
	ConnectTimeout time.Duration // for each connection; 0 means 15s
	StallTimeout   time.Duration // without a byte from the server; 0 means 30s
	Backoff        time.Duration // before the first of three retries, doubled for the next; 0 means 1s
}

// WithDefaults returns c with the defaults of its limits.
func (c Config) WithDefaults() Config {
	c.Memory = cmp.Or(c.Memory, 256<<20)
	c.Timeout = cmp.Or(c.Timeout, 2*time.Minute)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 15*time.Second)
	c.StallTimeout = cmp.Or(c.StallTimeout, 30*time.Second)
	c.Backoff = cmp.Or(c.Backoff, time.Second)
	return c
}

// AWSCredentials are credentials of AWS.
type AWSCredentials struct {
	AccessKeyID, SecretAccessKey string
	SessionToken                 string // empty for those of an IAM user
}

// Credentials are those of a server over HTTP. The zero value is none.
type Credentials struct {
	Username string
	Token    string
}
