package git

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

const (
	// maxKept is the size of the largest commit, tree or tag that is read, in bytes.
	maxKept = 32 * MaxFile

	cacheSize      = 16 << 20 // bytes of inflated objects in memory beside the packs
	objectOverhead = 400      // bytes in memory for each object of a pack beside its content, about
)

var (
	errNoObject  = errors.New("no such object")
	errTruncated = errors.New("read the pack: it ends early")
)

// overLimit is the error of objects that take more than so many bytes of memory.
type overLimit int64

func (o overLimit) Error() string {
	return "the objects take more memory than the limit of " + byteCount(int64(o))
}

// packs holds the packs that were fetched, in memory and deflated as they came. go-git
// indexes a pack by the hashes of its objects, so what is found is what the hash promised.
type packs struct {
	limit int64 // bytes
	used  int64 // bytes
	packs []indexedPack
	cache cache.Object
}

type indexedPack struct {
	index *idxfile.MemoryIndex
	*packfile.Packfile
}

func newPacks(limit int64) *packs {
	return &packs{limit: limit, cache: cache.NewObjectLRU(cacheSize)}
}

// add reads a pack.
func (p *packs) add(ctx context.Context, r io.Reader) error {
	file, err := memfs.New().Create("pack")
	if err != nil {
		return err
	}
	if err := p.check(io.TeeReader(&limitedReader{r, p}, file)); err != nil {
		return packError(err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	indexer := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(contextFile{file, ctx}), indexer)
	if err != nil {
		return packError(err)
	}
	if _, err := parser.Parse(); err != nil {
		return packError(err)
	}
	index, err := indexer.Index()
	if err != nil {
		return packError(err)
	}
	p.packs = append(p.packs, indexedPack{index, packfile.NewPackfileWithCache(index, nil, file, p.cache, 0)})
	return nil
}

// check reads a pack through once before go-git's parser does, which inflates each
// object into memory: the comment of the package has the figures.
func (p *packs) check(r io.Reader) error {
	scanner := packfile.NewScanner(r)
	_, count, err := scanner.Header()
	if err != nil {
		return err
	}
	if p.used += int64(count) * objectOverhead; p.used > p.limit {
		return overLimit(p.limit)
	}
	for range count {
		header, err := scanner.NextObjectHeader()
		if err != nil {
			return err
		}
		if err := p.checkSize(header.Type, header.Length); err != nil {
			return err
		}
		start := &firstBytes{limit: 2 * binary.MaxVarintLen64}
		n, _, err := scanner.NextObject(start)
		if errors.Is(err, packfile.ErrInflatedSizeMismatch) || err == nil && n != header.Length {
			return fmt.Errorf("an object is not of the %d bytes it claims", header.Length)
		}
		if err != nil {
			return err
		}
		if header.Type.IsDelta() {
			// A delta starts with the sizes of its base and of its result.
			_, n := binary.Uvarint(start.bytes)
			size, m := binary.Uvarint(start.bytes[max(n, 0):])
			if n <= 0 || m <= 0 {
				return packfile.ErrInvalidDelta
			}
			if err := p.checkSize(header.Type, int64(min(size, 1<<62))); err != nil {
				return err
			}
		}
	}
	_, err = scanner.Checksum()
	return err
}

// checkSize refuses objects that are too large to be inflated.
func (p *packs) checkSize(kind plumbing.ObjectType, size int64) error {
	switch kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.TagObject:
		if size > maxKept {
			return fmt.Errorf("a %s of %s", kind, byteCount(size))
		}
	case plumbing.BlobObject, plumbing.OFSDeltaObject, plumbing.REFDeltaObject:
	default:
		return fmt.Errorf("an object of unknown kind %d", kind)
	}
	if size > p.limit {
		return fmt.Errorf("an object claims %s, over the limit of %s: %w", byteCount(size), byteCount(p.limit), overLimit(p.limit))
	}
	return nil
}

// packError says that the pack is at fault, and that it ends early.
func packError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, packfile.ErrEmptyPackfile):
		return errTruncated
	case errors.Is(err, packfile.ErrBadSignature):
		return errors.New("read the pack: not a pack of version 2")
	}
	return fmt.Errorf("read the pack: %w", err)
}

// get is that of [objects].
func (p *packs) get(id plumbing.Hash) (plumbing.ObjectType, int64, []byte, error) {
	for _, pack := range p.packs {
		offset, err := pack.index.FindOffset(id)
		if errors.Is(err, plumbing.ErrObjectNotFound) {
			continue
		}
		if err != nil {
			return 0, 0, nil, err
		}
		size, err := pack.GetSizeByOffset(offset)
		if err != nil {
			return 0, 0, nil, err
		}
		return readObject(size, func() (plumbing.EncodedObject, error) { return pack.GetByOffset(offset) })
	}
	return 0, 0, nil, errNoObject
}

// startingWith returns the commits whose ids start with the digits.
func (p *packs) startingWith(digits string) (map[plumbing.Hash][]byte, error) {
	commits := make(map[plumbing.Hash][]byte)
	for _, pack := range p.packs {
		entries, err := pack.index.Entries()
		if err != nil {
			return nil, err
		}
		for {
			entry, err := entries.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			if !strings.HasPrefix(entry.Hash.String(), digits) {
				continue
			}
			kind, _, content, err := p.get(entry.Hash)
			if err != nil {
				return nil, err
			}
			if kind == plumbing.CommitObject {
				commits[entry.Hash] = content
			}
		}
	}
	return commits, nil
}

// readObject returns the object of the given size that open opens, without the content
// of a blob that is too large.
func readObject(size int64, open func() (plumbing.EncodedObject, error)) (plumbing.ObjectType, int64, []byte, error) {
	if size > maxKept {
		return plumbing.BlobObject, size, nil, nil
	}
	o, err := open()
	if err != nil {
		return 0, 0, nil, err
	}
	if o.Type() == plumbing.BlobObject && size > MaxFile {
		return o.Type(), size, nil, nil
	}
	r, err := o.Reader()
	if err != nil {
		return 0, 0, nil, err
	}
	defer r.Close()
	content, err := io.ReadAll(r)
	return o.Type(), size, content, err
}

// limitedReader counts what is read as memory that is used.
type limitedReader struct {
	r     io.Reader
	packs *packs
}

func (l *limitedReader) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.packs.used += int64(n); l.packs.used > l.packs.limit {
		return 0, overLimit(l.packs.limit)
	}
	return n, err
}

// contextFile is a file that can be read as long as its context lives: go-git's parser
// knows no context.
type contextFile struct {
	billy.File
	ctx context.Context
}

func (f contextFile) Read(b []byte) (int, error) {
	if err := f.ctx.Err(); err != nil {
		return 0, context.Cause(f.ctx)
	}
	return f.File.Read(b)
}

// firstBytes holds the first bytes that are written to it.
type firstBytes struct {
	limit int
	bytes []byte
}

func (f *firstBytes) Write(b []byte) (int, error) {
	f.bytes = append(f.bytes, b[:min(len(b), f.limit-len(f.bytes))]...)
	return len(b), nil
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
