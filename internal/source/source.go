// Package source finds the texts of task definitions: given inline, in files
// of the workspace, or in files of a git repository.
//
// It never looks inside a text, never writes to a disk, never starts a
// program, and never reads a file that is outside of the workspace or the
// repository, whichever path, symbolic link or tree entry leads there.
package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/git"
)

// MaxText is the size of the largest text that is read, in bytes. ECS refuses
// definitions that are far smaller.
const MaxText = git.MaxFile

// Config says where the texts are. The zero value names none, which is an
// error of [Load].
type Config struct {
	Definition string   // the text itself; empty if there is none
	Paths      []string // paths or globs of files, in the workspace or in Repository; - is Stdin
	Workspace  string   // absolute path of the folder that Paths are below; empty if there is none

	// Stdin is the standard input. It is read if Paths ask for it, to its end or until
	// the context ends. It may be nil, which is an empty one.
	Stdin io.Reader

	// Repository is the URL of the git repository that Paths are in, or a folder
	// that is one, relative to the workspace; empty if they are in the workspace.
	// Of Branch, a branch, tag or full ref, and Commit, an id that may be
	// abbreviated, one may be given; with neither it is the default branch.
	Repository, Branch, Commit string

	Token      string // a password or token for https; empty for none
	Username   string // empty for what the host wants beside a token, or for git over ssh
	SSHKey     string // a private key in PEM form; empty for none
	SSHAgent   string // the socket of an agent, used if SSHKey is empty; empty for none
	KnownHosts string // lines as of a known_hosts file: the host keys that are trusted

	// Proxy returns the proxy for a request over HTTP, nil for none. If it is nil
	// itself, it is [http.ProxyFromEnvironment].
	Proxy func(*http.Request) (*url.URL, error)

	// AWS returns credentials for CodeCommit where no token is given. It may be nil.
	AWS func(context.Context) (git.AWSCredentials, error)

	AllowInsecure bool // allow http and git, which can be read and changed on the way, beyond this machine
	InCI          bool // refuse repositories on this machine that are outside of the workspace

	Memory         int64         // bytes of objects that are kept at a time; 0 means 256 MiB
	Timeout        time.Duration // for all that is done about Repository; 0 means 2m
	ConnectTimeout time.Duration // for each connection; 0 means 15s
	StallTimeout   time.Duration // in which some byte must come; 0 means 30s
	Backoff        time.Duration // before the first of three retries, doubled for the next; 0 means 1s
}

// Text is one text with the name that messages about it use.
type Text struct {
	Name  string // "definition", [Stdin], or the path below the workspace or the repository, with slashes
	Bytes []byte
}

// Result is what [Load] found.
type Result struct {
	Texts []Text // the inline definition, the standard input, then the files in the order they were asked for
	Fetch *Fetch // how they came from the repository; nil if there was none
}

// Load reads every text that c names. The matches of a glob are sorted, and a
// file that is named twice is read once, at its first place. The error joins
// all faults that could be found.
func Load(ctx context.Context, c Config) (Result, error) {
	var result Result
	if c.Definition == "" && len(c.Paths) == 0 {
		return result, errors.New("no definition: give its text as definition, or its file as file-paths")
	}
	var faults []error
	if size := int64(len(c.Definition)); size > MaxText {
		faults = append(faults, fmt.Errorf("definition: %w", git.TooLarge(size)))
	} else if size > 0 {
		result.Texts = append(result.Texts, Text{Name: "definition", Bytes: []byte(c.Definition)})
	}

	paths := withoutStdin(c.Paths)
	if len(paths) < len(c.Paths) && c.Repository != "" {
		return result, errors.New("file-paths: the standard input is not in the repository that they are taken from")
	}
	if len(paths) < len(c.Paths) {
		text, err := readStdin(ctx, c.Stdin)
		if err != nil {
			faults = append(faults, fmt.Errorf("file-paths: the standard input: %w", err))
		} else {
			result.Texts = append(result.Texts, text)
		}
		c.Paths = paths
	}
	var texts []Text
	var err error
	switch {
	case c.Repository != "":
		texts, result.Fetch, err = loadRepository(ctx, c)
	case len(c.Paths) > 0:
		texts, err = loadWorkspace(c.Workspace, c.Paths)
	}
	result.Texts = append(result.Texts, texts...)
	return result, errors.Join(append(faults, err)...)
}

// git returns the part of c that says which repository is read, and how.
func (c Config) git() git.Config {
	return git.Config{
		Repository: c.Repository, Workspace: c.Workspace, Branch: c.Branch, Commit: c.Commit,
		Token: c.Token, Username: c.Username, SSHKey: c.SSHKey, SSHAgent: c.SSHAgent, KnownHosts: c.KnownHosts,
		Proxy: c.Proxy, AWS: c.AWS, AllowInsecure: c.AllowInsecure, InCI: c.InCI,
		Memory: c.Memory, Timeout: c.Timeout, ConnectTimeout: c.ConnectTimeout, StallTimeout: c.StallTimeout,
		Backoff: c.Backoff,
	}
}

// Secrets returns the values that c holds, also inside of its URL, which must
// not be seen in any output: to be masked before [Load] is called.
func (c Config) Secrets() []string { return c.git().Secrets() }
