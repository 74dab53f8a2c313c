package source

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/git"
)

// MaxText is the maximum size of a text, in bytes. It is far above the limit of
// ECS for a task definition.
const MaxText = git.MaxFile

// Config says where the texts are. With the zero value [Load] returns an error.
type Config struct {
	Definition string   // the text itself; empty if there is none
	Paths      []string // paths or globs of files, in the workspace or in Repository; - is Stdin
	Workspace  string   // absolute path of the folder that Paths are below; empty if there is none

	// Stdin is the standard input. It is read only if Paths contain -, to its end
	// or until the context ends. nil means an empty standard input.
	Stdin io.Reader

	// Repository is the URL of the git repository that Paths are in, or a folder
	// relative to the workspace that is a repository. It is empty if Paths are in
	// the workspace. Branch is a branch, tag or full ref; Commit is an id, which may
	// be abbreviated. At most one of them is set; with neither it is the default
	// branch.
	Repository, Branch, Commit string

	Token      string // a password or token for https; empty for none
	Username   string // empty for the user name that the host expects with a token, or git for ssh
	SSHKey     string // a private key in PEM form; empty for none
	SSHAgent   string // the socket of an agent, used if SSHKey is empty; empty for none
	KnownHosts string // trusted host keys: lines in the format of known_hosts

	// Proxy returns the proxy for an HTTP request, or nil for none. If Proxy itself
	// is nil, [http.ProxyFromEnvironment] is used.
	Proxy func(*http.Request) (*url.URL, error)

	// AWS returns credentials for CodeCommit if there is no Token. It may be nil.
	AWS func(context.Context) (git.AWSCredentials, error)

	AllowInsecure bool   // allow http and git, which have no encryption, to other machines
	InCI          bool   // refuse repositories on this machine that are outside of the workspace
	Called        string // what messages call the workspace; empty is "the workspace"

	Memory         int64         // maximum size of the objects in memory, in bytes; 0 means 256 MiB
	Timeout        time.Duration // for all operations on Repository; 0 means 2m
	ConnectTimeout time.Duration // for each connection; 0 means 15s
	StallTimeout   time.Duration // longest time without a byte received; 0 means 30s
	Backoff        time.Duration // before the first of three retries, doubled for each next one; 0 means 1s
}

// Text is one text with the name that messages about it use.
type Text struct {
	Name  string // "definition", [Stdin], or the path below the workspace or the repository, with slashes
	Bytes []byte
}

// git returns the part of c that is about the repository.
func (c Config) git() git.Config {
	return git.Config{
		Repository: c.Repository, Workspace: c.Workspace, Branch: c.Branch, Commit: c.Commit,
		Token: c.Token, Username: c.Username, SSHKey: c.SSHKey, SSHAgent: c.SSHAgent, KnownHosts: c.KnownHosts,
		Proxy: c.Proxy, AWS: c.AWS, AllowInsecure: c.AllowInsecure, InCI: c.InCI,
		Memory: c.Memory, Timeout: c.Timeout, ConnectTimeout: c.ConnectTimeout, StallTimeout: c.StallTimeout,
		Backoff: c.Backoff,
	}
}

// Secrets returns the secrets in c, including those inside the URL. The caller
// masks them in all output before it calls [Load].
func (c Config) Secrets() []string { return c.git().Secrets() }
