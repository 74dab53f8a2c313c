// Package git reads files of one commit of a git repository: over https, ssh or git's own
// protocol from a server, or from a folder.
//
// go-git speaks the protocol, parses the packs and reads the objects. Three pieces are our
// own, because go-git v5.19.3 can't be used for them:
//
//   - The connections of ssh and git:// (ssh.go, stream.go; the messages on them are
//     go-git's). Its NewUploadPackSession takes no context, and its ssh handshake has no
//     deadline: with a server that accepts and is silent it still waited after 90 s, with an
//     ssh.ClientConfig.Timeout of 1 s. It also logs in again for each request.
//   - The check of a pack before it is parsed (packs.go). The parser inflates each object
//     into memory, whatever size it claims: it took 1.0 GiB for a pack of 1.0 MB with one
//     blob, and 1.1 GiB for a pack of 16 KB whose delta makes one.
//   - The errors of HTTP (http.go, an http.RoundTripper). go-git's have no types: it can't
//     be known from them whether the server refused or the connection failed.
//
// go-git speaks version 0 of the protocol: a server lists all its refs first, and over ssh
// and git:// it gives an object by its id only with uploadpack.allowReachableSHA1InWant or
// uploadpack.allowAnySHA1InWant, which the large hosts have. Elsewhere more is fetched.
//
// The package never writes to a disk, never starts a program, and puts no secret into an
// error.
package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// MaxFile is the size of the largest file that is read, in bytes.
const MaxFile = 1 << 20

// Config says which repository is read, and how.
type Config struct {
	// Repository is the URL of a git repository, or a folder that is one, relative to
	// Workspace, an absolute path. Of Branch, a branch, tag or full ref, and Commit, an
	// id that may be abbreviated, one may be given; with neither it is the default branch.
	Repository, Workspace, Branch, Commit string

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

	Memory         int64         // bytes of objects in memory at a time; 0 means 256 MiB
	Timeout        time.Duration // for all that is done; 0 means 2m
	ConnectTimeout time.Duration // for each connection; 0 means 15s
	StallTimeout   time.Duration // in which some byte must come; 0 means 30s
	Backoff        time.Duration // before the first of three retries, doubled for the next; 0 means 1s
}

func (c Config) memory() int64 { return cmp.Or(c.Memory, 256<<20) }

func (c Config) timeout() time.Duration { return cmp.Or(c.Timeout, 2*time.Minute) }

func (c Config) connectTimeout() time.Duration { return cmp.Or(c.ConnectTimeout, 15*time.Second) }

func (c Config) stallTimeout() time.Duration { return cmp.Or(c.StallTimeout, 30*time.Second) }

func (c Config) backoff() time.Duration { return cmp.Or(c.Backoff, time.Second) }

// Fetch is how the files of a repository were read.
type Fetch struct {
	Repository string        // its URL without any secret, or its folder
	Ref        string        // the full name of the branch or tag; empty if a commit was asked for
	Commit     string        // the id of the commit that was read, all 40 digits
	Method     Method        // how they were read; empty if they were not
	Bytes      int64         // that came from the server, without the headers of HTTP
	Attempts   int           // 1 if nothing had to be tried again
	Duration   time.Duration // of it all
}

// Method is how much of a repository had to be read for its files.
type Method string

// The methods, in the order in which they are tried.
const (
	Partial Method = "partial" // one commit, its trees, and the files asked for
	Shallow Method = "shallow" // one commit with all its files
	Full    Method = "full"    // the history
	Local   Method = "local"   // a repository on this machine
)

// timedOut ends a fetch that takes longer than it may.
type timedOut time.Duration

func (t timedOut) Error() string { return fmt.Sprintf("it took longer than %s", time.Duration(t)) }

