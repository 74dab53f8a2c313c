// Package server speaks with a git server over https, ssh or git's own protocol, through
// go-git's transport and messages: it lists refs and requests packs. It gives up a server that
// sends nothing, limits what it reads, and puts no secret into an error. The comment of the
// package git says which parts of the connections are not go-git's, and why.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
)

// A session is a connection to git-upload-pack, in version 0 of the protocol. The response of
// request is valid until the next call.
type session interface {
	refs(context.Context) (*packp.AdvRefs, error)
	request(context.Context, *packp.UploadPackRequest) (io.ReadCloser, error)
	close()
}

// A Server is a git server that has listed its refs.
type Server struct {
	session      session
	capabilities *capability.List
	multiACK     bool // must be requested, although nothing is ever acknowledged
	Refs         []Ref
}

// A Ref is one reference of a repository.
type Ref struct {
	Name   string
	ID     plumbing.Hash
	Peeled plumbing.Hash // the target of an annotated tag; else zero
	Target string        // the name of the ref for which HEAD stands; else empty
}

// Commit returns the commit to which the ref leads.
func (r Ref) Commit() plumbing.Hash {
	if !r.Peeled.IsZero() {
		return r.Peeled
	}
	return r.ID
}

// Connect connects to a server and lists its refs. user are the credentials of the URL; nil for
// none.
func Connect(ctx context.Context, c remote.Config, l remote.Location, user *url.Userinfo, g *Guard) (*Server, error) {
	session, err := connect(ctx, c, l, user, g)
	if err != nil {
		return nil, err
	}
	s := &Server{session: session, capabilities: capability.NewList(), multiACK: remote.IsAzure(l.Host)}
	advertised, err := session.refs(ctx)
	switch {
	case errors.Is(err, transport.ErrEmptyRemoteRepository), errors.Is(err, packp.ErrEmptyAdvRefs):
		return s, nil
	case err != nil:
		session.close()
		return nil, explainProtocol(err)
	}
	s.capabilities = advertised.Capabilities
	if s.Refs, err = refsOf(advertised); err != nil {
		session.close()
		return nil, err
	}
	return s, nil
}

func connect(ctx context.Context, c remote.Config, l remote.Location, user *url.Userinfo, g *Guard) (session, error) {
	switch l.Scheme {
	case "ssh":
		return newSSHSession(c, l, user, g)
	case "git":
		return newDaemonSession(c, l, g), nil
	}
	auth, err := c.HTTPCredentials(l, user)
	if err == nil && auth.Token == "" && c.AWS != nil && remote.IsCodeCommit(l.Host) {
		auth, err = c.CodeCommitCredentials(ctx, l)
	}
	if err != nil {
		return nil, err
	}
	return newHTTPSession(c, l, auth, g), nil
}

// Close ends the connection.
func (s *Server) Close() { s.session.close() }

func refsOf(advertised *packp.AdvRefs) ([]Ref, error) {
	var refs []Ref
	if advertised.Head != nil {
		head := Ref{Name: "HEAD", ID: *advertised.Head}
		for _, link := range advertised.Capabilities.Get(capability.SymRef) {
			if target, ok := strings.CutPrefix(link, "HEAD:"); ok {
				head.Target = target
			}
		}
		refs = append(refs, head)
	}
	for name, id := range advertised.References {
		refs = append(refs, Ref{Name: name, ID: id, Peeled: advertised.Peeled[name]})
	}
	for _, r := range refs {
		if strings.ContainsFunc(r.Name+r.Target, unicode.IsControl) {
			return nil, fmt.Errorf("the server does not speak git: %q is not a ref", Clean(r.Name+r.Target))
		}
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return refs, nil
}

// Tips returns the branches and tags.
func (s *Server) Tips() []Ref { return Tips(s.Refs) }

// Tips returns the branches and tags among refs.
func Tips(refs []Ref) []Ref {
	return slices.DeleteFunc(slices.Clone(refs), func(r Ref) bool {
		return !strings.HasPrefix(r.Name, "refs/heads/") && !strings.HasPrefix(r.Name, "refs/tags/")
	})
}

// Filters reports whether the server can leave objects out of a pack.
func (s *Server) Filters() bool { return s.capabilities.Supports(capability.Filter) }

// Shallow reports whether the server can leave history out of a pack.
func (s *Server) Shallow() bool { return s.capabilities.Supports(capability.Shallow) }

// GivesByID reports whether the server declares that it sends commits that no ref names.
func (s *Server) GivesByID() bool {
	return s.capabilities.Supports(capability.AllowReachableSHA1InWant)
}

// A Request is a request for objects.
type Request struct {
	Wants  []plumbing.Hash
	Depth  int          // commits of history; 0 for all
	Filter packp.Filter // of the objects; empty for all
}

// Fetch requests a pack and adds it to a store.
func (s *Server) Fetch(ctx context.Context, request Request, into *objects.Store) error {
	r := packp.NewUploadPackRequestFromCapabilities(s.capabilities)
	r.Wants = request.Wants
	if s.capabilities.Supports(capability.NoProgress) {
		_ = r.Capabilities.Set(capability.NoProgress)
	}
	if s.multiACK {
		_ = r.Capabilities.Set(capability.MultiACKDetailed)
	}
	if request.Depth > 0 {
		_ = r.Capabilities.Set(capability.Shallow)
		r.Depth = packp.DepthCommits(request.Depth)
	}
	if request.Filter != "" {
		_ = r.Capabilities.Set(capability.Filter)
		r.Filter = request.Filter
	}
	response, err := s.session.request(ctx, r)
	if err != nil {
		return explainProtocol(err)
	}
	defer response.Close()
	var pack io.Reader = response
	switch {
	case r.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, response)
	case r.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, response)
	}
	return into.AddPack(ctx, pack)
}
