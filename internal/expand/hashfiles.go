package expand

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

const followLinks = "--follow-symbolic-links"

// HashFiles returns the SHA-256 of the SHA-256 of each file that the patterns match, in
// hexadecimal, or "" if they match none: the result of GitHub's hashFiles for a workspace
// whose root is fsys.
//
// A pattern is a path with *, ?, [a-z] and, for any number of directories, **; a directory
// stands for all files in it. A pattern that begins with ! excludes files that earlier
// patterns match. One argument may have several lines of patterns. Symbolic links to
// directories are followed only if the first argument is --follow-symbolic-links, and never
// in a circle.
//
// For an untrusted workspace, fsys should be one that does not leave it, such as that of an
// [os.Root].
func HashFiles(fsys fs.FS, patterns ...string) (string, error) {
	h := fileHasher{fsys: fsys}
	if len(patterns) > 0 && strings.HasPrefix(patterns[0], "--") {
		if !strings.EqualFold(patterns[0], followLinks) {
			return "", fmt.Errorf("unknown option %q: the only one is %s", patterns[0], followLinks)
		}
		h.follow = true
		patterns = patterns[1:]
	}
	for line := range strings.Lines(strings.Join(patterns, "\n")) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		g, err := parseGlob(line)
		if err != nil {
			return "", fmt.Errorf("pattern %q: %w", line, err)
		}
		h.globs = append(h.globs, g)
	}
	return h.hash()
}

// glob is one pattern of file paths.
type glob struct {
	exclude     bool
	pattern     string
	root        string // the path before its first wildcard
	directories bool   // the pattern ends in a slash: it matches directories only
}

func parseGlob(pattern string) (glob, error) {
	var g glob
	for strings.HasPrefix(pattern, "!") {
		g.exclude = !g.exclude
		pattern = strings.TrimSpace(pattern[1:])
	}
	if pattern == "" || path.IsAbs(pattern) || pattern == "~" || strings.HasPrefix(pattern, "~/") {
		return g, errors.New("expected a path inside the workspace")
	}
	g.directories = strings.HasSuffix(pattern, "/")
	var segments, literal []string
	wild := false
	for i, segment := range strings.Split(pattern, "/") {
		switch {
		case segment == "" || segment == "." && i == 0:
			continue
		case segment == "." || segment == "..":
			return g, errors.New(`"." and ".." are not allowed in it`)
		}
		wild = wild || strings.ContainsAny(segment, `*?[\`)
		if !wild {
			literal = append(literal, segment)
		}
		segments = append(segments, strings.NewReplacer("{", `\{`, "}", `\}`).Replace(segment))
	}
	g.pattern = path.Join(segments...)
	g.root = path.Join(append([]string{"."}, literal...)...)
	if !doublestar.ValidatePattern(g.pattern) {
		return g, errors.New("a bracket or a backslash is not complete")
	}
	return g, nil
}

// matches reports whether the pattern matches a file, or a directory that has it.
func (g glob) matches(file string) bool {
	if g.pattern == "" {
		return true
	}
	return !g.directories && doublestar.MatchUnvalidated(g.pattern, file) ||
		doublestar.MatchUnvalidated(g.pattern+"/**/*", file)
}

// fileHasher walks the files in the order of GitHub's runner.
type fileHasher struct {
	fsys   fs.FS
	follow bool
	globs  []glob
	sums   []byte
}

func (h *fileHasher) hash() (string, error) {
	for _, root := range h.roots() {
		info, err := fs.Lstat(h.fsys, root)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := h.enter(root, fs.FileInfoToDirEntry(info), nil); err != nil {
			return "", err
		}
	}
	if h.sums == nil {
		return "", nil
	}
	sum := sha256.Sum256(h.sums)
	return hex.EncodeToString(sum[:]), nil
}

// roots returns the directories to walk: the roots of the patterns that include files,
// without those inside of another root.
func (h *fileHasher) roots() []string {
	candidates := map[string]bool{}
	for _, g := range h.globs {
		if !g.exclude {
			candidates[g.root] = true
		}
	}
	var roots []string
	for _, g := range h.globs {
		if candidates[g.root] && !hasParentIn(candidates, g.root) && !slices.Contains(roots, g.root) {
			roots = append(roots, g.root)
		}
	}
	return roots
}

func hasParentIn(paths map[string]bool, of string) bool {
	for of != "." {
		of = path.Dir(of)
		if paths[of] {
			return true
		}
	}
	return false
}

// walk hashes a file, or the files of a directory, by name.
func (h *fileHasher) walk(name string, info fs.FileInfo, above []fs.FileInfo) error {
	if !info.IsDir() {
		if h.included(name) {
			return h.add(name)
		}
		return nil
	}
	if slices.ContainsFunc(above, func(parent fs.FileInfo) bool { return os.SameFile(parent, info) }) {
		return nil
	}
	entries, err := fs.ReadDir(h.fsys, name)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := h.enter(path.Join(name, entry.Name()), entry, append(above, info)); err != nil {
			return err
		}
	}
	return nil
}

// enter walks the file or directory called name. A link to a file is that file. A broken
// link is skipped, and so are pipes and devices, which would have no end.
func (h *fileHasher) enter(name string, entry fs.DirEntry, above []fs.FileInfo) error {
	link := entry.Type()&fs.ModeSymlink != 0
	if link && !h.follow && !h.included(name) {
		return nil
	}
	info, err := fs.Stat(h.fsys, name)
	switch {
	case link && errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir() && (!link || h.follow), info.Mode().IsRegular():
		return h.walk(name, info, above)
	}
	return nil
}

// included applies the patterns in their order: the last one that matches counts.
func (h *fileHasher) included(name string) bool {
	included := false
	for _, g := range h.globs {
		if included == g.exclude && g.matches(name) {
			included = !g.exclude
		}
	}
	return included
}

func (h *fileHasher) add(name string) error {
	f, err := h.fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	h.sums = sum.Sum(h.sums)
	return nil
}
