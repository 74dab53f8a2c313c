package result

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// LogURL returns the address of a log stream in the AWS console. The console expects names
// that are URL-encoded twice, with $ instead of %.
func LogURL(region, group, stream string) string {
	twice := func(name string) string {
		return strings.ReplaceAll(url.QueryEscape(url.QueryEscape(name)), "%", "$")
	}
	return fmt.Sprintf("%s/cloudwatch/home?region=%s#logsV2:log-groups/log-group/%s/log-events/%s",
		consoleURL(region), region, twice(group), twice(stream))
}

// TaskURL returns the address of a task in the AWS console. It returns "" if the ARN is not
// that of a task in a cluster.
func TaskURL(arn string) string {
	region, cluster, ok := task.Place(arn)
	if !ok {
		return ""
	}
	region = url.PathEscape(region)
	return fmt.Sprintf("%s/ecs/v2/clusters/%s/tasks/%s/configuration?region=%s",
		consoleURL(region), url.PathEscape(cluster), url.PathEscape(task.ID(arn)), region)
}

func consoleURL(region string) string {
	domain := "console.aws.amazon.com"
	switch {
	case strings.HasPrefix(region, "cn-"):
		domain = "console.amazonaws.cn"
	case strings.HasPrefix(region, "us-gov-"):
		domain = "console.amazonaws-us-gov.com"
	}
	return "https://" + region + "." + domain
}
