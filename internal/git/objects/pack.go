package objects

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// AddPack reads a pack into a store of [NewStore].
func (s *Store) AddPack(ctx context.Context, r io.Reader) error {
	pack, err := s.folder.TempFile("objects/pack", "incoming")
	if err != nil {
		return err
	}
	defer pack.Close()
	sum, err := s.check(io.TeeReader(&limitedReader{r, s}, pack))
	if err != nil {
		return packError(err)
	}
	if _, err := pack.Seek(0, io.SeekStart); err != nil {
		return err
	}
	indexer := new(idxfile.Writer)
	parser, err := packfile.NewParser(packfile.NewScanner(contextFile{pack, ctx}), indexer)
	if err != nil {
		return packError(err)
	}
	if _, err := parser.Parse(); err != nil {
		return packError(err)
	}
	parsed, err := indexer.Index()
	if err != nil {
		return packError(err)
	}
	name := "objects/pack/pack-" + sum.String()
	index, err := s.folder.Create(name + ".idx")
	if err != nil {
		return err
	}
	defer index.Close()
	if _, err := idxfile.NewEncoder(index).Encode(parsed); err != nil {
		return err
	}
	s.Reindex()
	return s.folder.Rename(pack.Name(), name+".pack")
}

// check reads a pack once before go-git's parser does: the parser inflates each object into
// memory, and the comment of the package git has the figures.
func (s *Store) check(r io.Reader) (plumbing.Hash, error) {
	scanner := packfile.NewScanner(r)
	_, count, err := scanner.Header()
	if err != nil {
		return plumbing.ZeroHash, err
	}
	if s.used += int64(count) * objectOverhead; s.used > s.limit {
		return plumbing.ZeroHash, OverLimit(s.limit)
	}
	for range count {
		header, err := scanner.NextObjectHeader()
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if err := s.checkSize(header.Type, header.Length); err != nil {
			return plumbing.ZeroHash, err
		}
		start := &FirstBytes{Limit: 2 * binary.MaxVarintLen64}
		n, _, err := scanner.NextObject(start)
		if errors.Is(err, packfile.ErrInflatedSizeMismatch) || err == nil && n != header.Length {
			return plumbing.ZeroHash, fmt.Errorf("an object is not of the %d bytes it claims", header.Length)
		}
		if err != nil {
			return plumbing.ZeroHash, err
		}
		if header.Type.IsDelta() {
			// A delta starts with the sizes of its base and of its result.
			_, n := binary.Uvarint(start.Bytes)
			size, m := binary.Uvarint(start.Bytes[max(n, 0):])
			if n <= 0 || m <= 0 {
				return plumbing.ZeroHash, packfile.ErrInvalidDelta
			}
			if err := s.checkSize(header.Type, int64(min(size, 1<<62))); err != nil {
				return plumbing.ZeroHash, err
			}
		}
	}
	return scanner.Checksum()
}

// checkSize refuses objects that are too large to be inflated.
func (s *Store) checkSize(kind plumbing.ObjectType, size int64) error {
	switch kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.TagObject:
		if size > maxObject {
			return fmt.Errorf("a %s of %s", kind, ByteCount(size))
		}
	case plumbing.BlobObject, plumbing.OFSDeltaObject, plumbing.REFDeltaObject:
	default:
		return fmt.Errorf("an object of unknown kind %d", kind)
	}
	if size > s.limit {
		return fmt.Errorf("an object claims %s, over the limit of %s: %w", ByteCount(size), ByteCount(s.limit),
			OverLimit(s.limit))
	}
	return nil
}

// packError returns an error of the parser as one of the pack.
func packError(err error) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, packfile.ErrEmptyPackfile):
		return ErrTruncated
	case errors.Is(err, packfile.ErrBadSignature):
		return errors.New("read the pack: not a pack of version 2")
	}
	return fmt.Errorf("read the pack: %w", err)
}

// limitedReader counts what is read as memory that is used.
type limitedReader struct {
	r     io.Reader
	store *Store
}

func (l *limitedReader) Read(b []byte) (int, error) {
	n, err := l.r.Read(b)
	if l.store.used += int64(n); l.store.used > l.store.limit {
		return 0, OverLimit(l.store.limit)
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
