package resultfile

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// Limits for each container: CIs shorten or refuse reports of several MiB.
const (
	caseLines   = 50
	longestText = 8000 // characters of a failure
)

// The elements of the report, according to the schema of Jenkins
// (https://github.com/jenkinsci/xunit-plugin/blob/master/src/main/resources/org/jenkinsci/plugins/xunit/types/model/xsd/junit-10.xsd).
// GitLab, Azure, CircleCI, Bitbucket and Buildkite read it too. Times are in seconds, with
// at most three decimals.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Time     string       `xml:"time,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Time       string           `xml:"time,attr"`
		Timestamp  string           `xml:"timestamp,attr,omitempty"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		All []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string      `xml:"name,attr"`
		Class   string      `xml:"classname,attr"`
		Time    string      `xml:"time,attr"`
		Error   *junitFault `xml:"error"`
		Failure *junitFault `xml:"failure"`
		Skipped *junitFault `xml:"skipped"`
		Output  string      `xml:"system-out,omitempty"`

		took time.Duration
	}
	junitFault struct {
		Type    string `xml:"type,attr,omitempty"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit builds a JUnit report.
type junit struct {
	result result.Result
	hide   func(string) string
}

// JUnit returns the result as a JUnit report. It has a suite for each definition and a case
// for each deciding container, for the last attempt of each task. A case has the same name
// in every run, so that a CI can compare runs.
//
// The report contains a failure or an error if and only if the step failed. If no container
// shows why, the report has a case for the step itself. hide removes secrets from a text.
func JUnit(r result.Result, hide func(string) string) ([]byte, error) {
	j := junit{r, hide}
	out := junitSuites{Name: "ecs-run-task"}
	var took time.Duration
	add := func(suite junitSuite) {
		took += suite.total()
		out.Tests, out.Failures, out.Errors = out.Tests+suite.Tests, out.Failures+suite.Failures, out.Errors+suite.Errors
		out.Suites = append(out.Suites, suite)
	}
	for _, definition := range j.definitions() {
		add(j.suite(definition))
	}
	hasFailure := out.Failures+out.Errors > 0
	if out.Tests == 0 || r.ExitCode != 0 && (!hasFailure || r.Status == result.Errored) {
		add(j.step())
	}
	out.Time = seconds(took)
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write JUnit report: %w", err)
	}
	return append(append([]byte(xml.Header), text...), '\n'), nil
}

// definitions returns the definitions of the run, and those of other tasks in the result.
func (j junit) definitions() []*types.TaskDefinition {
	all := slices.Clone(j.result.Definitions)
	for _, state := range j.result.Tasks {
		same := func(d *types.TaskDefinition) bool { return task.Name(d) == task.Name(state.Definition) }
		if !slices.ContainsFunc(all, same) {
			all = append(all, state.Definition)
		}
	}
	return all
}

// suite returns the cases of one definition's tasks. If no task was started, the cases are
// skipped.
func (j junit) suite(definition *types.TaskDefinition) junitSuite {
	var states []*task.State
	for _, state := range j.result.Tasks {
		replaced := slices.Contains(j.result.Replaced, aws.ToString(state.TaskArn))
		if task.Name(state.Definition) == task.Name(definition) && !replaced {
			states = append(states, state)
		}
	}
	arn := j.text(aws.ToString(definition.TaskDefinitionArn))
	properties := &junitProperties{[]junitProperty{{"taskDefinitionArn", arn}}}
	suite := junitSuite{Name: j.text(task.Name(definition)), Properties: properties}
	class := j.text(aws.ToString(definition.Family))
	if len(states) == 0 {
		for _, end := range deciding(j.result, &task.State{Definition: definition}) {
			suite.add(junitCase{Name: j.text(end.Name), Class: class, Skipped: &junitFault{Message: "no task was started"}})
		}
		return suite
	}
	var first time.Time
	for i, state := range states {
		properties.All = append(properties.All, junitProperty{"taskArn", j.text(aws.ToString(state.TaskArn))})
		if at := aws.ToTime(state.CreatedAt); first.IsZero() || !at.IsZero() && at.Before(first) {
			first = at
		}
		for _, end := range deciding(j.result, state) {
			name := j.text(end.Name)
			if len(states) > 1 {
				name += fmt.Sprintf(" #%d", i+1)
			}
			suite.add(j.container(state, end, junitCase{Name: name, Class: class}))
		}
	}
	if !first.IsZero() {
		suite.Timestamp = first.UTC().Format("2006-01-02T15:04:05")
	}
	return suite
}

