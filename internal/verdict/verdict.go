// Package verdict decides from the description of a task whether it has ended, whether it
// succeeded, and which of its containers decided that. It makes no calls and does not read the
// clock.
package verdict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Outcome is how a task ended.
type Outcome string

// The outcomes. All but Succeeded are failures.
const (
	Succeeded  Outcome = "succeeded"   // every deciding container ended with code 0
	Failed     Outcome = "failed"      // a deciding container ended with another code, or without one
	NotStarted Outcome = "not-started" // the task stopped before its containers ran
	Stopped    Outcome = "stopped"     // a user or AWS stopped the task
	Lost       Outcome = "lost"        // ECS no longer knows the task
)

// Verdict is the result of one task.
type Verdict struct {
	Outcome Outcome

	// Container is the name of the container that decided; empty if none did.
	Container string

	// ExitCode is the exit code of Container. It is nil if Container ended without a code, or if
	// the task succeeded or did not start.
	ExitCode *int32

	// Beside is another deciding container that ended with code 0. It is set only if the exit code
	// of Container is 137 or 143, which may mean that ECS stopped Container. Else it is empty.
	// EndedFirst is true if ECS showed Beside as running after Container had ended.
	Beside     string
	EndedFirst bool

	// Reason is the reason in one line. If AWS gave a reason, it follows.
	Reason string

	// HostLost is true if the task lost its host because AWS took it away. The task may succeed if
	// it runs again.
	HostLost bool

	// NoRoom is true if the task never ran because AWS had no capacity, network interface
	// or storage for it at that time.
	NoRoom bool

	// Notes are lines about facts that did not decide. Other exit codes and reasons are in [Ends].
	Notes []string
}

// Judge returns the verdict of a task of the definition. decided is false while the result is still
// open. The rule says which containers of the definition decide. Containers that AWS injects, such
// as an agent, never decide. The order has the records of earlier descriptions.
//
// The verdict depends on stopCode, the exit codes and the definition. It never depends on the text
// of a message, because AWS may change it
// (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-tasks-error-messages-updates.html).
// It never depends on a guess about which container ended first.
//
// The verdict can be known before the task is STOPPED, because ECS reports the exit codes before it
// removes the network. If the rule names containers, the verdict can be known while other
// containers run.
func Judge(definition *types.TaskDefinition, task types.Task, rule Rule, order Order) (v Verdict, decided bool) {
	if !Ended(task) && !(codesKnown(definition, task, rule) && (Stopping(task) || len(rule.Names) > 0)) {
		return Verdict{}, false
	}
	stopped := func(why string, hostLost bool) (Verdict, bool) {
		container, code := firstCode(definition, task, rule)
		return Verdict{Outcome: Stopped, Container: container, ExitCode: code, HostLost: hostLost,
			Reason: join(why, reasons(task))}, true
	}
	switch task.StopCode {
	case types.TaskStopCodeTaskFailedToStart:
		why := reasons(task)
		return Verdict{Outcome: NotStarted, Container: failedToStart(definition, task),
			NoRoom: NoRoom(why) && task.StartedAt == nil, Reason: join("the task failed to start", why)}, true
	case types.TaskStopCodeSpotInterruption:
		return stopped("AWS took the Spot capacity back", true)
	case types.TaskStopCodeTerminationNotice:
		return stopped("the host was terminated", true)
	case types.TaskStopCodeServiceSchedulerInitiated:
		return stopped("a service's scheduler stopped the task", false)
	case types.TaskStopCodeUserInitiated:
		return stopped("somebody stopped the task", false)
	}
	return judgeContainers(definition, task, rule, order), true
}

// NoRoom reports whether the reason of a failed task or launch is a temporary lack of capacity. The
// result is used only to decide whether to start the task again.
func NoRoom(reason string) bool {
	for _, text := range []string{
		"RESOURCE:", "AGENT", "Capacity is unavailable", "Timeout waiting for network interface provisioning",
		"Timeout waiting for EphemeralStorage provisioning",
	} {
		if strings.Contains(reason, text) {
			return true
		}
	}
	return false
}

// codesKnown reports whether the exit codes of all deciding containers are final. It is false if
// there is no deciding container.
func codesKnown(definition *types.TaskDefinition, task types.Task, rule Rule) bool {
	known := false
	for _, defined := range definition.ContainerDefinitions {
		if !rule.Decides(defined) {
			continue
		}
		if known = settled(task, defined); !known {
			return false
		}
	}
	return known
}

