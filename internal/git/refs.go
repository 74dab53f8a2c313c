package git

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

const (
	minAbbreviation = 4  // hex digits, as of git
	sureDigits      = 12 // of an abbreviation that is not searched for in the whole history
	maxCandidates   = 5
)

var (
	hexDigits = lazyregexp.New(`^[0-9a-fA-F]+$`)
	fullID    = lazyregexp.New(`^[0-9a-fA-F]{40}$`)
)

// A target is the object to read.
type target struct {
	id  plumbing.Hash // of a commit, or of the annotated tag of one
	ref string        // the full name of the ref that names id; empty if it was given by id
}

// checkRevision refuses what can't be a branch or a commit before it connects to a server.
func checkRevision(branch, commit string) error {
	switch {
	case branch != "" && commit != "":
		return errors.New("branch and commit exclude each other: give one of them")
	case strings.ContainsAny(branch, " ~^:?*[\\\x7f") || strings.Contains(branch, "..") || strings.HasPrefix(branch, "-"):
		return fmt.Errorf("branch: %q is not the name of a branch or tag", branch)
	case commit == "":
		return nil
	case !hexDigits.MatchString(commit):
		return fmt.Errorf("commit: %q is not a commit id: give a branch or tag as branch", commit)
	case len(commit) == 64:
		return errors.New("commit: is an id by sha256, and only sha1 is known")
	case len(commit) < minAbbreviation || len(commit) > 40:
		return fmt.Errorf("commit: %q has %d digits, and a commit id has 40, or at least %d as an abbreviation", commit,
			len(commit), minAbbreviation)
	}
	return nil
}

// refNames returns the full names that a branch, tag or full ref may have.
func refNames(branch string) []string {
	switch {
	case branch == "":
		return []string{"HEAD"}
	case strings.HasPrefix(branch, "refs/"):
		return []string{branch}
	}
	return []string{"refs/heads/" + branch, "refs/tags/" + branch}
}

// findRef finds a branch, tag or full ref. A branch takes precedence over the tag of its name.
func findRef(refs []server.Ref, branch string) (target, bool) {
	for _, name := range refNames(branch) {
		for _, r := range refs {
			if r.Name != name {
				continue
			}
			if r.Target != "" {
				name = r.Target // the branch for which HEAD stands
			}
			return target{r.ID, name}, true
		}
	}
	return target{}, false
}

// noSuchRef returns the error that there is no such branch or tag. refs are all refs.
func noSuchRef(refs []server.Ref, branch string) error {
	if branch == "" {
		if len(refs) == 0 {
			return errors.New("the repository is empty")
		}
		return errors.New("the repository has no default branch: give branch or commit")
	}
	var names []string
	for _, r := range refs {
		short := r.Name
		for _, prefix := range []string{"refs/heads/", "refs/tags/"} {
			short = strings.TrimPrefix(short, prefix)
		}
		names = append(names, short)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if near := nearest.DidYouMean(branch, names); near != "" {
		return fmt.Errorf("branch: %q is no branch or tag of the repository%s", branch, near)
	}
	if fullID.MatchString(branch) {
		return fmt.Errorf("branch: %s is no branch or tag of the repository (is it a commit id? then give it as commit)",
			branch)
	}
	const listed = 10
	more := ""
	if len(names) > listed {
		more = fmt.Sprintf(", and %d more", len(names)-listed)
		names = names[:listed]
	}
	return fmt.Errorf("branch: %q is no branch or tag of the repository, which has %s%s", branch,
		strings.Join(names, ", "), more)
}

// completeID returns the only commit whose id begins with an abbreviation.
func completeID(abbreviation string, commits map[plumbing.Hash][]byte) (target, error) {
	var candidates []string
	var last plumbing.Hash
	for id, content := range commits {
		candidates = append(candidates, describeCommit(id, content))
		last = id
	}
	slices.Sort(candidates)
	switch {
	case len(candidates) == 0:
		return target{}, fmt.Errorf("commit: no commit of the repository's branches and tags starts with %s", abbreviation)
	case len(candidates) == 1:
		return target{id: last}, nil
	}
	more := ""
	if len(candidates) > maxCandidates {
		more = fmt.Sprintf("\n  and %d more", len(candidates)-maxCandidates)
		candidates = candidates[:maxCandidates]
	}
	return target{}, fmt.Errorf("commit: %s is the start of several commits:\n  %s%s", abbreviation,
		strings.Join(candidates, "\n  "), more)
}

// describeCommit returns one line about a commit: id, day, subject.
func describeCommit(id plumbing.Hash, content []byte) string {
	var c object.Commit
	if err := c.Decode(objects.MemoryObject(plumbing.CommitObject, content)); err != nil {
		return id.String()
	}
	subject, _, _ := strings.Cut(c.Message, "\n")
	return fmt.Sprintf("%s %s %s", id, c.Committer.When.UTC().Format(time.DateOnly), server.Clean(subject))
}
