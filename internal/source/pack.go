package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
)

// maxClaim is the size of the largest object that a pack may announce, in bytes.
const maxClaim = 4 << 30

// errStop is what a callback of readPack returns when it has seen enough.
var errStop = errors.New("stop")

// readPack reads a pack and keeps its objects. It calls found for each object
// as soon as its hash is known, and leaves the rest unread if that fails.
//
// The checksum at the end of the pack is not needed: what is taken from the
// store is taken by the hash of its content.
func (s *store) readPack(r io.Reader, found func(*packed, plumbing.Hash) error) error {
	p := &packReader{r: r, buffer: make([]byte, 64<<10)}
	var header [12]byte
	if _, err := io.ReadFull(p, header[:]); err != nil {
		return packError(err)
	}
	if version := binary.BigEndian.Uint32(header[4:]); string(header[:4]) != "PACK" || version != 2 && version != 3 {
		return fmt.Errorf("read the pack: not a pack of version 2 or 3: %q", header[:8])
	}
	count := binary.BigEndian.Uint32(header[8:])
	byOffset := make(map[int64]*packed)
	for range count {
		offset := p.offset()
		o, err := s.readObject(p, offset, byOffset, found)
		if err != nil {
			return packError(err)
		}
		byOffset[offset] = o
	}
	if err := p.discardTrailer(); err != nil {
		return packError(err)
	}
	return nil
}

// packError says that the pack is at fault, and that an end of it came early.
func packError(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errTruncated
	}
	return fmt.Errorf("read the pack: %w", err)
}

var errTruncated = errors.New("read the pack: it ends early")

// readObject reads the object at the offset that p is at.
func (s *store) readObject(p *packReader, offset int64, byOffset map[int64]*packed, found func(*packed, plumbing.Hash) error) (*packed, error) {
	kind, size, err := readObjectHeader(p)
	if err != nil {
		return nil, err
	}
	o := &packed{kind: kind, size: size}
	var base plumbing.Hash
	switch kind {
	case plumbing.OFSDeltaObject:
		distance, err := readDistance(p)
		if err != nil {
			return nil, err
		}
		if o.base = byOffset[offset-distance]; o.base == nil {
			return nil, fmt.Errorf("the delta at %d has no base at %d", offset, offset-distance)
		}
	case plumbing.REFDeltaObject:
		if _, err := io.ReadFull(p, base[:]); err != nil {
			return nil, err
		}
		o.base = s.objects[base]
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
		id, content, err := s.readContent(p, o)
		if err != nil {
			return nil, err
		}
		return o, s.add(o, id, content, found)
	default:
		return nil, fmt.Errorf("an object of unknown kind %d at %d", kind, offset)
	}

	if err := s.readDelta(p, o); err != nil {
		return nil, err
	}
	switch {
	case o.base == nil:
		s.waiting[base] = append(s.waiting[base], o)
		return o, nil
	case !o.base.known:
		o.base.waiting = append(o.base.waiting, o)
		return o, nil
	}
	id, content, err := s.resolve(o)
	if errors.Is(err, errNotKept) {
		s.skip(o)
		return o, nil
	}
	if err != nil {
		return nil, err
	}
	return o, s.add(o, id, content, found)
}

// readContent reads an object that is not a delta. The content is nil for one
// that is too large to be kept.
func (s *store) readContent(p *packReader, o *packed) (plumbing.Hash, []byte, error) {
	keep := o.size <= maxKept
	if !keep && o.kind != plumbing.BlobObject {
		return plumbing.ZeroHash, nil, fmt.Errorf("a %s of %s", o.kind, byteCount(o.size))
	}
	if !keep {
		p.skipCapture()
		h := newObjectHash(o.kind, o.size)
		if err := s.inflateFrom(p, h, o.size); err != nil {
			return plumbing.ZeroHash, nil, err
		}
		return plumbing.Hash(h.Sum(nil)), nil, s.reserve(0)
	}
	var content bytes.Buffer
	// The size is only a claim: no more is allocated ahead than costs nothing.
	content.Grow(int(min(o.size, 64<<10)) + bytes.MinRead)
	p.startCapture()
	if err := s.inflateFrom(p, &content, o.size); err != nil {
		return plumbing.ZeroHash, nil, err
	}
	o.deflated = p.endCapture()
	return hashObject(o.kind, content.Bytes()), content.Bytes(), s.reserve(len(o.deflated))
}

