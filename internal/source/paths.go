package source

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/bmatcuk/doublestar/v4"
)

// selectPaths returns the files of a tree that match names, which are paths or
// globs. Each file is returned once, as a clean relative path. A name that exists
// is that file even if it is also a valid glob. As in a shell, a wildcard matches a
// hidden file or folder only if the pattern has its dot. Messages call the tree
// where.
func selectPaths(tree fs.FS, names []string, where string) ([]string, error) {
	var found []string
	var faults []error
	add := func(matches ...string) {
		for _, match := range matches {
			if !slices.Contains(found, match) {
				found = append(found, match)
			}
		}
	}
	for _, name := range names {
		clean := path.Clean(name)
		if !fs.ValidPath(clean) {
			faults = append(faults, fmt.Errorf("file-paths: %s: is outside of %s", name, where))
			continue
		}
		_, err := fs.Lstat(tree, clean)
		switch {
		case err == nil:
			add(clean)
		case isGlob(clean):
			matches, err := glob(tree, clean)
			if err == nil && len(matches) == 0 {
				err = fmt.Errorf("no file in %s matches", where)
			}
			for _, match := range matches {
				// A file name must not break a line of the output.
				if strings.ContainsFunc(match, unicode.IsControl) {
					err = errors.Join(err, fmt.Errorf("matches %q, which has a control character in its name", match))
				}
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("file-paths: %s: %w", name, err))
			}
			add(matches...)
		case errors.Is(err, fs.ErrNotExist):
			faults = append(faults,
				fmt.Errorf("file-paths: %s: no such file in %s%s", name, where, nearPath(tree, clean)))
		default:
			// Reading the file gives a better error.
			add(clean)
		}
	}
	return found, errors.Join(faults...)
}

func isGlob(name string) bool { return strings.ContainsAny(name, `*?[{\`) }

func glob(tree fs.FS, pattern string) ([]string, error) {
	if !doublestar.ValidatePattern(pattern) {
		return nil, errors.New("is not a valid glob")
	}
	matches, err := doublestar.Glob(tree, pattern, doublestar.WithFilesOnly(), doublestar.WithNoFollow(),
		doublestar.WithNoHidden(), doublestar.WithFailOnIOErrors())
	// A glob matches files only, so not a symbolic link to a folder.
	matches = slices.DeleteFunc(matches, func(match string) bool {
		info, err := fs.Stat(tree, match)
		return err == nil && info.IsDir()
	})
	slices.Sort(matches)
	return slices.Compact(matches), err
}

// checkMode returns an error if a mode is not that of a regular file.
func checkMode(name string, mode fs.FileMode) error {
	switch {
	case mode.IsDir():
		return fmt.Errorf("is a folder: name its files, such as %s", path.Join(name, "*.json"))
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("is a named pipe, not a file")
	case mode&fs.ModeSocket != 0:
		return errors.New("is a socket, not a file")
	case mode&fs.ModeDevice != 0:
		return errors.New("is a device, not a file")
	case !mode.IsRegular():
		return errors.New("is not a regular file")
	}
	return nil
}

// prefixes returns a, a/b and a/b/c for a/b/c.
func prefixes(name string) []string {
	var all []string
	for i, c := range name {
		if c == '/' {
			all = append(all, name[:i])
		}
	}
	return append(all, name)
}
