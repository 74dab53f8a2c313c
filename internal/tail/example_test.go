package tail_test

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/tail"
)

// twoLines is a stream with two lines.
type twoLines struct{}

func (twoLines) GetLogEvents(
	_ context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options),
) (*cloudwatchlogs.GetLogEventsOutput, error) {
	out := &cloudwatchlogs.GetLogEventsOutput{NextForwardToken: aws.String("f/2")}
	if in.NextToken == nil {
		for _, line := range []string{"migrating", "done"} {
			out.Events = append(out.Events, types.OutputLogEvent{Timestamp: aws.Int64(1), Message: aws.String(line)})
		}
	}
	return out, nil
}

func ExampleFollower_Follow() {
	ends := make(chan tail.End, 1)
	ends <- tail.End{At: time.Now().Add(-time.Minute)}
	follower := tail.Follower{API: twoLines{}, Rule: tail.For(time.Millisecond), Every: time.Millisecond}
	token, err := follower.Follow(context.Background(), tail.Stream{Group: "jobs", Name: "web/app/1f2e"}, "", ends,
		func(events []tail.Event) {
			for _, event := range events {
				fmt.Println(event.Message)
			}
		})
	fmt.Println(token, err)
	// Output:
	// migrating
	// done
	// f/2 <nil>
}