// container fills in the case of one container.
func (j junit) container(state *task.State, end verdict.End, c junitCase) junitCase {
	c.took, _ = result.Ran(state, j.result.Ended)
	c.Output = strings.Join(j.result.LogOf(state, end.Name).LastLines(j.clean, caseLines), "\n")
	fault := func(message string) *junitFault {
		return &junitFault{Type: string(j.result.Status), Message: message, Text: j.explain(state, message)}
	}
	switch v := state.Verdict; {
	case result.IsSuccess(state) || v != nil && j.result.ExitCode == 0:
	case v == nil && j.result.ExitCode == 0:
		c.Skipped = &junitFault{Message: j.text(j.result.Reason)}
	case v == nil:
		c.Error = fault(j.text("the task had not ended: " + j.result.Reason))
	case end.Name == j.failedContainer(state) && v.Outcome == verdict.Failed && end.ExitCode != nil:
		c.Failure = fault(j.text(v.Reason))
		c.Failure.Type = string(v.Outcome)
	case end.Name == j.failedContainer(state):
		c.Error = fault(j.text(v.Reason))
		c.Error.Type = string(v.Outcome)
	case end.ExitCode == nil:
		c.Skipped = &junitFault{Message: j.text(cmp.Or(end.Reason, "no exit code"))}
	case *end.ExitCode == 137 || *end.ExitCode == 143: // SIGKILL or SIGTERM, with the task
		c.Skipped = &junitFault{Message: fmt.Sprintf("stopped with the task (code %d)", *end.ExitCode)}
	case *end.ExitCode != 0:
		c.Failure = fault(fmt.Sprintf("container %s ended with code %d", j.text(end.Name), *end.ExitCode))
		c.Failure.Type = string(v.Outcome)
	}
	return c
}

// failedContainer returns the container whose case contains the failure of a task: the
// container that decided or, if there is none, the first deciding container of the
// definition.
func (j junit) failedContainer(state *task.State) string {
	ends := deciding(j.result, state)
	if i := slices.IndexFunc(ends, func(end verdict.End) bool { return end.Name == state.Verdict.Container }); i >= 0 {
		return ends[i].Name
	}
	if len(ends) == 0 {
		return ""
	}
	return ends[0].Name
}

// explain returns a message with the task's ARN and the known causes.
func (j junit) explain(state *task.State, message string) string {
	text := "task " + aws.ToString(state.TaskArn) + "\n" + message
	for _, fault := range j.result.Faults {
		if fault.Task == aws.ToString(state.TaskArn) {
			text += withAdvice("", fault)
		}
	}
	return j.text(text)
}

// withAdvice appends the place, the hint and the probable causes of a fault to a text.
func withAdvice(text string, fault event.Note) string {
	line := func(name, value string) {
		if value != "" {
			text += "\n" + name + value
		}
	}
	if fault.File != "" {
		line("place: ", fmt.Sprintf("%s:%d:%d", fault.File, max(fault.Line, 1), max(fault.Column, 1)))
	}
	line("", fault.Hint)
	for _, advice := range fault.Advice {
		line("cause: ", advice.Cause)
		line("advice: ", advice.Advice)
		line("allow: ", advice.Statement)
	}
	return text
}

// step returns the suite of the step itself. Its case is an error if the exit status is not
// 0.
func (j junit) step() junitSuite {
	c := junitCase{Name: "step", Class: "ecs-run-task"}
	if j.result.ExitCode != 0 {
		text := fmt.Sprintf("%s; exit status %d", j.result.Reason, j.result.ExitCode)
		for _, fault := range j.result.Faults {
			if fault.Task == "" {
				text += "\n\n" + withAdvice(fault.Text, fault)
			}
		}
		c.Error = &junitFault{Type: string(j.result.Status), Message: j.text(j.result.Reason), Text: j.text(text)}
	} else {
		c.Output = j.text(j.result.Reason)
	}
	suite := junitSuite{Name: "ecs-run-task"}
	suite.add(c)
	return suite
}

// add adds a case and updates the counts.
func (s *junitSuite) add(c junitCase) {
	c.Time = seconds(c.took)
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
	s.Time = seconds(s.total())
}

func (s *junitSuite) total() (took time.Duration) {
	for _, c := range s.Cases {
		took += c.took
	}
	return took
}

// text returns text from outside for the report: without secrets and control characters,
// and shortened.
func (j junit) text(text string) string { return plaintext.Clip(j.clean(text), longestText) }

func (j junit) clean(text string) string { return plaintext.Readable(j.hide(text)) }

// seconds formats a time as the schema requires.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }
