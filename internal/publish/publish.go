// Package publish hands the result of a step to what comes after it: result files, outputs,
// the job summary, and the state for the post stage.
package publish

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/ecs-run-task/ecs-run-task/internal/conclude"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/logs"
	"github.com/ecs-run-task/ecs-run-task/internal/report"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/resultfile"
)

// Publisher publishes one result.
type Publisher struct {
	Console *report.Report
	Files   []string // the names of result files
}

// Failed reports whether something could not be written.
func (p Published) Failed() bool { return len(p.faults) > 0 }

// Published is what later steps have of a result.
type Published struct {
	outputs []result.Output
	faults  []event.Note // why something of it could not be written
	failed  []string     // result files that could not be written
	final   bool         // it was printed as final
}

// Final prints a verdict of which everything was written before the logs are complete.
// Nothing takes it back.
func (p Publisher) Final(res result.Result, written Published) Published {
	p.Console.Final(res)
	written.final = true
	return written
}

// Publish writes what is to be had of the result beside the console, and was not before,
// and returns the exit status.
func (p Publisher) Publish(res result.Result, before Published) int {
	res, _ = p.WriteFiles(res, before)
	if fault := p.Console.Summary(res); fault != nil {
		p.Console.Warning(event.Note{Title: "job summary not written", Text: fault.Error()})
	}
	if res.ExitCode == conclude.ExitGood {
		p.Console.Emit(event.State{Name: "done", Value: "true"})
	}
	p.Console.Finish(res)
	return res.ExitCode
}

// WriteFiles writes the result files and the outputs, but those that have been set before.
// Later steps rely on them: where one can't be written, which is reported once, the result
// that it returns is an error, and so is that in the others. What was printed as final stays
// as it is: then a later step lacks where the logs are, of which there is a warning.
func (p Publisher) WriteFiles(res result.Result, before Published) (result.Result, Published) {
	now := Published{faults: slices.Clip(before.faults), failed: slices.Clip(before.failed), final: before.final}
	res.Faults = append(slices.Clip(res.Faults), before.faults...)
	failed := func(name string, fault error) {
		if before.final {
			p.Console.Warning(event.Note{Title: name + " not complete", Text: name + " not complete: " + fault.Error()})
			return
		}
		note := event.Note{Title: name + " not written", Text: name + " not written: " + fault.Error()}
		p.Console.Error(note)
		now.faults, res.Faults = append(now.faults, note), append(res.Faults, note)
		if res.ExitCode == conclude.ExitGood {
			res.Status, res.ExitCode, res.Reason = result.Errored, conclude.ExitError, note.Text
		}
	}
	write := func() {
		for _, name := range p.Files {
			if slices.Contains(now.failed, name) || !resultfile.Takes(name) { // reported before
				continue
			}
			if fault := p.writeResult(name, res); fault != nil {
				now.failed = append(now.failed, name)
				failed("result-file", fault)
			}
		}
	}
	write()
	if before.outputs == nil {
		p.noteShortened(res)
	}
	outputs, fault := p.setOutputs(res, before.outputs)
	if fault != nil && !errors.Is(fault, report.ErrNotWritten) {
		failed("outputs", fault)
	}
	if now.outputs = outputs; len(now.faults) > len(before.faults) {
		write() // those that were written before the fault
	}
	return res, now
}

// noteShortened says what a dotenv file lacks, or why GitLab does not take it.
func (p Publisher) noteShortened(res result.Result) {
	i := slices.IndexFunc(p.Files, func(name string) bool { return strings.EqualFold(filepath.Ext(name), ".env") })
	if i < 0 {
		return
	}
	switch text, tasks := res.Dotenv(p.Console.Hide); {
	case len(text) > result.DotenvLimit:
		p.Console.Warning(event.Note{Text: fmt.Sprintf("%s has %d bytes, more than the %d that GitLab takes of a dotenv report",
			p.Files[i], len(text), result.DotenvLimit), Hint: "have the tasks give fewer or shorter outputs, or read a .json file"})
	case tasks < len(res.Tasks):
		p.Console.Notice(event.Note{Text: fmt.Sprintf("%s has %d of %s, as GitLab takes no more than 5 KiB of a dotenv "+
			"report; a .json file has them all", p.Files[i], tasks, event.Plural(len(res.Tasks), "task"))})
	}
}

// setOutputs sets the step's outputs, but those that have been set, and returns all.
func (p Publisher) setOutputs(res result.Result, set []result.Output) ([]result.Output, error) {
	outputs, shown := res.FittingOutputs(p.Console.Hide)
	if shown < len(res.Tasks) && set == nil {
		p.Console.Notice(event.Note{Text: fmt.Sprintf("the output result has %d of %s, as runners take no more than "+
			"1 MiB of outputs; a result-file has them all", shown, event.Plural(len(res.Tasks), "task"))})
	}
	changed := slices.DeleteFunc(slices.Clone(outputs), func(o result.Output) bool { return slices.Contains(set, o) })
	return outputs, p.Console.Outputs(changed)
}

// writeResult writes a result file, with the folder that it is to be in.
func (p Publisher) writeResult(name string, r result.Result) error {
	text, err := resultfile.Write(name, r, p.Console.Hide)
	if err != nil {
		return err
	}
	return report.Within(func() error {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return writeFile(name, text)
	})
}

// writeFile writes a file as a whole: where that is not possible, as on a full disk, one
// that is there already stays as it is.
func writeFile(name string, text []byte) error {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return os.WriteFile(name, text, 0o644)
	}
	next, err := os.CreateTemp(filepath.Dir(name), ".ecs-run-task-*")
	if err != nil && !errors.Is(err, syscall.ENOSPC) { // in a folder in which no file can be made
		return os.WriteFile(name, text, 0o644)
	}
	if err != nil {
		return err
	}
	defer os.Remove(next.Name())
	_, err = next.Write(text)
	if err = errors.Join(err, next.Chmod(info.Mode().Perm()), next.Close()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if os.Rename(next.Name(), name) != nil { // as over a file that is mounted
		return os.WriteFile(name, text, 0o644)
	}
	return nil
}

// SaveTasks saves the ARNs of the run's tasks for the post stage.
func (p Publisher) SaveTasks(arns []string) {
	p.Console.Emit(event.State{Name: "tasks", Value: strings.Join(arns, ",")})
}

// SaveRevisions saves for the post stage which revisions the run has registered and not
// deregistered, by their ARNs.
func (p Publisher) SaveRevisions(arns []string) {
	names := make([]string, len(arns))
	for i, arn := range arns {
		names[i] = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	p.Console.Emit(event.State{Name: "revisions", Value: strings.Join(names, ",")})
}

// SaveLogs saves for the post stage up to where the logs have been read, and says where
// later lines are.
func (p Publisher) SaveLogs(positions []logs.Position) {
	if len(positions) == 0 {
		return
	}
	p.Console.Emit(event.State{Name: "logs", Value: logs.Save(positions)})
	where := "at the addresses of the logs above"
	if p.Console.HasState() {
		where = "in the step's post stage, and " + where
	}
	p.Console.Printf("log lines that CloudWatch Logs shows later are %s", where)
}
