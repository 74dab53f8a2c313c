package source

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
)

const agent = "ecs-run-task"

// remote carries the messages of git-upload-pack. What it returns to be read
// is valid until its next call.
type remote interface {
	// greet starts the service and returns what the server says first.
	greet(ctx context.Context) (io.Reader, error)
	// ask sends a request and returns the answer.
	ask(ctx context.Context, request []byte) (io.Reader, error)
	// abandon leaves the rest of an answer unread.
	abandon()
	close()
}

// server is a git server that has greeted. It speaks version 2 of the
// protocol where it can: there a client names the refs it wants to hear of,
// and may ask for any object by its id.
type server struct {
	remote       remote
	version      int               // 0 or 2
	capabilities map[string]string // with their values; a value may be empty
	refs         []ref             // in version 0: all there are
}

// ref is one reference of a repository.
type ref struct {
	name   string
	id     plumbing.Hash
	peeled plumbing.Hash // what an annotated tag is of; else zero
	target string        // the name of the ref that this one stands for; else empty
}

// commit returns the commit that the ref leads to.
func (r ref) commit() plumbing.Hash {
	if !r.peeled.IsZero() {
		return r.peeled
	}
	return r.id
}

// greet starts the service.
func greet(ctx context.Context, r remote, limit int64) (*server, error) {
	greeting, err := r.greet(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{remote: r, capabilities: make(map[string]string)}
	packets := &packetReader{r: io.LimitReader(greeting, limit)}
	line, ok, err := packets.line()
	if err == nil && ok && strings.HasPrefix(line, "# service=") { // over HTTP
		if _, _, err = packets.line(); err == nil {
			line, ok, err = packets.line()
		}
	}
	switch {
	case err != nil:
	case ok && line == "version 2":
		s.version = 2
		err = s.readCapabilities(packets)
	case ok && line == "version 1":
		if line, ok, err = packets.line(); err == nil {
			err = s.readRefs(packets, line, ok)
		}
	default:
		err = s.readRefs(packets, line, ok)
	}
	if err != nil {
		return nil, fmt.Errorf("read the server's greeting: %w", err)
	}
	if format := s.capabilities["object-format"]; format != "" && format != "sha1" {
		return nil, fmt.Errorf("the repository names its objects by %s, and only sha1 is known", format)
	}
	return s, nil
}

func (s *server) readCapabilities(packets *packetReader) error {
	for {
		line, ok, err := packets.line()
		if err != nil || !ok {
			return err
		}
		name, value, _ := strings.Cut(line, "=")
		s.capabilities[name] = value
	}
}

// readRefs reads the refs as version 0 announces them, of which the first line
// is read already.
func (s *server) readRefs(packets *packetReader, line string, ok bool) error {
	line, capabilities, _ := strings.Cut(line, "\x00")
	symbolic := make(map[string]string)
	for field := range strings.FieldsSeq(capabilities) {
		name, value, _ := strings.Cut(field, "=")
		s.capabilities[name] = value
		if from, to, ok := strings.Cut(value, ":"); ok && name == "symref" {
			symbolic[from] = to
		}
	}
	for ok {
		id, name, found := strings.Cut(line, " ")
		if id == "shallow" {
			break
		}
		if !found || !plumbing.IsHash(id) || strings.ContainsFunc(name, unicode.IsControl) {
			return fmt.Errorf("the server does not speak git: %q is not a ref", clean([]byte(line)))
		}
		if peeled, isPeeled := strings.CutSuffix(name, "^{}"); isPeeled {
			if last := len(s.refs) - 1; last >= 0 && s.refs[last].name == peeled {
				s.refs[last].peeled = plumbing.NewHash(id)
			}
		} else {
			s.refs = append(s.refs, ref{name: name, id: plumbing.NewHash(id), target: symbolic[name]})
		}
		var err error
		if line, ok, err = packets.line(); err != nil {
			return err
		}
	}
	return nil
}

// listRefs returns the refs whose names start with one of the prefixes.
func (s *server) listRefs(ctx context.Context, prefixes ...string) ([]ref, error) {
	if s.version == 0 {
		return slices.DeleteFunc(slices.Clone(s.refs), func(r ref) bool {
			return !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(r.name, prefix) })
		}), nil
	}
	request := s.command("ls-refs")
	encodePacket(request, "peel\n")
	encodePacket(request, "symrefs\n")
	for _, prefix := range prefixes {
		encodePacket(request, "ref-prefix %s\n", prefix)
	}
	request.WriteString(flushPacket)
	answer, err := s.remote.ask(ctx, request.Bytes())
	if err != nil {
		return nil, err
	}
	packets := &packetReader{r: answer}
	var refs []ref
	for {
		line, ok, err := packets.line()
		if err != nil {
			s.remote.abandon()
			return nil, fmt.Errorf("list the refs: %w", err)
		}
		if !ok {
			return refs, nil
		}
		r, err := parseRef(line)
		if err != nil {
			s.remote.abandon()
			return nil, err
		}
		refs = append(refs, r)
	}
}

