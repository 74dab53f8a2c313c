// Package source finds the texts of task definitions: given inline, in files
// of the workspace, or in files of a git repository.
//
// It never looks inside a text, never writes to a disk, never starts a
// program, and never reads a file that is outside of the workspace or the
// repository, whichever path, symbolic link or tree entry leads there.
package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// MaxText is the size of the largest text that is read, in bytes. ECS refuses
// definitions that are far smaller.
const MaxText = 1 << 20

// Config says where the texts are. The zero value names none, which is an
// error of [Load].
type Config struct {
	Definition string   // the text itself; empty if there is none
	Paths      []string // paths or globs of files, in the workspace or in Repository
	Workspace  string   // absolute path of the folder that Paths are below; empty if there is none

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
	AWS func(context.Context) (AWSCredentials, error)

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
	Name  string // "definition", or the path below the workspace or the repository, with slashes
	Bytes []byte
}

// Result is what [Load] found.
type Result struct {
	Texts []Text // the inline definition, then the files in the order they were asked for
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
		faults = append(faults, fmt.Errorf("definition: %w", tooLarge(size)))
	} else if size > 0 {
		result.Texts = append(result.Texts, Text{Name: "definition", Bytes: []byte(c.Definition)})
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

func (c Config) memory() int64 { return cmp.Or(c.Memory, 256<<20) }

func (c Config) timeout() time.Duration { return cmp.Or(c.Timeout, 2*time.Minute) }

func (c Config) connectTimeout() time.Duration { return cmp.Or(c.ConnectTimeout, 15*time.Second) }

func (c Config) stallTimeout() time.Duration { return cmp.Or(c.StallTimeout, 30*time.Second) }

func (c Config) backoff() time.Duration { return cmp.Or(c.Backoff, time.Second) }

func tooLarge(size int64) error {
	return fmt.Errorf("%d bytes are over the limit of %d (%s)", size, MaxText, byteCount(MaxText))
}

// byteCount writes a number of bytes as people do: 512 B, 1 MiB, 2.5 MiB.
func byteCount(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	value, unit := float64(n), 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	precision := 1
	if value == float64(int64(value)) {
		precision = 0
	}
	return strconv.FormatFloat(value, 'f', precision, 64) + " " + units[unit]
}