// Read fetches one commit and returns its files. It calls walk with them, which reads what
// it needs and ignores what is absent, fetches what was absent, and calls walk again until
// nothing is. The Fetch is nil if the repository could not even be asked for, and has what
// is known of it if the error came later.
func Read(ctx context.Context, c Config, walk func(*Tree)) (*Tree, *Fetch, error) {
	revisionErr := checkRevision(c.Branch, c.Commit)
	where, user, err := parseLocation(c.Repository, c.Workspace)
	if err == nil {
		err = checkAllowed(c, where)
	}
	if err != nil {
		err = c.Redact(fmt.Errorf("repository: %w", err))
	}
	if err := errors.Join(revisionErr, err); err != nil {
		return nil, nil, err
	}

	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout(), timedOut(c.timeout()))
	defer cancel()
	f := &fetcher{config: c, where: where, user: user, walk: walk, result: &Fetch{Repository: where.text}}
	if where.scheme == "file" {
		err = f.loadLocal()
	} else {
		f.result.Attempts, err = retry(ctx, c.backoff(), func() error { return f.attempt(ctx) })
	}
	if err != nil {
		err = fmt.Errorf("read %s: %w", where.text, f.explain(ctx, err))
	}
	f.result.Duration = time.Since(start)
	return f.tree, f.result, c.Redact(err)
}

// checkAllowed refuses what is not safe unless it is asked for aloud.
func checkAllowed(c Config, l location) error {
	switch l.scheme {
	case "http", "git":
		if !l.loopback() && !c.AllowInsecure {
			return fmt.Errorf("%s can be read and changed on the way: use https or ssh", l.scheme)
		}
	case "file":
		if c.InCI {
			return checkInside(c.Workspace, l.path)
		}
	}
	return nil
}

// fetcher reads files of one commit.
type fetcher struct {
	config  Config
	where   location
	user    *url.Userinfo // of the URL; nil if it has none
	walk    func(*Tree)
	result  *Fetch
	packs   *packs  // that were fetched; nil for a local repository
	objects objects // of packs, or of the local repository
	target  target
	tree    *Tree // nil until its commit is there
}

// attempt connects and fetches. The results of an earlier attempt are forgotten.
func (f *fetcher) attempt(ctx context.Context) (err error) {
	g, guarded := newGuard(ctx, f.config.stallTimeout())
	defer func() {
		f.result.Bytes += g.bytes
		switch {
		case err == nil:
		case guarded.Err() != nil:
			// This is why the connection ended.
			err = context.Cause(guarded)
		case g.err != nil:
			err = g.err
		}
		g.close()
	}()
	session, err := f.connect(guarded, g)
	if err != nil {
		return err
	}
	defer session.close()
	s, err := newServer(guarded, session)
	if err != nil {
		return err
	}
	s.multiACK = isAzure(f.where.host) // which answers nobody who does not ask for it
	f.packs, f.tree = newPacks(f.config.memory()), nil
	f.objects = f.packs
	if f.target, err = f.resolve(guarded, s); err != nil {
		return err
	}
	return f.fetch(guarded, s)
}

func (f *fetcher) connect(ctx context.Context, g *guard) (session, error) {
	switch f.where.scheme {
	case "ssh":
		return newSSHSession(f.config, f.where, f.user, g)
	case "git":
		return newDaemonSession(f.config, f.where, g), nil
	}
	auth, err := httpCredentials(f.config, f.where, f.user)
	if err == nil && auth.token == "" && f.config.AWS != nil && isCodeCommit(f.where.host) {
		auth, err = codeCommitCredentials(ctx, f.config, f.where)
	}
	if err != nil {
		return nil, err
	}
	return newHTTPSession(f.config, f.where, auth, g), nil
}

// fetch tries the methods in turn: each that the server refuses makes way for
// the next.
func (f *fetcher) fetch(ctx context.Context, s *server) error {
	var refused error
	for _, method := range []struct {
		name Method
		can  bool
		try  func(context.Context, *server) error
	}{
		{Partial, s.filters(), f.fetchPartial},
		{Shallow, s.shallow(), f.fetchShallow},
		{Full, true, f.fetchFull},
	} {
		if !method.can {
			continue
		}
		err := method.try(ctx, s)
		if err == nil {
			f.result.Method = method.name
			return nil
		}
		if !isRefusal(err) {
			return err
		}
		if f.tree == nil && f.target.ref == "" && s.givesByID() {
			return fmt.Errorf("commit: %s is not in the repository: %w", f.target.id, err)
		}
		refused = err
	}
	return refused
}

