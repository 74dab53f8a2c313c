package source

import (
	"bytes"
	"compress/zlib"
	"container/list"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	githash "github.com/go-git/go-git/v5/plumbing/hash"
)

const (
	// maxKept is the size of the largest object that is kept, in bytes. Git
	// makes no delta whose base is more than 32 times as large as its result,
	// so that a text of the size that is read is not made of larger ones.
	maxKept = 32 * MaxText

	// maxChain is the longest chain of deltas that is followed; git makes none
	// of more than 4095.
	maxChain = 4096

	cacheSize      = 16 << 20 // bytes of inflated objects that are kept beside the packed ones
	objectOverhead = 160      // bytes that an object costs beside its content, about
)

var (
	errNoObject = errors.New("no such object")
	errNotKept  = errors.New("is too large to be kept")
)

// overLimit is the error of a store that has more to keep than so many bytes.
type overLimit int64

func (o overLimit) Error() string {
	return "the objects take more memory than the limit of " + byteCount(int64(o))
}

// store holds the objects of a pack in memory, deflated as they came, and
// inflates what is asked for. Every object is found by the hash of its
// content, so what it returns is what the hash promised.
type store struct {
	limit   int64 // bytes
	used    int64 // bytes
	objects map[plumbing.Hash]*packed
	waiting map[plumbing.Hash][]*packed // deltas whose base has not come yet, by the base's hash
	skipped int                         // objects that are too large to know their hash

	inflater io.ReadCloser // a zlib reader, used again for each object
	cache    inflatedCache
}

// packed is one object of a pack.
type packed struct {
	kind     plumbing.ObjectType // of the content; that of the base for a delta
	size     int64               // of the content, inflated; of the delta until its base is known
	deflated []byte              // nil if the object is not kept
	base     *packed             // nil if this is not a delta
	chain    int                 // deltas down to the content
	known    bool                // its hash and kind are known
	waiting  []*packed           // deltas of this object, until it is known
}

func newStore(limit int64) *store {
	return &store{
		limit:   limit,
		objects: make(map[plumbing.Hash]*packed),
		waiting: make(map[plumbing.Hash][]*packed),
	}
}

// get returns the kind and size of an object, and its content if it is not
// larger than [MaxText] or not a blob.
func (s *store) get(id plumbing.Hash) (plumbing.ObjectType, int64, []byte, error) {
	o, ok := s.objects[id]
	if !ok {
		return 0, 0, nil, errNoObject
	}
	if o.kind == plumbing.BlobObject && o.size > MaxText {
		return o.kind, o.size, nil, nil
	}
	content, err := s.content(o)
	return o.kind, o.size, content, err
}

// reserve counts bytes that are about to be kept.
func (s *store) reserve(n int) error {
	s.used += int64(n) + objectOverhead
	if s.used > s.limit {
		return overLimit(s.limit)
	}
	return nil
}

// add makes an object with the given hash known, and the deltas that waited
// for it, and those that waited for them. It calls found for each. The content
// is nil if it was not kept.
func (s *store) add(o *packed, id plumbing.Hash, content []byte, found func(*packed, plumbing.Hash) error) error {
	var queue []*packed
	for {
		o.known = true
		if _, twice := s.objects[id]; !twice {
			s.objects[id] = o
		}
		if content != nil {
			s.cache.put(o, content)
		}
		if err := found(o, id); err != nil {
			return err
		}
		for _, child := range s.waiting[id] {
			child.base = o
		}
		queue = append(append(queue, o.waiting...), s.waiting[id]...)
		o.waiting = nil
		delete(s.waiting, id)

		var err error
		if o, id, content, err = s.resolveNext(&queue); o == nil || err != nil {
			return err
		}
	}
}

// resolveNext takes the last delta off the queue that has a hash; nil if none has.
func (s *store) resolveNext(queue *[]*packed) (*packed, plumbing.Hash, []byte, error) {
	for len(*queue) > 0 {
		last := len(*queue) - 1
		o := (*queue)[last]
		*queue = (*queue)[:last]
		id, content, err := s.resolve(o)
		if errors.Is(err, errNotKept) {
			s.skip(o)
			continue
		}
		return o, id, content, err
	}
	return nil, plumbing.ZeroHash, nil, nil
}

// skip gives up an object whose hash can't be known, and all that depend on it.
func (s *store) skip(o *packed) {
	queue := []*packed{o}
	for len(queue) > 0 {
		next := queue[len(queue)-1]
		queue = append(queue[:len(queue)-1], next.waiting...)
		next.waiting, next.deflated = nil, nil
		next.known = true
		s.skipped++
	}
}

