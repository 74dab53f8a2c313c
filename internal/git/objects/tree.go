package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// MaxLinks is how many symbolic links are followed on the way to one file.
const MaxLinks = 40

// TooLarge is the error of a file of so many bytes, above [MaxFile].
type TooLarge int64

func (t TooLarge) Error() string {
	return fmt.Sprintf("%d bytes are over the limit of %d (%s)", int64(t), MaxFile, ByteCount(MaxFile))
}

// A Tree is the files of one commit. It is an [fs.FS] in which files can be found; Open returns
// an error, and [Tree.ReadFile] reads. An absent object is recorded as missing and read as an
// empty folder or an absent file, so that one walk finds all missing objects.
type Tree struct {
	objects *Store
	root    plumbing.Hash
	folders map[plumbing.Hash][]object.TreeEntry
	missing map[plumbing.Hash]bool
}

// NewTree returns the files below a tree object.
func NewTree(from *Store, root plumbing.Hash) *Tree {
	return &Tree{objects: from, root: root, folders: make(map[plumbing.Hash][]object.TreeEntry),
		missing: make(map[plumbing.Hash]bool)}
}

// Missing calls walk with the tree and returns the objects that it did not find.
func (t *Tree) Missing(walk func(*Tree)) []plumbing.Hash {
	clear(t.missing)
	walk(t)
	return slices.Collect(maps.Keys(t.missing))
}

// folder returns the entries of one tree object.
func (t *Tree) folder(id plumbing.Hash) ([]object.TreeEntry, error) {
	if entries, ok := t.folders[id]; ok {
		return entries, nil
	}
	kind, _, content, err := t.objects.Get(id)
	if errors.Is(err, ErrNoObject) {
		t.missing[id] = true
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if kind != plumbing.TreeObject {
		return nil, fmt.Errorf("the object %s is a %s instead of a tree", id, kind)
	}
	var decoded object.Tree
	if err := decoded.Decode(MemoryObject(kind, content)); err != nil {
		return nil, fmt.Errorf("read the tree %s: %w", id, err)
	}
	for _, entry := range decoded.Entries {
		if !safeName(entry.Name) {
			return nil, fmt.Errorf("the tree %s is hostile: it has an entry named %q", id, entry.Name)
		}
	}
	t.folders[id] = decoded.Entries
	return decoded.Entries, nil
}

// safeName reports whether git itself would check out a file of that name.
func safeName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.EqualFold(name, ".git") &&
		!strings.ContainsAny(name, "/\x00")
}

// MemoryObject returns an object that go-git decodes.
func MemoryObject(kind plumbing.ObjectType, content []byte) *plumbing.MemoryObject {
	o := new(plumbing.MemoryObject)
	o.SetType(kind)
	// Write of a MemoryObject never returns an error.
	_, _ = o.Write(content)
	return o
}

