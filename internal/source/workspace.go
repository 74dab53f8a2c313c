package source

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/git"
)

// ofWorkspace is what messages call the workspace in a CI.
const ofWorkspace = "the workspace"

// loadWorkspace reads the files that paths name below the folder workspace, which
// messages call so. [os.Root] prevents access to files outside of it.
func loadWorkspace(workspace, called string, paths []string) ([]Text, error) {
	if workspace == "" {
		return nil, errors.New("file-paths: no workspace to read files from: give repository, or run " +
			"where the files are")
	}
	root, err := os.OpenRoot(workspace)
	if err != nil {
		return nil, fmt.Errorf("open the workspace: %w", err)
	}
	defer root.Close()

	var faults []error
	inside := make([]string, 0, len(paths))
	for _, name := range paths {
		relative, err := belowWorkspace(workspace, called, name)
		if err != nil {
			faults = append(faults, fmt.Errorf("file-paths: %s: %w", name, err))
			continue
		}
		inside = append(inside, relative)
	}

	names, err := selectPaths(root.FS(), inside, called)
	faults = append(faults, err)
	var texts []Text
	for _, name := range names {
		text, err := readWorkspace(root, name)
		if err != nil {
			faults = append(faults, fmt.Errorf("file-paths: %s: %w", name, err))
			continue
		}
		texts = append(texts, Text{Name: name, Bytes: text})
	}
	return texts, errors.Join(faults...)
}

// File reads one file of the folder workspace. The rules are those of [Load]. The
// name is not a glob.
func File(workspace, name string) (Text, error) {
	root, err := os.OpenRoot(workspace)
	if err != nil {
		return Text{}, fmt.Errorf("open the workspace: %w", err)
	}
	defer root.Close()
	inside, err := belowWorkspace(workspace, ofWorkspace, name)
	if err != nil {
		return Text{}, err
	}
	clean := path.Clean(inside)
	if !fs.ValidPath(clean) {
		return Text{}, errors.New("is outside of the workspace")
	}
	text, err := readWorkspace(root, clean)
	return Text{Name: clean, Bytes: text}, err
}

// belowWorkspace converts an absolute name to one relative to the workspace. The
// path of the workspace may contain symbolic links.
func belowWorkspace(workspace, called, name string) (string, error) {
	if !filepath.IsAbs(name) {
		return filepath.ToSlash(name), nil
	}
	folders := []string{workspace}
	if real, err := filepath.EvalSymlinks(workspace); err == nil {
		folders = append(folders, real)
	}
	for _, folder := range folders {
		if relative, err := filepath.Rel(folder, name); err == nil && filepath.IsLocal(relative) {
			return filepath.ToSlash(relative), nil
		}
	}
	if inside := suffixIn(workspace, name); inside != "" {
		return "", fmt.Errorf("is outside of %s %s, which has %s: use that path", called, workspace, inside)
	}
	return "", fmt.Errorf("is outside of %s %s, the only folder that files are read from: copy it "+
		"there, or run the command where it is", called, workspace)
}

// suffixIn returns the longest suffix of an absolute path that is a file of the
// workspace, or "" if there is none. The CI's runner and its containers often have
// different paths for the same folder.
func suffixIn(workspace, name string) string {
	parts := strings.Split(strings.Trim(filepath.ToSlash(name), "/"), "/")
	for i := range parts {
		inside := path.Join(parts[i:]...)
		info, err := os.Lstat(filepath.Join(workspace, filepath.FromSlash(inside)))
		if err == nil && info.Mode().IsRegular() {
			return inside
		}
	}
	return ""
}

// readWorkspace reads the file at a clean path below root.
func readWorkspace(root *os.Root, name string) ([]byte, error) {
	// The check comes before Open, because opening a named pipe waits for a writer.
	info, err := root.Stat(name)
	if err != nil {
		return nil, explainLink(root, name, err)
	}
	if err := checkMode(name, info.Mode()); err != nil {
		return nil, err
	}
	if info.Size() > MaxText {
		return nil, git.TooLarge(info.Size())
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, MaxText+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(text) > MaxText {
		return nil, git.TooLarge(len(text))
	}
	return text, nil
}

// explainLink adds to err the symbolic link in the path of name that may be the
// cause of it.
func explainLink(root *os.Root, name string, err error) error {
	err = withoutPath(err)
	for _, prefix := range prefixes(name) {
		target, linkErr := root.Readlink(prefix)
		switch {
		case linkErr != nil:
			continue
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%s is a symbolic link to %q, which does not exist", prefix, target)
		case path.IsAbs(target) || !filepath.IsLocal(path.Join(path.Dir(prefix), target)):
			return fmt.Errorf("%s is a symbolic link to %q, but only links that stay inside of the workspace "+
				"are followed: %w", prefix, target, err)
		}
	}
	return err
}

// withoutPath removes the path from a file error, for messages that name the path already.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
