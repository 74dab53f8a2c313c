// Package publish writes the result of a step for later steps: result files, outputs, the
// job summary, and the state for the post stage. It decides nothing.
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
	Files   []string // names of the result files
}

// Failed reports whether a write failed.
func (p Published) Failed() bool { return len(p.faults) > 0 }

// Published describes what was written of a result.
type Published struct {
	outputs []result.Output
	faults  []event.Note // errors of failed writes
	failed  []string     // names of result files that could not be written
	final   bool         // the verdict was printed as final
}

// Final prints the verdict before the logs are complete. Later errors do not change it.
// written is the result of [Publisher.WriteFiles].
func (p Publisher) Final(res result.Result, written Published) Published {
	p.Console.Final(res)
	written.final = true
	return written
}

// Publish writes the parts of the result that were not written before, prints the verdict,
// and returns the exit status.
func (p Publisher) Publish(res result.Result, before Published) int {
	res, _ = p.WriteFiles(res, before)
	if fault := p.Console.Summary(res); fault != nil {
		p.Console.Warning(event.Note{Title: "job summary not written", Text: fault.Error()})
	}
	if res.ExitCode == conclude.ExitSuccess {
		p.Console.Emit(event.State{Name: "done", Value: "true"})
	}
	p.Console.Finish(res)
	return res.ExitCode
}

// WriteFiles writes the result files, and the outputs that were not set before. Later steps
// depend on them: if a write fails, WriteFiles reports it once, and the returned result is
// an error. The other files then contain this error too. After [Publisher.Final] a failed
// write is only a warning: later steps then lack the addresses of the logs.
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
		if res.ExitCode == conclude.ExitSuccess {
			res.Status, res.ExitCode, res.Reason = result.Errored, conclude.ExitError, note.Text
		}
	}
	write := func() {
		for _, name := range p.Files {
			if slices.Contains(now.failed, name) || !resultfile.IsSupported(name) { // reported before
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
		write() // files that were written before the error
	}
	return res, now
}

// noteShortened reports that the dotenv file is shortened, or too long for GitLab.
func (p Publisher) noteShortened(res result.Result) {
	i := slices.IndexFunc(p.Files, func(name string) bool { return strings.EqualFold(filepath.Ext(name), ".env") })
	if i < 0 {
		return
	}
	switch text, tasks := res.Dotenv(p.Console.Hide); {
	case len(text) > result.DotenvLimit:
		p.Console.Warning(event.Note{Text: fmt.Sprintf("%s has %d bytes; GitLab accepts %d in a dotenv report",
			p.Files[i], len(text), result.DotenvLimit), Hint: "print fewer or shorter outputs in the tasks, or read a .json " +
			"file"})
	case tasks < len(res.Tasks):
		p.Console.Notice(event.Note{Text: fmt.Sprintf("%s contains %d of %s, because GitLab accepts up to 5 KiB in a "+
			"dotenv report; a .json file contains all", p.Files[i], tasks, event.Plural(len(res.Tasks), "task"))})
	}
}

// setOutputs sets the outputs that differ from set, and returns all outputs.
func (p Publisher) setOutputs(res result.Result, set []result.Output) ([]result.Output, error) {
	outputs, shown := res.FittingOutputs(p.Console.Hide)
	if shown < len(res.Tasks) && set == nil {
		p.Console.Notice(event.Note{Text: fmt.Sprintf("the output result contains %d of %s, because runners accept up to "+
			"1 MiB of outputs; a result-file contains all", shown, event.Plural(len(res.Tasks), "task"))})
	}
	changed := slices.DeleteFunc(slices.Clone(outputs), func(o result.Output) bool { return slices.Contains(set, o) })
	return outputs, p.Console.Outputs(changed)
}

// writeResult writes a result file and creates its folder.
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

// writeFile replaces a file completely. If that fails, for example on a full disk, an
// existing file remains unchanged.
func writeFile(name string, text []byte) error {
	info, err := os.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return os.WriteFile(name, text, 0o644)
	}
	next, err := os.CreateTemp(filepath.Dir(name), ".ecs-run-task-*")
	if err != nil && !errors.Is(err, syscall.ENOSPC) { // the folder does not allow new files
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
	if os.Rename(next.Name(), name) != nil { // for example a mounted file
		return os.WriteFile(name, text, 0o644)
	}
	return nil
}

// SaveTasks saves the ARNs of the run's tasks for the post stage.
func (p Publisher) SaveTasks(arns []string) {
	p.Console.Emit(event.State{Name: "tasks", Value: strings.Join(arns, ",")})
}

// SaveRevisions saves the ARNs of the revisions that the run registered and did not
// deregister, for the post stage.
func (p Publisher) SaveRevisions(arns []string) {
	names := make([]string, len(arns))
	for i, arn := range arns {
		names[i] = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	p.Console.Emit(event.State{Name: "revisions", Value: strings.Join(names, ",")})
}

// SaveLogs saves how far the logs were read, for the post stage, and prints where later
// lines are.
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
