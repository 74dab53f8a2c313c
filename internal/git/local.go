package git

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// checkInside refuses a folder that is not below the workspace, which symbolic
// links may hide.
func checkInside(workspace, folder string) error {
	outside := errors.New("in CI, a repository on this machine must be inside of the workspace")
	if workspace == "" {
		return outside
	}
	realWorkspace, err := filepath.EvalSymlinks(workspace)
	if err != nil {
		return fmt.Errorf("open the workspace: %w", err)
	}
	realFolder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return bare(err)
	}
	relative, err := filepath.Rel(realWorkspace, realFolder)
	if err != nil || !filepath.IsLocal(relative) {
		return outside
	}
	return nil
}

// localObjects are the objects of a repository on this machine.
type localObjects struct {
	storage *filesystem.Storage
}

func (l localObjects) get(id plumbing.Hash) (plumbing.ObjectType, int64, []byte, error) {
	// Asked first: a large object is not read into memory.
	size, err := l.storage.EncodedObjectSize(id)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return 0, 0, nil, errNoObject
	}
	if err != nil {
		return 0, 0, nil, err
	}
	return readObject(size, func() (plumbing.EncodedObject, error) {
		return l.storage.EncodedObject(plumbing.AnyObject, id)
	})
}

// loadLocal opens a repository on this machine and finds the commit in it.
func (f *fetcher) loadLocal() error {
	storage, err := openLocal(f.where.path)
	if err != nil {
		return err
	}
	local := localObjects{storage}
	f.objects = local
	refs, err := local.refs()
	if err != nil {
		return err
	}
	if f.target, err = local.resolve(refs, f.config); err != nil {
		return err
	}
	missing, err := f.missing()
	switch {
	case err != nil:
		return err
	case f.tree == nil && f.config.Commit != "":
		return fmt.Errorf("commit: %s is not in the repository (is it a shallow clone?)", f.target.id)
	case len(missing) > 0:
		return fmt.Errorf("the object %s is not in the repository (is it a partial clone?)", missing[0])
	}
	f.result.Method, f.result.Attempts = Local, 1
	return nil
}

// openLocal opens the folder of a repository, with or without a work tree. No
// link leads out of it.
func openLocal(folder string) (*filesystem.Storage, error) {
	for _, candidate := range []string{filepath.Join(folder, ".git"), folder} {
		info, err := os.Lstat(filepath.Join(candidate, "objects"))
		if err != nil || !info.IsDir() {
			continue
		}
		return filesystem.NewStorage(osfs.New(candidate, osfs.WithBoundOS()), cache.NewObjectLRU(cacheSize)), nil
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, bare(err)
	}
	if info, err := os.Lstat(filepath.Join(folder, ".git")); err == nil && info.Mode().IsRegular() {
		return nil, errors.New("is a linked work tree or a submodule: give the repository it belongs to")
	}
	return nil, errors.New("no git repository is there")
}

// refs lists all refs, HEAD with the branch it stands for.
func (l localObjects) refs() ([]ref, error) {
	iter, err := l.storage.IterReferences()
	if err != nil {
		return nil, fmt.Errorf("list the refs: %w", err)
	}
	var refs []ref
	err = iter.ForEach(func(reference *plumbing.Reference) error {
		resolved, err := storer.ResolveReference(l.storage, reference.Name())
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			return nil // as of HEAD in an empty repository
		}
		if err != nil {
			return err
		}
		r := ref{name: reference.Name().String(), id: resolved.Hash()}
		if resolved.Name() != reference.Name() {
			r.target = resolved.Name().String()
		}
		refs = append(refs, r)
		return nil
	})
	return refs, err
}

func (l localObjects) resolve(refs []ref, c Config) (target, error) {
	commit := strings.ToLower(c.Commit)
	if fullID.MatchString(commit) {
		return target{id: plumbing.NewHash(commit)}, nil
	}
	if commit != "" {
		candidates, err := l.startingWith(commit)
		if err != nil {
			return target{}, err
		}
		return completeID(commit, candidates)
	}
	if found, ok := findRef(refs, c.Branch); ok {
		return found, nil
	}
	return target{}, noSuchRef(slices.DeleteFunc(refs, func(r ref) bool {
		return !strings.HasPrefix(r.name, "refs/heads/") && !strings.HasPrefix(r.name, "refs/tags/")
	}), c.Branch)
}

// startingWith returns the commits whose ids start with the digits.
func (l localObjects) startingWith(digits string) (map[plumbing.Hash][]byte, error) {
	prefix, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil {
		return nil, err
	}
	ids, err := l.storage.HashesWithPrefix(prefix)
	if err != nil {
		return nil, fmt.Errorf("look for the commit %s: %w", digits, err)
	}
	commits := make(map[plumbing.Hash][]byte)
	for _, id := range ids {
		if !strings.HasPrefix(id.String(), digits) {
			continue
		}
		kind, _, content, err := l.get(id)
		if err != nil {
			return nil, err
		}
		if kind == plumbing.CommitObject {
			commits[id] = content
		}
	}
	return commits, nil
}

// bare takes the path off a file error, where the message has named it already.
func bare(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
