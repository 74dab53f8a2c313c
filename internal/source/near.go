package source

import (
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

const (
	maxSuggestions = 3
	maxVisited     = 20_000 // entries of a tree that are searched for a suggestion
)

// nearPath returns a suggestion for a name that does not exist, as the end of a
// message: the files of the same name in other folders, or else a file of a
// similar name in the same folder. It is empty if there is none.
func nearPath(tree fs.FS, name string) string {
	folder, base := path.Split(name)
	if others := filesNamed(tree, base); len(others) > 0 {
		for i, other := range others {
			others[i] = strconv.Quote(other)
		}
		return " (did you mean " + strings.Join(others, " or ") + "?)"
	}
	entries, err := fs.ReadDir(tree, path.Clean(folder))
	if err != nil {
		return ""
	}
	var siblings []string
	for _, entry := range entries {
		if !entry.IsDir() {
			siblings = append(siblings, folder+entry.Name())
		}
	}
	return nearest.DidYouMean(name, siblings)
}

// filesNamed returns up to maxSuggestions files of a tree with the given base
// name. It skips hidden folders and stops after maxVisited entries.
func filesNamed(tree fs.FS, base string) []string {
	var found []string
	visited := 0
	// Folders that can't be read are skipped.
	_ = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		visited++
		switch {
		case visited > maxVisited || len(found) == maxSuggestions:
			return fs.SkipAll
		case err != nil:
			return fs.SkipDir
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case !entry.IsDir() && entry.Name() == base:
			found = append(found, name)
		}
		return nil
	})
	return found
}
