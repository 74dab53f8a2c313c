package git

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/storer"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
)

// checkInside refuses a folder that is not below the workspace, also through symbolic links.
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

// loadLocal opens a repository on this machine and finds the commit in it.
func (f *fetcher) loadLocal() error {
	store, err := openLocal(f.where.Path)
	if err != nil {
		return err
	}
	f.objects = store
	refs, err := refsOf(store)
	if err != nil {
		return err
	}
	if f.target, err = resolveLocal(store, refs, f.config); err != nil {
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
func openLocal(folder string) (*objects.Store, error) {
	for _, candidate := range []string{filepath.Join(folder, ".git"), folder} {
		info, err := os.Lstat(filepath.Join(candidate, "objects"))
		if err != nil || !info.IsDir() {
			continue
		}
		return objects.Open(candidate), nil
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, bare(err)
	}
	if info, err := os.Lstat(filepath.Join(folder, ".git")); err == nil && info.Mode().IsRegular() {
		return nil, errors.New("is a linked work tree or a submodule: give the repository it belongs to")
	}
	return nil, errors.New("no git repository is there")
}

// refsOf lists all refs, HEAD with the branch for which it stands.
func refsOf(store *objects.Store) ([]server.Ref, error) {
	iter, err := store.IterReferences()
	if err != nil {
		return nil, fmt.Errorf("list the refs: %w", err)
	}
	var refs []server.Ref
	err = iter.ForEach(func(reference *plumbing.Reference) error {
		resolved, err := storer.ResolveReference(store, reference.Name())
		if errors.Is(err, plumbing.ErrReferenceNotFound) {
			return nil // such as HEAD in an empty repository
		}
		if err != nil {
			return err
		}
		r := server.Ref{Name: reference.Name().String(), ID: resolved.Hash()}
		if resolved.Name() != reference.Name() {
			r.Target = resolved.Name().String()
		}
		refs = append(refs, r)
		return nil
	})
	return refs, err
}

func resolveLocal(store *objects.Store, refs []server.Ref, c Config) (target, error) {
	commit := strings.ToLower(c.Commit)
	if fullID.MatchString(commit) {
		return target{id: plumbing.NewHash(commit)}, nil
	}
	if commit != "" {
		candidates, err := store.CommitsWithPrefix(commit)
		if err != nil {
			return target{}, err
		}
		return completeID(commit, candidates)
	}
	if found, ok := findRef(refs, c.Branch); ok {
		return found, nil
	}
	return target{}, noSuchRef(server.Tips(refs), c.Branch)
}

// bare returns a file error without its path, which the message already has.
func bare(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
