// Package objects has the objects of a git repository, of packs in memory or of a folder, and
// the files of one commit in them. It limits the memory that packs can take, and never
// connects to a server or writes to a disk.
package objects

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-git/go-billy/v5"
	"github.com/go-git/go-billy/v5/memfs"
	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// MaxFile is the size of the largest file that is read, in bytes.
const MaxFile = 1 << 20

const (
	// maxObject is the size of the largest commit, tree or tag that is read, in bytes.
	maxObject = 32 * MaxFile

	cacheSize      = 16 << 20 // bytes of inflated objects in memory beside the packs
	objectOverhead = 400      // bytes in memory for each object of a pack beside its content, about
)

// Errors that callers test for.
var (
	ErrNoObject  = errors.New("no such object")
	ErrTruncated = errors.New("read the pack: it ends early")
)

// OverLimit is the error of objects that need more memory than this limit, in bytes.
type OverLimit int64

func (o OverLimit) Error() string {
	return "the objects take more memory than the limit of " + ByteCount(int64(o))
}

// A Store has the objects of a repository. go-git finds them by their hashes, so each object is
// what its hash says.
type Store struct {
	*filesystem.Storage
	folder billy.Filesystem // in memory; nil if packs can't be added
	limit  int64            // bytes
	used   int64            // bytes
}

// NewStore returns an empty store for packs in memory, deflated as they come, which may take so
// many bytes.
func NewStore(limit int64) *Store {
	folder := memfs.New()
	return &Store{newStorage(folder), folder, limit, 0}
}

// Open returns the store of a folder of git, such as .git. No link leads out of it.
func Open(folder string) *Store {
	return &Store{Storage: newStorage(osfs.New(folder, osfs.WithBoundOS()))}
}

func newStorage(folder billy.Filesystem) *filesystem.Storage {
	return filesystem.NewStorage(folder, cache.NewObjectLRU(cacheSize))
}

// Get returns the kind, the size and the content of an object. The content of a blob larger
// than [MaxFile] is nil. The error wraps [ErrNoObject] if there is no such object.
func (s *Store) Get(id plumbing.Hash) (plumbing.ObjectType, int64, []byte, error) {
	// The size first: a large object is not read into memory.
	size, err := s.EncodedObjectSize(id)
	switch {
	case errors.Is(err, plumbing.ErrObjectNotFound):
		return 0, 0, nil, ErrNoObject
	case err != nil:
		return 0, 0, nil, err
	case size > maxObject:
		return plumbing.BlobObject, size, nil, nil
	}
	o, err := s.EncodedObject(plumbing.AnyObject, id)
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

// CommitsWithPrefix returns the contents of the commits whose ids begin with the digits.
func (s *Store) CommitsWithPrefix(digits string) (map[plumbing.Hash][]byte, error) {
	prefix, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil {
		return nil, err
	}
	ids, err := s.HashesWithPrefix(prefix)
	if err != nil {
		return nil, fmt.Errorf("look for the commit %s: %w", digits, err)
	}
	commits := make(map[plumbing.Hash][]byte)
	for _, id := range ids {
		if !strings.HasPrefix(id.String(), digits) {
			continue
		}
		kind, _, content, err := s.Get(id)
		if err != nil {
			return nil, err
		}
		if kind == plumbing.CommitObject {
			commits[id] = content
		}
	}
	return commits, nil
}