// fetchPartial fetches the commit and its trees, and then the files alone.
func (f *fetcher) fetchPartial(ctx context.Context, s *server) error {
	for {
		missing, err := f.missing()
		if len(missing) == 0 || err != nil {
			return err
		}
		request := packRequest{wants: missing}
		if f.tree == nil {
			request = packRequest{wants: []plumbing.Hash{f.target.id}, depth: 1, filter: packp.FilterBlobNone()}
		}
		if err := s.fetch(ctx, request, f.packs); err != nil {
			return err
		}
		for _, id := range missing {
			if _, _, _, err := f.objects.get(id); err != nil {
				return fmt.Errorf("the server did not send the object %s: %w", id, err)
			}
		}
	}
}

// fetchShallow fetches the commit with all its files.
func (f *fetcher) fetchShallow(ctx context.Context, s *server) error {
	return f.fetchAll(ctx, s, packRequest{wants: []plumbing.Hash{f.target.id}, depth: 1})
}

// fetchFull fetches the history. A commit that the server does not give by its id is
// looked for below all branches and tags.
func (f *fetcher) fetchFull(ctx context.Context, s *server) error {
	request := packRequest{wants: []plumbing.Hash{f.target.id}}
	if f.target.ref == "" {
		var err error
		if request.wants, err = allTips(s); err != nil {
			return err
		}
	}
	return f.fetchAll(ctx, s, request)
}

func (f *fetcher) fetchAll(ctx context.Context, s *server, request packRequest) error {
	if err := s.fetch(ctx, request, f.packs); err != nil {
		return err
	}
	missing, err := f.missing()
	switch {
	case err != nil:
		return err
	case len(missing) == 0:
		return nil
	case f.tree == nil:
		return fmt.Errorf("commit: %s is not in the repository: none of its branches and tags leads to it", f.target.id)
	}
	return fmt.Errorf("the server did not send the object %s", missing[0])
}

// missing returns the objects that are known to be needed and are not there.
func (f *fetcher) missing() ([]plumbing.Hash, error) {
	if f.tree == nil {
		missing, err := f.openCommit()
		if err != nil || f.tree == nil {
			return []plumbing.Hash{missing}, err
		}
	}
	clear(f.tree.missing)
	f.walk(f.tree)
	var missing []plumbing.Hash
	for id := range f.tree.missing {
		missing = append(missing, id)
	}
	return missing, nil
}

// openCommit goes from the target to its commit's tree. It returns the object
// on the way that is missing.
func (f *fetcher) openCommit() (plumbing.Hash, error) {
	id := f.target.id
	for range maxLinks { // tags of tags
		kind, _, content, err := f.objects.get(id)
		if errors.Is(err, errNoObject) {
			return id, nil
		}
		if err != nil {
			return id, err
		}
		switch kind {
		case plumbing.CommitObject:
			var commit object.Commit
			if err := commit.Decode(memoryObject(kind, content)); err != nil {
				return id, fmt.Errorf("read the commit %s: %w", id, err)
			}
			f.result.Ref, f.result.Commit = f.target.ref, id.String()
			f.tree = newTree(f.objects, commit.TreeHash)
			return id, nil
		case plumbing.TagObject:
			var tag object.Tag
			if err := tag.Decode(memoryObject(kind, content)); err != nil {
				return id, fmt.Errorf("read the tag %s: %w", id, err)
			}
			id = tag.Target
		default:
			return id, fmt.Errorf("%s is a %s, not a commit", id, kind)
		}
	}
	return id, errors.New("a tag of tags that leads to no end")
}
