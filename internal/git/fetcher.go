package git

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
)

// Parts of the packages below that callers of this one use.
type (
	Config         = remote.Config
	AWSCredentials = remote.AWSCredentials
	Tree           = objects.Tree
	TooLarge       = objects.TooLarge
)

// MaxFile is the size of the largest file that is read, in bytes.
const MaxFile = objects.MaxFile

// A Fetch says how the files of a repository were read.
type Fetch struct {
	Repository string        // its URL without any secret, or its folder
	Ref        string        // the full name of the branch or tag; empty if a commit was given
	Commit     string        // the id of the commit that was read, all 40 digits
	Method     Method        // how they were read; empty if they were not
	Bytes      int64         // from the server, without the headers of HTTP
	Attempts   int           // 1 without a retry
	Duration   time.Duration // in total
}

// Method is how much of a repository had to be read for its files.
type Method string

// The methods, in the order in which they are tried.
const (
	Partial Method = "partial" // one commit, its trees, and the files that are needed
	Shallow Method = "shallow" // one commit with all its files
	Full    Method = "full"    // the history
	Local   Method = "local"   // a repository on this machine
)

// fetcher reads files of one commit.
type fetcher struct {
	config  Config
	where   remote.Location
	user    *url.Userinfo // of the URL; nil if it has none
	walk    func(*Tree)
	result  *Fetch
	objects *objects.Store // fetched, or of the local repository
	target  target
	tree    *Tree // nil until its commit is there
}

// missing returns the objects that are needed and absent, as far as they are known.
func (f *fetcher) missing() ([]plumbing.Hash, error) {
	if f.tree == nil {
		missing, err := f.openCommit()
		if err != nil || f.tree == nil {
			return []plumbing.Hash{missing}, err
		}
	}
	return f.tree.Missing(f.walk), nil
}

// openCommit opens the tree of the target's commit. If an object on the way is absent, it
// returns that.
func (f *fetcher) openCommit() (plumbing.Hash, error) {
	id := f.target.id
	for range objects.MaxLinks { // tags of tags
		kind, _, content, err := f.objects.Get(id)
		if errors.Is(err, objects.ErrNoObject) {
			return id, nil
		}
		if err != nil {
			return id, err
		}
		switch kind {
		case plumbing.CommitObject:
			var commit object.Commit
			if err := commit.Decode(objects.MemoryObject(kind, content)); err != nil {
				return id, fmt.Errorf("read the commit %s: %w", id, err)
			}
			f.result.Ref, f.result.Commit = f.target.ref, id.String()
			f.tree = objects.NewTree(f.objects, commit.TreeHash)
			return id, nil
		case plumbing.TagObject:
			var tag object.Tag
			if err := tag.Decode(objects.MemoryObject(kind, content)); err != nil {
				return id, fmt.Errorf("read the tag %s: %w", id, err)
			}
			id = tag.Target
		default:
			return id, fmt.Errorf("%s is a %s, not a commit", id, kind)
		}
	}
	return id, errors.New("a tag of tags that leads to no end")
}
