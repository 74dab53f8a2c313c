package e2e

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// planCleanUp plans that some steps clean up. Two steps of one family may take each
// other's revisions where answers are lost, as the documentation says.
func (p *plan) planCleanUp(r *rand.Rand) {
	if r.IntN(3) == 0 && !p.pair {
		p.inputs["clean-up"] = []string{"always", "on-failure"}[r.IntN(2)]
	}
}

// revisions asks the ECS itself which are active.
func (p *plan) revisions() ([]string, error) {
	var list struct{ TaskDefinitionArns []string }
	err := p.ask("ListTaskDefinitions", map[string]any{"status": "ACTIVE"}, &list)
	return list.TaskDefinitionArns, err
}

// holdCleanUp returns which revisions a step that cleans up has left without saying so. Of
// one that was killed these are the ones that it had named, if the post stage has its
// state.
func (p *plan) holdCleanUp(transcript string) (faults []string) {
	killed := p.killed || p.second
	failed := p.status != 0 && !p.full || killed // clean-up goes by the verdict, not by the outputs
	all := p.inputs["clean-up"] == "always" || p.inputs["clean-up"] == "on-failure" && failed
	if !all || p.console == "blocks" || killed && p.after != "post" {
		return nil
	}
	active, err := p.revisions()
	if err != nil {
		return []string{err.Error()}
	}
	for _, arn := range active {
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		if killed && !strings.Contains(transcript, "registered "+name+": ") {
			continue
		}
		if !explained(transcript, arn) {
			faults = append(faults, fmt.Sprintf("revision %s is left, and nothing says why", arn))
		}
	}
	return faults
}

// explained reports whether a transcript says why a revision is left, or how to find those
// of attempts without an answer.
func explained(transcript, arn string) bool {
	for line := range strings.Lines(transcript) {
		line = strings.TrimRight(line, "\n")
		left := strings.HasPrefix(line, "not deregistered, ") || strings.Contains(line, "aws ecs deregister-task-definition ")
		if left && strings.HasSuffix(line, arn) || strings.Contains(line, "aws ecs list-task-definitions ") {
			return true
		}
	}
	return false
}
