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

// Fetch is how the files of a repository were read.
type Fetch struct {
	git.Fetch
	Asked []string // the paths and globs, as they were given
	Files []string // the files that were read
}

// loadRepository reads the files that c.Paths name in a repository. What is
// known of the fetch is returned with an error, too.
func loadRepository(ctx context.Context, c Config) ([]Text, *Fetch, error) {
	if len(c.Paths) == 0 {
		return nil, nil, errors.New("repository: is given without file-paths: name the files in it")
	}
	tree, read, err := git.Read(ctx, c.git(), func(tree *git.Tree) {
		// Only what is absent counts here; faults are for the end.
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
		return nil, errors.New("is a symbolic link to where there is no such file")
	}
	if err != nil {
		return nil, err
	}
	// What is irregular is a submodule, of which the tree says more.
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

// checkLFS recognises what stands in the repository for a file that is kept in
// Git LFS. See https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md.
func checkLFS(text []byte) error {
	if !bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")) || len(text) > 1024 {
		return nil
	}
	fields := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		fields[key] = value
	}
	return fmt.Errorf("is kept in Git LFS (oid %s, %s bytes), and the repository has a pointer to it only: "+
		"commit the file itself", fields["oid"], fields["size"])
}

// shortRef returns a ref's name as people write it.
func shortRef(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "refs/heads/"), "refs/tags/")
}