// parseRef parses a line of the answer to ls-refs: the id, the name, attributes.
func parseRef(line string) (ref, error) {
	fields := strings.Split(line, " ")
	if len(fields) < 2 || !plumbing.IsHash(fields[0]) || strings.ContainsFunc(line, unicode.IsControl) {
		return ref{}, fmt.Errorf("the server does not speak git: %q is not a ref", clean([]byte(line)))
	}
	r := ref{name: fields[1], id: plumbing.NewHash(fields[0])}
	for _, attribute := range fields[2:] {
		if target, ok := strings.CutPrefix(attribute, "symref-target:"); ok {
			r.target = target
		}
		if peeled, ok := strings.CutPrefix(attribute, "peeled:"); ok {
			r.peeled = plumbing.NewHash(peeled)
		}
	}
	return r, nil
}

// command starts a request of version 2.
func (s *server) command(name string) *bytes.Buffer {
	var request bytes.Buffer
	encodePacket(&request, "command=%s\n", name)
	encodePacket(&request, "agent=%s\n", agent)
	if _, ok := s.capabilities["object-format"]; ok {
		encodePacket(&request, "object-format=sha1\n")
	}
	request.WriteString(delimiterPacket)
	return &request
}

// filters says whether the server can leave objects out of a pack.
func (s *server) filters() bool { return s.can("filter") }

// shallow says whether the server can leave history out of a pack.
func (s *server) shallow() bool { return s.can("shallow") }

func (s *server) can(feature string) bool {
	if s.version == 2 {
		return slices.Contains(strings.Fields(s.capabilities["fetch"]), feature)
	}
	_, ok := s.capabilities[feature]
	return ok
}

// givesByID says whether the server may give an object that no ref names.
func (s *server) givesByID() bool {
	return s.version == 2 || s.can("allow-reachable-sha1-in-want")
}

// packRequest asks for objects.
type packRequest struct {
	wants  []plumbing.Hash
	depth  int    // how many commits of history; 0 for all
	filter string // what to leave out; empty for nothing
}

// fetch asks for a pack and reads it into the store.
func (s *server) fetch(ctx context.Context, request packRequest, into *store, found func(*packed, plumbing.Hash) error) error {
	encode := s.encodeFetch
	if s.version == 0 {
		encode = s.encodeWants
	}
	answer, err := s.remote.ask(ctx, encode(request))
	if err != nil {
		return err
	}
	packets := &packetReader{r: answer}
	var pack io.Reader
	if s.version == 2 {
		pack, err = openPack(packets)
	} else {
		pack, err = s.openPackV0(packets, request.depth > 0)
	}
	if err == nil {
		err = into.readPack(pack, found)
	}
	if err == nil {
		// The flush behind the pack makes way for the next answer.
		_, err = io.Copy(io.Discard, io.LimitReader(pack, 1))
	}
	if err != nil {
		s.remote.abandon()
	}
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// encodeFetch encodes a request of version 2.
func (s *server) encodeFetch(r packRequest) []byte {
	request := s.command("fetch")
	encodePacket(request, "ofs-delta\n")
	encodePacket(request, "no-progress\n")
	encodeDetails(request, r)
	encodePacket(request, "done\n")
	request.WriteString(flushPacket)
	return request.Bytes()
}

// encodeWants encodes a request of version 0.
func (s *server) encodeWants(r packRequest) []byte {
	// Nothing is ever had, so no acknowledgement is multiple; but Azure DevOps
	// answers nobody who does not ask for them.
	var capabilities strings.Builder
	for _, name := range []string{"multi_ack_detailed", "side-band-64k", "ofs-delta", "no-progress", "filter"} {
		if s.can(name) {
			capabilities.WriteString(" " + name)
		}
	}
	if s.can("agent") {
		capabilities.WriteString(" agent=" + agent)
	}
	var request bytes.Buffer
	encodePacket(&request, "want %s%s\n", r.wants[0], capabilities.String())
	encodeDetails(&request, packRequest{wants: r.wants[1:], depth: r.depth, filter: r.filter})
	request.WriteString(flushPacket)
	encodePacket(&request, "done\n")
	return request.Bytes()
}

func encodeDetails(request *bytes.Buffer, r packRequest) {
	for _, want := range r.wants {
		encodePacket(request, "want %s\n", want)
	}
	if r.depth > 0 {
		encodePacket(request, "deepen %d\n", r.depth)
	}
	if r.filter != "" {
		encodePacket(request, "filter %s\n", r.filter)
	}
}

// openPack skips the sections of an answer of version 2 that are before the pack.
func openPack(packets *packetReader) (io.Reader, error) {
	for {
		line, ok, err := packets.line()
		if err != nil {
			return nil, err
		}
		if ok && line == "packfile" {
			return &packStream{packets: packets}, nil
		}
	}
}

// openPackV0 skips what an answer of version 0 says before the pack.
func (s *server) openPackV0(packets *packetReader, shallow bool) (io.Reader, error) {
	for shallow {
		_, ok, err := packets.line()
		if err != nil {
			return nil, err
		}
		shallow = ok
	}
	if line, _, err := packets.line(); err != nil {
		return nil, err
	} else if line != "NAK" {
		return nil, fmt.Errorf("the server does not speak git: %q instead of NAK", clean([]byte(line)))
	}
	if s.can("side-band-64k") {
		return &packStream{packets: packets}, nil
	}
	return packets.r, nil
}