// resolve makes the content of a delta whose base is known.
func (s *store) resolve(o *packed) (plumbing.Hash, []byte, error) {
	o.kind = o.base.kind
	o.chain = o.base.chain + 1
	if o.chain > maxChain {
		return plumbing.ZeroHash, nil, fmt.Errorf("a chain of more than %d deltas", maxChain)
	}
	if o.deflated == nil {
		return plumbing.ZeroHash, nil, errNotKept
	}
	base, err := s.content(o.base)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	content, err := s.patch(o, base)
	if err != nil {
		return plumbing.ZeroHash, nil, err
	}
	o.size = int64(len(content))
	return hashObject(o.kind, content), content, nil
}

// content inflates an object down to the base of its deltas.
func (s *store) content(o *packed) ([]byte, error) {
	var deltas []*packed
	for {
		if content, ok := s.cache.get(o); ok {
			return s.patchAll(content, deltas)
		}
		if o.deflated == nil {
			return nil, errNotKept
		}
		if o.base == nil {
			content, err := s.inflate(o.deflated, o.size)
			if err != nil {
				return nil, err
			}
			s.cache.put(o, content)
			return s.patchAll(content, deltas)
		}
		deltas = append(deltas, o)
		o = o.base
	}
}

// patchAll applies deltas, the last one first.
func (s *store) patchAll(content []byte, deltas []*packed) ([]byte, error) {
	for i := len(deltas) - 1; i >= 0; i-- {
		var err error
		if content, err = s.patch(deltas[i], content); err != nil {
			return nil, err
		}
	}
	if len(deltas) > 0 {
		s.cache.put(deltas[0], content)
	}
	return content, nil
}

func (s *store) patch(o *packed, base []byte) ([]byte, error) {
	delta, err := s.inflate(o.deflated, maxKept)
	if err != nil {
		return nil, err
	}
	// The sizes that the delta claims are looked at before it is followed.
	_, n := binary.Uvarint(delta)
	if n <= 0 {
		return nil, packfile.ErrInvalidDelta
	}
	size, m := binary.Uvarint(delta[n:])
	if m <= 0 {
		return nil, packfile.ErrInvalidDelta
	}
	if size > maxKept {
		return nil, errNotKept
	}
	return packfile.PatchDelta(base, delta)
}

func (s *store) inflate(deflated []byte, limit int64) ([]byte, error) {
	r, err := s.zlib(bytes.NewReader(deflated))
	if err != nil {
		return nil, err
	}
	content := bytes.NewBuffer(make([]byte, 0, min(limit, int64(4*len(deflated)))+bytes.MinRead))
	if _, err := content.ReadFrom(io.LimitReader(r, limit)); err != nil {
		return nil, err
	}
	return content.Bytes(), nil
}

// zlib returns a reader that inflates r, valid until the next call.
func (s *store) zlib(r io.Reader) (io.Reader, error) {
	if s.inflater == nil {
		var err error
		s.inflater, err = zlib.NewReader(r)
		if err != nil {
			s.inflater = nil
		}
		return s.inflater, err
	}
	return s.inflater, s.inflater.(zlib.Resetter).Reset(r, nil)
}

// newObjectHash starts the hash of an object. It detects the known ways to
// make two objects of one hash, as git does.
func newObjectHash(kind plumbing.ObjectType, size int64) githash.Hash {
	h := githash.New(crypto.SHA1)
	fmt.Fprintf(h, "%s %d\x00", kind, size)
	return h
}

func hashObject(kind plumbing.ObjectType, content []byte) plumbing.Hash {
	h := newObjectHash(kind, int64(len(content)))
	h.Write(content)
	return plumbing.Hash(h.Sum(nil))
}

// inflatedCache keeps the objects that were inflated last. The zero value is empty.
type inflatedCache struct {
	size    int
	order   list.List // of cachedObject, the newest in front
	entries map[*packed]*list.Element
}

type cachedObject struct {
	o       *packed
	content []byte
}

func (c *inflatedCache) get(o *packed) ([]byte, bool) {
	element, ok := c.entries[o]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(element)
	return element.Value.(cachedObject).content, true
}

func (c *inflatedCache) put(o *packed, content []byte) {
	if _, ok := c.entries[o]; ok || len(content) > cacheSize/2 {
		return
	}
	if c.entries == nil {
		c.entries = make(map[*packed]*list.Element)
	}
	c.entries[o] = c.order.PushFront(cachedObject{o, content})
	c.size += len(content)
	for c.size > cacheSize {
		oldest := c.order.Back()
		old := c.order.Remove(oldest).(cachedObject)
		delete(c.entries, old.o)
		c.size -= len(old.content)
	}
}
