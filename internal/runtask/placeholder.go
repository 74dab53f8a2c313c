package runtask

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// roleCharacters matches the characters that AWS accepts in the ARN or name of a role.
var roleCharacters = regexp.MustCompile(`^[A-Za-z0-9+=,.@_/-]+$`)

// unrendered reports placeholders in the roles and KMS keys of overrides or of a request that
// nothing replaced. n may be nil.
func unrendered(n *document.Node) error {
	if n == nil {
		return nil
	}
	var faults []error
	check := func(n *document.Node, path string, allowed *regexp.Regexp) {
		if n == nil || n.Kind != document.String {
			return
		}
		for _, p := range placeholder.All(n.Text) {
			if allowed == nil || !allowed.MatchString(p.Text) {
				faults = append(faults, &document.Error{Place: n.Place, Path: path, Code: "placeholder",
					Message: fmt.Sprintf("the placeholder %q was not replaced, and AWS does not take its characters here", p.Text),
					Hint:    placeholder.ToExpressions(n.Text)})
				return
			}
		}
	}
	for _, key := range []string{"taskRoleArn", "executionRoleArn"} {
		check(n.Member(key), key, roleCharacters)
	}
	if volumes := n.Member("volumeConfigurations"); volumes != nil {
		for i, volume := range volumes.Items {
			path := document.ItemPath("volumeConfigurations", i) + ".managedEBSVolume."
			check(volume.Member("managedEBSVolume", "roleArn"), path+"roleArn", roleCharacters)
			check(volume.Member("managedEBSVolume", "kmsKeyId"), path+"kmsKeyId", nil)
		}
	}
	for _, key := range []string{"taskRoleArn", "executionRoleArn"} {
		check(n.Member("overrides", key), "overrides."+key, roleCharacters)
	}
	return errors.Join(faults...)
}