func (s *store) readDelta(p *packReader, o *packed) error {
	if o.size > maxKept {
		p.skipCapture()
		return s.inflateFrom(p, io.Discard, o.size)
	}
	p.startCapture()
	if err := s.inflateFrom(p, io.Discard, o.size); err != nil {
		return err
	}
	o.deflated = p.endCapture()
	return s.reserve(len(o.deflated))
}

// inflateFrom inflates exactly size bytes.
func (s *store) inflateFrom(p *packReader, w io.Writer, size int64) error {
	r, err := s.zlib(p)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(r, size+1))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("an object is not of the %d bytes it claims", size)
	}
	return nil
}

// readObjectHeader reads the kind and the inflated size of an object.
func readObjectHeader(p *packReader) (plumbing.ObjectType, int64, error) {
	c, err := p.ReadByte()
	if err != nil {
		return 0, 0, err
	}
	kind := plumbing.ObjectType(c >> 4 & 7)
	size := uint64(c & 15)
	for shift := 4; c&0x80 != 0; shift += 7 {
		if c, err = p.ReadByte(); err != nil {
			return 0, 0, err
		}
		if shift > 56 {
			return 0, 0, errors.New("an object claims a size that is no number")
		}
		size |= uint64(c&0x7f) << shift
	}
	if size > maxClaim {
		return 0, 0, fmt.Errorf("an object claims %s, over the limit of %s", byteCount(int64(size)), byteCount(maxClaim))
	}
	return kind, int64(size), nil
}

// readDistance reads how far before a delta its base is.
func readDistance(p *packReader) (int64, error) {
	var distance int64
	for first := true; ; first = false {
		c, err := p.ReadByte()
		if err != nil {
			return 0, err
		}
		if !first {
			distance++
		}
		if distance > 1<<54 {
			return 0, errors.New("a delta claims a base that is nowhere")
		}
		distance = distance<<7 | int64(c&0x7f)
		if c&0x80 == 0 {
			return distance, nil
		}
	}
}

// packReader reads a pack through a buffer, byte by byte so that inflating
// takes no byte of the next object, and can capture what is read.
type packReader struct {
	r      io.Reader
	buffer []byte
	start  int   // of what is unread in buffer
	end    int   // of what is in buffer
	before int64 // bytes of the pack before buffer

	capturing bool
	from      int // of what is to be captured in buffer
	captured  []byte
}

func (p *packReader) offset() int64 { return p.before + int64(p.start) }

func (p *packReader) fill() error {
	if p.capturing {
		p.captured = append(p.captured, p.buffer[p.from:p.end]...)
		p.from = 0
	}
	p.before += int64(p.end)
	p.start, p.end = 0, 0
	for range 100 {
		n, err := p.r.Read(p.buffer)
		if p.end = n; n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

func (p *packReader) Read(b []byte) (int, error) {
	if p.start == p.end {
		if err := p.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(b, p.buffer[p.start:p.end])
	p.start += n
	return n, nil
}

func (p *packReader) ReadByte() (byte, error) {
	if p.start == p.end {
		if err := p.fill(); err != nil {
			return 0, err
		}
	}
	p.start++
	return p.buffer[p.start-1], nil
}

func (p *packReader) startCapture() {
	p.capturing, p.from, p.captured = true, p.start, p.captured[:0]
}

func (p *packReader) skipCapture() { p.capturing = false }

func (p *packReader) endCapture() []byte {
	p.capturing = false
	captured := make([]byte, 0, len(p.captured)+p.start-p.from)
	return append(append(captured, p.captured...), p.buffer[p.from:p.start]...)
}

// discardTrailer reads the checksum.
func (p *packReader) discardTrailer() error {
	_, err := io.CopyN(io.Discard, p, 20)
	return err
}
