package source

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Fetch is how the files of a repository were read.
type Fetch struct {
	Repository string        // its URL without any secret, or its folder
	Ref        string        // the full name of the branch or tag; empty if a commit was asked for
	Commit     string        // the id of the commit that was read, all 40 digits
	Asked      []string      // the paths and globs, as they were given
	Files      []string      // the files that were read
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

// loadRepository reads the files that c.Paths name in a repository. What is
// known of the fetch is returned with an error, too.
func loadRepository(ctx context.Context, c Config) ([]Text, *Fetch, error) {
	if len(c.Paths) == 0 {
		return nil, nil, errors.New("repository: is given without file-paths: name the files in it")
	}
	revisionErr := checkRevision(c.Branch, c.Commit)
	where, user, err := parseLocation(c.Repository, c.Workspace)
	if err == nil {
		err = checkAllowed(c, where)
	}
	if err != nil {
		err = redact(fmt.Errorf("repository: %w", err), c.Secrets())
	}
	if err := errors.Join(revisionErr, err); err != nil {
		return nil, nil, err
	}

	start := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout(), timedOut(c.timeout()))
	defer cancel()
	f := &fetcher{config: c, where: where, user: user, result: &Fetch{Repository: where.text, Asked: c.Paths}}
	if where.scheme == "file" {
		err = f.loadLocal()
	} else {
		f.result.Attempts, err = retry(ctx, c.backoff(), func() error { return f.attempt(ctx) })
	}
	var texts []Text
	if err != nil {
		err = fmt.Errorf("read %s: %w", where.text, f.explain(ctx, err))
	} else {
		texts, err = f.texts()
	}
	f.result.Duration = time.Since(start)
	return texts, f.result, redact(err, c.Secrets())
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
	result  *Fetch
	store   *store  // of what was fetched; nil for a local repository
	objects objects // the store, or the local repository's
	target  target
	tree    *tree // nil until its commit is there
}

// attempt connects and fetches. What an attempt before has left is forgotten.
func (f *fetcher) attempt(ctx context.Context) (err error) {
	g, guarded := newGuard(ctx, f.config.stallTimeout())
	defer func() {
		f.result.Bytes += g.bytes
		if err != nil && guarded.Err() != nil {
			// What broke off in the middle did so for this reason.
			err = context.Cause(guarded)
		}
		g.close()
	}()
	r, err := f.connect(guarded, g)
	if err != nil {
		return err
	}
	defer r.close()
	s, err := greet(guarded, r, f.config.memory())
	if err != nil {
		return err
	}
	f.store, f.tree = newStore(f.config.memory()), nil
	f.objects = f.store
	if f.target, err = f.resolve(guarded, s); err != nil {
		return err
	}
	return f.fetch(guarded, s)
}

func (f *fetcher) connect(ctx context.Context, g *guard) (remote, error) {
	switch f.where.scheme {
	case "ssh":
		return newSSHRemote(f.config, f.where, f.user, g)
	case "git":
		return newDaemonRemote(f.config, f.where, g), nil
	}
	auth, err := httpCredentials(f.config, f.where, f.user)
	if err == nil && auth.token == "" && f.config.AWS != nil && isCodeCommit(f.where.host) {
		auth, err = codeCommitCredentials(ctx, f.config, f.where)
	}
	if err != nil {
		return nil, err
	}
	return newHTTPRemote(f.config, f.where, auth, g), nil
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
			request = packRequest{wants: []plumbing.Hash{f.target.id}, depth: 1, filter: "blob:none"}
		}
		if err := s.fetch(ctx, request, f.store, f.enough()); err != nil {
			return err
		}
		for _, id := range missing {
			if _, _, _, err := f.objects.get(id); err != nil {
				return fmt.Errorf("the server did not send the object %s: %w", id, err)
			}
		}
	}
}

// fetchShallow fetches the commit with all its files, as far as it takes.
func (f *fetcher) fetchShallow(ctx context.Context, s *server) error {
	return f.fetchAll(ctx, s, packRequest{wants: []plumbing.Hash{f.target.id}, depth: 1})
}

// fetchFull fetches the history, as far as it takes. A commit that the server
// does not give by its id is looked for below all branches and tags.
func (f *fetcher) fetchFull(ctx context.Context, s *server) error {
	request := packRequest{wants: []plumbing.Hash{f.target.id}}
	if f.target.ref == "" {
		tips, err := f.tips(ctx, s)
		if err != nil {
			return err
		}
		request.wants = nil
		for _, tip := range tips {
			request.wants = append(request.wants, tip.id)
		}
	}
	return f.fetchAll(ctx, s, request)
}

func (f *fetcher) fetchAll(ctx context.Context, s *server, request packRequest) error {
	if err := s.fetch(ctx, request, f.store, f.enough()); err != nil {
		return err
	}
	missing, err := f.missing()
	switch {
	case err != nil:
		return err
	case len(missing) == 0:
		return nil
	case f.tree == nil:
		return fmt.Errorf("commit: %s is in none of the repository's branches and tags", f.target.id)
	case f.store.skipped > 0:
		return fmt.Errorf("one of the files is over %s, or the server did not send the object %s", byteCount(maxKept), missing[0])
	}
	return fmt.Errorf("the server did not send the object %s", missing[0])
}

// enough returns the callback that stops the reading of a pack as soon as the
// files are there. The commits and trees come first in it, so nothing is looked
// at until the first file comes.
func (f *fetcher) enough() func(*packed, plumbing.Hash) error {
	var wanted map[plumbing.Hash]bool // nil until a file has come
	return func(o *packed, id plumbing.Hash) error {
		if o.kind != plumbing.BlobObject && wanted == nil {
			return nil
		}
		delete(wanted, id)
		if len(wanted) > 0 {
			return nil
		}
		missing, err := f.missing()
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			return errStop
		}
		wanted = make(map[plumbing.Hash]bool, len(missing))
		for _, id := range missing {
			wanted[id] = true
		}
		return nil
	}
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
	names, _ := selectPaths(f.tree, f.config.Paths, "")
	for _, name := range names {
		// Only what is missing counts here; faults are for the end.
		_, _ = f.tree.text(name)
	}
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

// texts reads the files. All that they take is there.
func (f *fetcher) texts() ([]Text, error) {
	where := fmt.Sprintf("the repository at %.12s", f.result.Commit)
	if f.target.ref != "" {
		where = fmt.Sprintf("%s (%.12s) of the repository", shortRef(f.target.ref), f.result.Commit)
	}
	var texts []Text
	names, err := selectPaths(f.tree, f.config.Paths, where)
	faults := []error{err}
	for _, name := range names {
		text, err := f.tree.text(name)
		if err != nil {
			faults = append(faults, fmt.Errorf("file-paths: %s: %w", name, err))
			continue
		}
		texts = append(texts, Text{Name: name, Bytes: text})
		f.result.Files = append(f.result.Files, name)
	}
	return texts, errors.Join(faults...)
}

// shortRef returns a ref's name as people write it.
func shortRef(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "refs/tags/")
}
