package cluster_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/cluster"
)

// TestRegisterAsksAgain checks that Register retries temporary errors for the expected time, and
// does not retry other errors.
func TestRegisterAsksAgain(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		budget time.Duration // 0 means no retry
	}{
		{"another registration of the family",
			refused("ClientException", "Too many concurrent attempts to create a new revision of the specified family."),
			5 * time.Minute},
		{"throttled", refused("ThrottlingException", "Rate exceeded"), 5 * time.Minute},
		{"a role that was just made", refused("ClientException", "Role is not valid"), 20 * time.Second},
		{"no answer", errors.New("connection reset by peer"), 30 * time.Second},
		{"refused", refused("ClientException", "Container.image should not be null or empty."), 0},
		{"not allowed", refused("AccessDeniedException", "not authorized to perform: ecs:RegisterTaskDefinition"), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, lasts := range []time.Duration{0, tt.budget / 2, time.Hour} {
				synctest.Test(t, func(t *testing.T) {
					start := time.Now()
					calls := 0
					api := &fake{register: func() (*ecs.RegisterTaskDefinitionOutput, error) {
						if calls++; calls == 1 || time.Since(start) < lasts {
							return nil, tt.err
						}
						return &ecs.RegisterTaskDefinitionOutput{TaskDefinition: &types.TaskDefinition{
							TaskDefinitionArn: aws.String("arn:web:1"), Family: aws.String("web"), Revision: 1,
							Status: types.TaskDefinitionStatusActive,
						}}, nil
					}}
					_, _, err := cluster.Client{API: api}.Register(t.Context(), "web", []byte("{}"))
					took := time.Since(start)
					if lasts < tt.budget {
						if err != nil {
							t.Errorf("Register() of what goes wrong for %s = %v, want nil", lasts, err)
						}
						return
					}
					if !errors.Is(err, tt.err) || took > tt.budget {
						t.Errorf("Register() = %v after %s, want %v within %s", err, took, tt.err, tt.budget)
					}
					if tt.budget == 0 && calls != 1 {
						t.Errorf("%d calls, want 1", calls)
					}
				})
			}
		})
	}
}
