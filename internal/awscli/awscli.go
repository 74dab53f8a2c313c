// Package awscli returns the commands of the AWS CLI that messages contain. It runs none of them.
package awscli

import "fmt"

// DescribeTask returns the command that describes a task.
func DescribeTask(region, cluster, arn string) string {
	return fmt.Sprintf("aws ecs describe-tasks --region %s --cluster %s --tasks %s", region, cluster, arn)
}

// StopTask returns the command that stops a task.
func StopTask(region, cluster, arn string) string {
	return fmt.Sprintf("aws ecs stop-task --region %s --cluster %s --task %s", region, cluster, arn)
}

// ListTasks returns the command that lists the running tasks with a startedBy.
func ListTasks(region, cluster, startedBy string) string {
	return fmt.Sprintf("aws ecs list-tasks --region %s --cluster %s --started-by %s", region, cluster, startedBy)
}

// ListRevisions returns the command that lists the active revisions of a family, the newest first.
func ListRevisions(region, family string) string {
	return fmt.Sprintf("aws ecs list-task-definitions --region %s --family-prefix %s --sort DESC", region, family)
}

// Deregister returns the command that deregisters a revision.
func Deregister(region, arn string) string {
	return fmt.Sprintf("aws ecs deregister-task-definition --region %s --task-definition %s", region, arn)
}