// judgeContainers returns the verdict of a task that ended by itself. If several containers failed,
// the first one of the lowest rank decides: rank 0 has an exit code of its own, rank 1 has no exit
// code, and rank 2 has the code of a container that ECS stopped.
func judgeContainers(definition *types.TaskDefinition, task types.Task, rule Rule, order Order) Verdict {
	v := Verdict{Outcome: Succeeded, Reason: "every deciding container ended with code 0"}
	deciding := false
	var faults [3][]Verdict
	for _, defined := range definition.ContainerDefinitions {
		name := aws.ToString(defined.Name)
		code, reason := ending(task, name)
		if code != nil && *code == 0 && outOfMemory(reason) {
			v.Notes = append(v.Notes, fmt.Sprintf("container %s ended with code 0 but ran out of memory", name))
		}
		if !rule.Decides(defined) {
			continue
		}
		deciding = true
		fault := Verdict{Outcome: Failed, Container: name, ExitCode: code}
		switch {
		case code == nil:
			fault.Reason = join(fmt.Sprintf("container %s ended without an exit code", name),
				cmp.Or(reason, aws.ToString(task.StoppedReason)))
			faults[1] = append(faults[1], fault)
		case *code == 0:
		default:
			if excuse := rule.excuse(definition, task, order, name); excuse != "" {
				v.Notes = append(v.Notes, fmt.Sprintf("code %d of container %s does not decide: %s, which ended with code 0", *code,
					name, excuse))
				continue
			}
			rank, text := 0, fmt.Sprintf("container %s ended with code %d", name, *code)
			if collateral(*code, reason) {
				rank = 2
				fault.Beside, fault.EndedFirst = beside(definition, task, rule, order, name)
			}
			if fault.EndedFirst {
				text += " while " + fault.Beside + " was running"
			}
			fault.Reason = join(text, reason)
			faults[rank] = append(faults[rank], fault)
		}
	}
	if ordered := slices.Concat(faults[:]...); len(ordered) > 0 {
		ordered[0].Notes = v.Notes
		return ordered[0]
	}
	if !deciding {
		return Verdict{Outcome: Failed, Reason: "no container of the definition decides", Notes: v.Notes}
	}
	return v
}

// beside returns another deciding container that ended with code 0, or "" if there is none. first
// is true if ECS showed the other container as running after the named container had ended.
func beside(definition *types.TaskDefinition, task types.Task, rule Rule, order Order, name string) (other string,
	first bool) {
	for _, defined := range definition.ContainerDefinitions {
		found := aws.ToString(defined.Name)
		code, _ := ending(task, found)
		switch {
		case !rule.Decides(defined) || code == nil || *code != 0:
		case order.before(name, found):
			return found, true
		default:
			other = cmp.Or(other, found)
		}
	}
	return other, false
}

// firstCode returns the first deciding container with an exit code other than 0, and the code. It
// returns "" and nil if there is none.
func firstCode(definition *types.TaskDefinition, task types.Task, rule Rule) (string, *int32) {
	for _, defined := range definition.ContainerDefinitions {
		name := aws.ToString(defined.Name)
		if code, _ := ending(task, name); code != nil && *code != 0 && rule.Decides(defined) {
			return name, code
		}
	}
	return "", nil
}

// failedToStart returns the first container of the definition for which ECS gives a reason, or "".
func failedToStart(definition *types.TaskDefinition, task types.Task) string {
	for _, defined := range definition.ContainerDefinitions {
		if container := Container(task, aws.ToString(defined.Name)); container != nil &&
			aws.ToString(container.Reason) != "" {
			return aws.ToString(defined.Name)
		}
	}
	return ""
}

// reasons returns the reasons of the task and of its containers without repetitions.
func reasons(task types.Task) string {
	var all []string
	add := func(reason string) {
		if reason != "" && !slices.ContainsFunc(all, func(have string) bool { return strings.Contains(have, reason) }) {
			all = append(all, reason)
		}
	}
	add(aws.ToString(task.StoppedReason))
	for _, container := range task.Containers {
		add(aws.ToString(container.Reason))
	}
	return strings.Join(all, "; ")
}

func join(ours, theirs string) string {
	if theirs == "" {
		return ours
	}
	return ours + ": " + theirs
}

// End is the last known status of one container of a definition.
type End struct {
	Name      string
	Essential bool
	Status    string // empty if ECS does not show the container
	ExitCode  *int32 // nil if it has not ended, or ended without a code
	Reason    string // the reason from AWS; empty if it gave none
}

// Ends returns the status of each container of the definition, in the definition's order. It omits
// containers that AWS injected.
func Ends(definition *types.TaskDefinition, task types.Task) []End {
	var ends []End
	for _, defined := range definition.ContainerDefinitions {
		end := End{Name: aws.ToString(defined.Name), Essential: Essential(defined)}
		if container := Container(task, end.Name); container != nil {
			end.Status, end.ExitCode = aws.ToString(container.LastStatus), container.ExitCode
			end.Reason = aws.ToString(container.Reason)
		}
		ends = append(ends, end)
	}
	return ends
}