// entry returns what is at a clean path. It follows symbolic links on the way,
// and one at the end if follow is set.
func (t *Tree) entry(name string, follow bool) (object.TreeEntry, error) {
	top := object.TreeEntry{Name: ".", Mode: filemode.Dir, Hash: t.root}
	stack := []object.TreeEntry{top} // from the root to the current entry
	var at []string                  // the names of stack, without the root's
	rest := strings.Split(name, "/")
	links := 0
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch part {
		case "", ".":
			continue
		case "..":
			if len(at) == 0 {
				return object.TreeEntry{}, errors.New("leads out of the repository")
			}
			stack, at = stack[:len(stack)-1], at[:len(at)-1]
			continue
		}
		here := path.Join(append(slices.Clone(at), part)...)
		if err := checkFolder(stack[len(stack)-1], path.Join(at...)); err != nil {
			return object.TreeEntry{}, err
		}
		entries, err := t.folder(stack[len(stack)-1].Hash)
		if err != nil {
			return object.TreeEntry{}, err
		}
		i := slices.IndexFunc(entries, func(e object.TreeEntry) bool { return e.Name == part })
		if i < 0 {
			return object.TreeEntry{}, fs.ErrNotExist
		}
		if entries[i].Mode != filemode.Symlink || len(rest) == 0 && !follow {
			stack, at = append(stack, entries[i]), append(at, part)
			continue
		}
		if links++; links > MaxLinks {
			return object.TreeEntry{}, fmt.Errorf("%s is a symbolic link that leads to no end", here)
		}
		target, err := t.target(entries[i].Hash)
		if err != nil {
			return object.TreeEntry{}, err
		}
		if path.IsAbs(target) || !fs.ValidPath(path.Join(path.Join(at...), target)) {
			return object.TreeEntry{}, fmt.Errorf("%s is a symbolic link to %q, and only links that stay inside of the "+
				"repository are followed", here, target)
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return stack[len(stack)-1], nil
}

// checkFolder returns an error if an entry is no folder.
func checkFolder(e object.TreeEntry, name string) error {
	switch e.Mode {
	case filemode.Dir:
		return nil
	case filemode.Submodule:
		return submoduleError(name, e.Hash)
	}
	return fmt.Errorf("%s is not a folder", name)
}

func submoduleError(name string, commit plumbing.Hash) error {
	return fmt.Errorf("%s is a submodule, whose files are in another repository: give that one as repository, and %s as "+
		"commit", name, commit)
}

// target returns the target of a symbolic link.
func (t *Tree) target(id plumbing.Hash) (string, error) {
	_, size, content, err := t.objects.Get(id)
	if errors.Is(err, ErrNoObject) {
		t.missing[id] = true
		return "", fs.ErrNotExist
	}
	if err == nil && (size == 0 || size > 4096) {
		err = fmt.Errorf("a symbolic link of %d bytes", size)
	}
	return string(content), err
}

// ReadFile reads the file at a clean path. The error wraps [fs.ErrNotExist] if there is
// none, and is of type [TooLarge] if it is above the limit.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	e, err := t.entry(name, true)
	if err != nil {
		return nil, err
	}
	if e.Mode == filemode.Submodule {
		return nil, submoduleError(name, e.Hash)
	}
	_, size, content, err := t.objects.Get(e.Hash)
	switch {
	case errors.Is(err, ErrNoObject):
		t.missing[e.Hash] = true
		return nil, err
	case err != nil:
		return nil, err
	case size > MaxFile:
		return nil, TooLarge(size)
	}
	return content, nil
}

// The methods of an [fs.FS] that a search for files needs.

func (t *Tree) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported}
}

func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	e, err := t.entry(name, false)
	return fileInfo{e}, err
}

func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	e, err := t.entry(name, true)
	return fileInfo{e}, err
}

func (t *Tree) ReadLink(name string) (string, error) {
	e, err := t.entry(name, false)
	if err != nil {
		return "", err
	}
	return t.target(e.Hash)
}

func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.entry(name, true)
	if err != nil {
		return nil, err
	}
	if err := checkFolder(e, name); err != nil {
		return nil, err
	}
	entries, err := t.folder(e.Hash)
	if err != nil {
		return nil, err
	}
	listed := make([]fs.DirEntry, len(entries))
	for i, entry := range entries {
		listed[i] = fs.FileInfoToDirEntry(fileInfo{entry})
	}
	slices.SortFunc(listed, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return listed, nil
}

// fileInfo is a tree's entry as an [fs.FileInfo]. Its size is not known.
type fileInfo struct{ e object.TreeEntry }

func (i fileInfo) Name() string       { return i.e.Name }
func (i fileInfo) Size() int64        { return 0 }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.e.Mode == filemode.Dir }
func (i fileInfo) Sys() any           { return nil }

func (i fileInfo) Mode() fs.FileMode {
	switch i.e.Mode {
	case filemode.Dir:
		return fs.ModeDir | 0o755
	case filemode.Symlink:
		return fs.ModeSymlink | 0o777
	case filemode.Submodule:
		return fs.ModeIrregular
	case filemode.Executable:
		return 0o755
	}
	return 0o644
}
