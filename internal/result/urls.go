package result

import (
	"fmt"
	"net/url"
	"strings"
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
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 6 {
		return ""
	}
	path := strings.Split(parts[5], "/")
	if len(path) != 3 {
		return ""
	}
	region := url.PathEscape(parts[3])
	return fmt.Sprintf("%s/ecs/v2/clusters/%s/tasks/%s/configuration?region=%s",
		consoleURL(region), url.PathEscape(path[1]), url.PathEscape(path[2]), region)
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
