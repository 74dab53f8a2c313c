// Package git reads files of one commit of a git repository: over https, ssh or git's own
// protocol from a server, or from a folder.
//
// go-git speaks the protocol, parses the packs and reads the objects. Three pieces are our
// own, because go-git v5.19.3 can't be used for them:
//
//   - The connections of ssh and git:// (server/ssh.go, stream.go; the messages on them are
//     go-git's). Its NewUploadPackSession takes no context, and its ssh handshake has no
//     deadline: with a server that accepts and is silent it still waited after 90 s, with an
//     ssh.ClientConfig.Timeout of 1 s. It also logs in again for each request.
//   - The check of a pack before it is parsed (objects/pack.go). The parser inflates each object
//     into memory, whatever size it claims: it took 1.0 GiB for a pack of 1.0 MB with one
//     blob, and 1.1 GiB for a pack of 16 KB whose delta makes one.
//   - The errors of HTTP (server/http.go, an http.RoundTripper). go-git's have no types: it can't
//     be known from them whether the server refused or the connection failed.
//
// go-git speaks version 0 of the protocol: a server lists all its refs first, and over ssh
// and git:// it sends an object by its id only with uploadpack.allowReachableSHA1InWant or
// uploadpack.allowAnySHA1InWant, which the large hosts have. From other servers more is fetched.
//
// The packages below it: remote (where a repository is, and credentials), knownhosts (host
// keys), objects (packs, trees and files in memory), server (connections and requests). This
// one decides what is fetched, and explains errors.
//
// The package never writes to a disk, never starts a program, and puts no secret into an
// error.
package git

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
)

// timedOut is the error of a fetch that takes longer than the limit.
type timedOut time.Duration

func (t timedOut) Error() string { return fmt.Sprintf("it took longer than %s", time.Duration(t)) }

// Read fetches one commit and returns its files. It calls walk with them, which reads the files
// it needs and ignores absent ones; it fetches those, and calls walk again until none is absent.
// The Fetch is nil if the configuration is invalid. If another error occurs, it has what is
// known by then.
func Read(ctx context.Context, c Config, walk func(*Tree)) (*Tree, *Fetch, error) {
	c = c.WithDefaults()
	revisionErr := checkRevision(c.Branch, c.Commit)
	where, user, err := remote.ParseLocation(c.Repository, c.Workspace)
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
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, timedOut(c.Timeout))
	defer cancel()
	f := &fetcher{config: c, where: where, user: user, walk: walk, result: &Fetch{Repository: where.Text}}
	if where.Scheme == "file" {
		err = f.loadLocal()
	} else {
		f.result.Attempts, err = retry(ctx, c.Backoff, func() error { return f.attempt(ctx) })
	}
	if err != nil {
		err = fmt.Errorf("read %s: %w", where.Text, f.explain(ctx, err))
	}
	f.result.Duration = time.Since(start)
	return f.tree, f.result, c.Redact(err)
}

// checkAllowed refuses what is not safe unless the configuration allows it.
func checkAllowed(c Config, l remote.Location) error {
	switch l.Scheme {
	case "http", "git":
		if !l.Loopback() && !c.AllowInsecure {
			return fmt.Errorf("%s can be read and changed on the way: use https or ssh", l.Scheme)
		}
	case "file":
		if c.InCI {
			return checkInside(c.Workspace, l.Path)
		}
	}
	return nil
}

// attempt connects and fetches. It drops the results of an earlier attempt.
func (f *fetcher) attempt(ctx context.Context) (err error) {
	g, guarded := server.NewGuard(ctx, f.config.StallTimeout)
	defer func() {
		f.result.Bytes += g.Bytes
		switch {
		case err == nil:
		case guarded.Err() != nil:
			// This is why the connection ended.
			err = context.Cause(guarded)
		case g.Err != nil:
			err = g.Err
		}
		g.Close()
	}()
	s, err := server.Connect(guarded, f.config, f.where, f.user, g)
	if err != nil {
		return err
	}
	defer s.Close()
	f.objects, f.tree = objects.NewStore(f.config.Memory), nil
	if f.target, err = f.resolve(guarded, s); err != nil {
		return err
	}
	return f.fetch(guarded, s)
}

// fetch tries the methods in turn, until the server does not refuse one.
func (f *fetcher) fetch(ctx context.Context, s *server.Server) error {
	var refused error
	for _, method := range []struct {
		name Method
		can  bool
		try  func(context.Context, *server.Server) error
	}{
		{Partial, s.Filters(), f.fetchPartial},
		{Shallow, s.Shallow(), f.fetchShallow},
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
		if !server.IsRefusal(err) {
			return err
		}
		if f.tree == nil && f.target.ref == "" && s.GivesByID() {
			return fmt.Errorf("commit: %s is not in the repository: %w", f.target.id, err)
		}
		refused = err
	}
	return refused
}

// fetchPartial fetches the commit and its trees, and then the files alone.
func (f *fetcher) fetchPartial(ctx context.Context, s *server.Server) error {
	for {
		missing, err := f.missing()
		if len(missing) == 0 || err != nil {
			return err
		}
		request := server.Request{Wants: missing}
		if f.tree == nil {
			request = server.Request{Wants: []plumbing.Hash{f.target.id}, Depth: 1, Filter: packp.FilterBlobNone()}
		}
		if err := s.Fetch(ctx, request, f.objects); err != nil {
			return err
		}
		for _, id := range missing {
			if _, _, _, err := f.objects.Get(id); err != nil {
				return fmt.Errorf("the server did not send the object %s: %w", id, err)
			}
		}
	}
}

// fetchShallow fetches the commit with all its files.
func (f *fetcher) fetchShallow(ctx context.Context, s *server.Server) error {
	return f.fetchAll(ctx, s, server.Request{Wants: []plumbing.Hash{f.target.id}, Depth: 1})
}

// fetchFull fetches the history. A commit that the server does not send by its id is searched
// for in the history of all branches and tags.
func (f *fetcher) fetchFull(ctx context.Context, s *server.Server) error {
	request := server.Request{Wants: []plumbing.Hash{f.target.id}}
	if f.target.ref == "" {
		var err error
		if request.Wants, err = allTips(s); err != nil {
			return err
		}
	}
	return f.fetchAll(ctx, s, request)
}

func (f *fetcher) fetchAll(ctx context.Context, s *server.Server, request server.Request) error {
	if err := s.Fetch(ctx, request, f.objects); err != nil {
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
