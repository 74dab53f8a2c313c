package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/capability"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp/sideband"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

const agent = "ecs-run-task"

// session asks git-upload-pack on a server, in version 0 of the protocol. What ask
// returns is valid until the next call.
type session interface {
	refs(context.Context) (*packp.AdvRefs, error)
	ask(context.Context, *packp.UploadPackRequest) (io.ReadCloser, error)
	close()
}

// server is a git server that has listed its refs.
type server struct {
	session      session
	capabilities *capability.List
	multiACK     bool // must be asked for, although nothing is ever acknowledged
	refs         []ref
}

// ref is one reference of a repository.
type ref struct {
	name   string
	id     plumbing.Hash
	peeled plumbing.Hash // the target of an annotated tag; else zero
	target string        // the name of the ref that this one stands for; else empty
}

// commit returns the commit that the ref leads to.
func (r ref) commit() plumbing.Hash {
	if !r.peeled.IsZero() {
		return r.peeled
	}
	return r.id
}

// newServer lists the refs of a server.
func newServer(ctx context.Context, s session) (*server, error) {
	advertised, err := s.refs(ctx)
	switch {
	case errors.Is(err, transport.ErrEmptyRemoteRepository), errors.Is(err, packp.ErrEmptyAdvRefs):
		return &server{session: s, capabilities: capability.NewList()}, nil
	case err != nil:
		return nil, explainProtocol(err)
	}
	refs, err := refsOf(advertised)
	return &server{session: s, capabilities: advertised.Capabilities, refs: refs}, err
}

func refsOf(advertised *packp.AdvRefs) ([]ref, error) {
	var refs []ref
	if advertised.Head != nil {
		head := ref{name: "HEAD", id: *advertised.Head}
		for _, link := range advertised.Capabilities.Get(capability.SymRef) {
			if target, ok := strings.CutPrefix(link, "HEAD:"); ok {
				head.target = target
			}
		}
		refs = append(refs, head)
	}
	for name, id := range advertised.References {
		refs = append(refs, ref{name: name, id: id, peeled: advertised.Peeled[name]})
	}
	for _, r := range refs {
		if strings.ContainsFunc(r.name+r.target, unicode.IsControl) {
			return nil, fmt.Errorf("the server does not speak git: %q is not a ref", clean(r.name+r.target))
		}
	}
	slices.SortFunc(refs, func(a, b ref) int { return strings.Compare(a.name, b.name) })
	return refs, nil
}

// tips returns the branches and tags.
func (s *server) tips() []ref {
	return slices.DeleteFunc(slices.Clone(s.refs), func(r ref) bool {
		return !strings.HasPrefix(r.name, "refs/heads/") && !strings.HasPrefix(r.name, "refs/tags/")
	})
}

// filters reports whether the server can leave objects out of a pack.
func (s *server) filters() bool { return s.capabilities.Supports(capability.Filter) }

// shallow reports whether the server can leave history out of a pack.
func (s *server) shallow() bool { return s.capabilities.Supports(capability.Shallow) }

// givesByID reports whether the server says that it gives a commit that no ref names.
func (s *server) givesByID() bool {
	return s.capabilities.Supports(capability.AllowReachableSHA1InWant)
}

// packRequest asks for objects.
type packRequest struct {
	wants  []plumbing.Hash
	depth  int          // commits of history; 0 for all
	filter packp.Filter // what the server leaves out; empty for nothing
}

// fetch requests a pack and adds it to the packs.
func (s *server) fetch(ctx context.Context, request packRequest, into *packs) error {
	r := packp.NewUploadPackRequestFromCapabilities(s.capabilities)
	r.Wants = request.wants
	if s.capabilities.Supports(capability.NoProgress) {
		_ = r.Capabilities.Set(capability.NoProgress)
	}
	if s.multiACK {
		_ = r.Capabilities.Set(capability.MultiACKDetailed)
	}
	if request.depth > 0 {
		_ = r.Capabilities.Set(capability.Shallow)
		r.Depth = packp.DepthCommits(request.depth)
	}
	if request.filter != "" {
		_ = r.Capabilities.Set(capability.Filter)
		r.Filter = request.filter
	}
	answer, err := s.session.ask(ctx, r)
	if err != nil {
		return explainProtocol(err)
	}
	defer answer.Close()
	var pack io.Reader = answer
	switch {
	case r.Capabilities.Supports(capability.Sideband64k):
		pack = sideband.NewDemuxer(sideband.Sideband64k, answer)
	case r.Capabilities.Supports(capability.Sideband):
		pack = sideband.NewDemuxer(sideband.Sideband, answer)
	}
	return into.add(ctx, pack)
}

// refusal is what a git server says when it can't or won't do something.
type refusal string

func (r refusal) Error() string { return "the server says: " + string(r) }

// isRefusal reports whether the server answered, and answered no.
func isRefusal(err error) bool {
	var r refusal
	return errors.As(err, &r)
}

// explainProtocol gives the errors of go-git's protocol the types and words of this package.
func explainProtocol(err error) error {
	var refused *pktline.ErrorLine
	var unexpected *packp.ErrUnexpectedData
	switch {
	case errors.As(err, &refused):
		return refusal(clean(refused.Text))
	case errors.As(err, &unexpected):
		if bytes.Contains(unexpected.Data, []byte("object-format=sha256")) {
			return errors.New("the repository names its objects by sha256, and only sha1 is known")
		}
		return fmt.Errorf("the server does not speak git: %q: %s", clean(string(unexpected.Data)), unexpected.Msg)
	case errors.Is(err, packp.ErrEmptyInput), errors.Is(err, transport.ErrEmptyUploadPackRequest):
		return fmt.Errorf("read the server's answer: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// clean makes a server's message fit for one line of ours.
func clean(message string) string {
	const limit = 300
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(message, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}
