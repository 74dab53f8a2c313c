package git

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"

	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/server"
)

// resolve finds the object to read.
func (f *fetcher) resolve(ctx context.Context, s *server.Server) (target, error) {
	if f.config.Commit != "" {
		return f.resolveCommit(ctx, s)
	}
	if found, ok := findRef(s.Refs, f.config.Branch); ok {
		return found, nil
	}
	return target{}, noSuchRef(s.Tips(), f.config.Branch)
}

func (f *fetcher) resolveCommit(ctx context.Context, s *server.Server) (target, error) {
	commit := strings.ToLower(f.config.Commit)
	if fullID.MatchString(commit) {
		return target{id: plumbing.NewHash(commit)}, nil
	}
	if len(commit) >= sureDigits {
		for _, tip := range s.Tips() {
			if strings.HasPrefix(tip.Commit().String(), commit) {
				return target{id: tip.Commit()}, nil
			}
		}
	}
	candidates, err := f.history(ctx, s, commit)
	if err != nil {
		return target{}, fmt.Errorf("read the history to complete the commit id %s (give all 40 digits to do without): %w",
			commit, err)
	}
	return completeID(commit, candidates)
}

// allTips returns the ids of the branches and tags.
func allTips(s *server.Server) ([]plumbing.Hash, error) {
	var ids []plumbing.Hash
	for _, tip := range s.Tips() {
		ids = append(ids, tip.ID)
	}
	if len(ids) == 0 {
		return nil, errors.New("the repository has no branch and no tag")
	}
	return ids, nil
}

// history fetches all commits, with nothing of their contents if the server can leave
// that out, and returns those that start with the digits.
func (f *fetcher) history(ctx context.Context, s *server.Server, digits string) (map[plumbing.Hash][]byte, error) {
	wants, err := allTips(s)
	if err != nil {
		return nil, err
	}
	request := server.Request{Wants: wants}
	if s.Filters() {
		request.Filter = packp.FilterTreeDepth(0)
	}
	into := objects.NewStore(f.config.Memory)
	if err := s.Fetch(ctx, request, into); err != nil {
		return nil, err
	}
	return into.CommitsWithPrefix(digits)
}
