package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/git"
)

// Fetch describes how the files of a repository were read.
type Fetch struct {
	git.Fetch
	Asked []string // the paths and globs, as the user wrote them
	Files []string // the files that were read
}

// loadRepository reads the files that match c.Paths in a repository. The Fetch is
// not nil if the repository answered, even with an error.
func loadRepository(ctx context.Context, c Config) ([]Text, *Fetch, error) {
	if len(c.Paths) == 0 {
		return nil, nil, errors.New("repository: needs file-paths: name the files in it")
	}
	tree, read, err := git.Read(ctx, c.git(), func(tree *git.Tree) {
		// This pass only finds out which objects are missing. Faults are reported at the end.
		names, _ := selectPaths(tree, c.Paths, "")
		for _, name := range names {
			_, _ = readTree(tree, name)
		}
	})
	if read == nil {
		return nil, nil, err
	}
	fetch := &Fetch{Fetch: *read, Asked: c.Paths}
	if err != nil {
		return nil, fetch, err
	}

	where := fmt.Sprintf("the repository at %.12s", fetch.Commit)
	if fetch.Ref != "" {
		where = fmt.Sprintf("%s (%.12s) of the repository", shortRef(fetch.Ref), fetch.Commit)
	}
	var texts []Text
	names, err := selectPaths(tree, c.Paths, where)
	faults := []error{err}
	for _, name := range names {
		text, err := readTree(tree, name)
		if err != nil {
			faults = append(faults, fmt.Errorf("file-paths: %s: %w", name, err))
			continue
		}
		texts = append(texts, Text{Name: name, Bytes: text})
		fetch.Files = append(fetch.Files, name)
	}
	return texts, fetch, c.git().Redact(errors.Join(faults...))
}

// readTree reads the file at a clean path.
func readTree(tree *git.Tree, name string) ([]byte, error) {
	info, err := tree.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("is a symbolic link to a file that does not exist")
	}
	if err != nil {
		return nil, err
	}
	// An irregular entry is a submodule; tree.ReadFile has a better error for it.
	if info.Mode()&fs.ModeIrregular == 0 {
		if err := checkMode(name, info.Mode()); err != nil {
			return nil, err
		}
	}
	text, err := tree.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return text, checkLFS(text)
}

// checkLFS returns an error if text is a Git LFS pointer. See
// https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
func checkLFS(text []byte) error {
	if !bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")) || len(text) > 1024 {
		return nil
	}
	fields := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		fields[key] = value
	}
	return fmt.Errorf("is stored in Git LFS (oid %s, %s bytes); the repository contains only a pointer to it: "+
		"commit the file itself", fields["oid"], fields["size"])
}

// shortRef returns the short name of a branch or tag.
func shortRef(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "refs/tags/")
}
