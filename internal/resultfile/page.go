package resultfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/task"
)

// Limits that make a page smaller than 500 KB.
const (
	pageBytes   = 360 << 10 // of HTML: half for the table, at least a quarter for the logs
	pageTasks   = 100       // in the timeline
	pageFaults  = 50
	pageLines   = 50   // log lines of a container
	longestCell = 200  // characters of a reason or a name in the table
	longestPart = 2000 // characters of any other text
)

// page collects the data of the page.
type page struct {
	result result.Result
	hide   func(string) string
	room   int // bytes that are left for text from outside
	data   pageData
}

// Page returns the result as one HTML page without scripts, other files and connections.
// hide removes secrets from a text.
func Page(r result.Result, hide func(string) string) []byte {
	p := page{result: r, hide: hide, room: pageBytes}
	p.data = pageData{
		Good: r.ExitCode == 0, Status: r.Status, Reason: p.text(r.Reason), ExitCode: r.ExitCode,
		Facts: p.facts(), Timeline: p.timeline(),
	}
	if !r.Ended.IsZero() {
		p.data.Ended = r.Ended.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	p.rows()
	p.outputs()
	p.compared()
	p.faults()
	p.requests()
	p.logs()
	var w pageWriter
	w.page(p.data)
	return []byte(w.String())
}

// text returns text from outside for the page: without secrets and control characters, and
// shortened.
func (p *page) text(text string) string {
	return plaintext.Clip(plaintext.Readable(p.hide(text)), longestPart)
}

func (p *page) cell(text string) string { return plaintext.Clip(p.text(text), longestCell) }

// fits calls take and counts the parts without room.
func (p *page) fits(left int, texts ...string) bool {
	if !p.take(left, texts...) {
		p.data.Left++
		return false
	}
	return true
}

// take reserves room for texts and the elements around them. It returns false, and reserves
// nothing, if fewer than left bytes would remain.
func (p *page) take(left int, texts ...string) bool {
	const elements = 100 // bytes
	need := 0
	for _, text := range texts {
		need += len(html.EscapeString(text)) + elements
	}
	if p.room-need < left {
		return false
	}
	p.room -= need
	return true
}

func (p *page) facts() []string {
	var facts []string
	if n := len(p.result.Tasks); n > 1 {
		facts = append(facts, fmt.Sprintf("%d of %d tasks succeeded", p.result.Succeeded(), n))
	}
	for _, arn := range p.result.Registered[:min(len(p.result.Registered), 20)] {
		facts = append(facts, "registered "+p.cell(arn))
	}
	if p.result.Commit != "" {
		facts = append(facts, "definitions of commit "+p.cell(p.result.Commit))
	}
	if p.result.Local {
		facts = append(facts, "run on the embedded ECS")
	}
	return facts
}

// rows fills the table with a row for each container of each task.
func (p *page) rows() {
	for _, state := range result.FailedFirst(p.result.Tasks) {
		ends := state.Ends()
		decides := deciding(p.result, state)
		for i, end := range ends {
			row := pageRow{
				Class: class(state), Container: p.cell(end.Name), ExitCode: "–", Decides: "no", Reason: p.cell(end.Reason),
			}
			if i == 0 {
				row.Task, row.Definition = p.cell(task.ShortID(state)), p.cell(task.Name(state.Definition))
				row.Outcome, row.Reason = outcome(state), p.cell(cmp.Or(end.Reason, aws.ToString(state.StoppedReason)))
				if !p.result.Local {
					row.TaskURL = p.text(result.TaskURL(aws.ToString(state.TaskArn)))
				}
				if took, ok := result.Ran(state, p.result.Ended); ok {
					row.Ran = event.Duration(took)
				}
			}
			if slices.Contains(decides, end) {
				row.Decides = "yes"
			}
			if end.ExitCode != nil {
				row.ExitCode = fmt.Sprint(*end.ExitCode)
			}
			row.LogURL = p.text(p.result.LogOf(state, end.Name).URL)
			texts := []string{row.Task, row.TaskURL, row.Definition, row.Container, row.Reason, row.LogURL}
			if p.data.MoreRows > 0 || !p.take(pageBytes/2, texts...) {
				p.data.MoreRows++
				continue
			}
			p.data.Rows = append(p.data.Rows, row)
		}
	}
}

// outputs fills in the outputs of the tasks.
func (p *page) outputs() {
	for _, name := range slices.Sorted(maps.Keys(p.result.TaskOutputs)) {
		if value := p.text(p.result.TaskOutputs[name]); p.fits(pageBytes/4, name, value) {
			p.data.Outputs = append(p.data.Outputs, pageOutput{name, value})
		}
	}
}

// class returns the CSS class for the outcome of a task.
func class(state *task.State) string {
	switch {
	case result.IsSuccess(state):
		return "good"
	case state.Verdict == nil:
		return "soft"
	}
	return "bad"
}

// mark returns the symbol for the outcome of a task, or for a task that has not ended.
func mark(state *task.State) string {
	switch {
	case result.IsSuccess(state):
		return "✔"
	case state.Verdict == nil:
		return "…"
	}
	return "✘"
}

// outcome returns the outcome of a task or, if it has not ended, its last status.
func outcome(state *task.State) string {
	if state.Verdict != nil {
		return string(state.Verdict.Outcome)
	}
	return strings.ToLower(aws.ToString(state.LastStatus))
}

// compared fills in what the definitions change.
func (p *page) compared() {
	for _, c := range p.result.Compared {
		shown := pageComparison{Title: p.cell(c.Family + ", compared with " + c.Against)}
		for _, change := range c.Changes {
			if line := p.text(change.String()); p.fits(pageBytes/4, line) {
				shown.Lines = append(shown.Lines, line)
			}
		}
		if len(shown.Lines) > 0 {
			p.data.Compared = append(p.data.Compared, shown)
		}
	}
}

func (p *page) faults() {
	for _, f := range p.result.Failures {
		text := p.text(strings.Trim(aws.ToString(f.Reason)+": "+aws.ToString(f.Detail), ": "))
		if len(p.data.Failures) < pageFaults && p.fits(pageBytes/4, text) {
			p.data.Failures = append(p.data.Failures, text)
		}
	}
	for _, fault := range p.result.Faults {
		shown := pageFault{Text: p.text(fault.Text), Hint: p.text(fault.Hint)}
		if fault.File != "" {
			shown.Place = p.cell(fmt.Sprintf("%s:%d", fault.File, max(fault.Line, 1)))
		}
		texts := []string{shown.Text, shown.Hint}
		for _, advice := range fault.Advice {
			cause, todo, statement := p.text(advice.Cause), p.text(advice.Advice), p.text(advice.Statement)
			shown.Advice = append(shown.Advice, pageAdvice{advice.Code, cause, statement, spans(todo)})
			texts = append(texts, cause, todo, statement)
		}
		if len(p.data.Faults) == pageFaults {
			p.data.Left++
		} else if p.fits(pageBytes/4, texts...) {
			p.data.Faults = append(p.data.Faults, shown)
		}
	}
}

// spans splits an advice into text and code, which is between backquotes.
func spans(text string) (all []span) {
	for i, part := range strings.Split(text, "`") {
		all = append(all, span{i%2 == 1, part})
	}
	return all
}

func (p *page) requests() {
	for _, request := range p.result.Requests {
		var text bytes.Buffer
		if err := json.Indent(&text, request.Input, "", "  "); err != nil {
			continue // not possible: the step encoded this JSON itself
		}
		if shown := plaintext.Readable(p.hide(text.String())); p.fits(0, shown) {
			p.data.Requests = append(p.data.Requests, pageRequest{request.Operation, shown})
		}
	}
}

// logs fills in the last lines of the containers, those of failed tasks first.
func (p *page) logs() {
	for _, state := range result.FailedFirst(p.result.Tasks) {
		for _, end := range state.Ends() {
			lines := p.result.LogOf(state, end.Name).LastLines(p.hide, pageLines)
			if len(lines) == 0 {
				continue
			}
			log := pageLog{
				Name: p.cell(end.Name + " of " + task.Name(state.Definition) + ", task " + task.ShortID(state)),
				Text: strings.Join(lines, "\n"), Failed: !result.IsSuccess(state),
			}
			if p.fits(0, log.Name, log.Text) {
				p.data.Logs = append(p.data.Logs, log)
			}
		}
	}
}

// The dimensions of the timeline, in units of the SVG.
const (
	barLeft   = 250 // start of the bars, after their names
	barWidth  = 700
	barHeight = 22 // including the gap to the next bar
)

// timeline returns the timeline, or nil if no task has a phase.
func (p *page) timeline() *timeline {
	now := cmp.Or(p.result.Ended, time.Now())
	var begin, end time.Time
	t := &timeline{}
	var shown []*task.State
	for _, state := range result.FailedFirst(p.result.Tasks) {
		phases := result.Phases(state, now)
		switch {
		case len(phases) == 0:
			continue
		case len(shown) == pageTasks:
			t.More++
			continue
		}
		shown = append(shown, state)
		if first := phases[0].Start; begin.IsZero() || first.Before(begin) {
			begin = first
		}
		if last := phases[len(phases)-1].End; last.After(end) {
			end = last
		}
	}
	if len(shown) == 0 {
		return nil
	}
	span := max(end.Sub(begin), time.Millisecond)
	at := func(moment time.Time) float64 { return barWidth * float64(moment.Sub(begin)) / float64(span) }
	for i, state := range shown {
		b := bar{Y: i * barHeight, TextY: i*barHeight + 14}
		b.Name = mark(state) + " " + plaintext.Clip(p.text(task.Name(state.Definition)), 24) + " " + p.cell(task.ShortID(state))
		for _, phase := range result.Phases(state, now) {
			name := phase.Name
			title := fmt.Sprintf("%s: %s", name, event.Duration(phase.Duration()))
			if !phase.Over {
				title += " so far"
			}
			if !slices.Contains(t.Phases, name) {
				t.Phases = append(t.Phases, name)
			}
			width := max(at(phase.End)-at(phase.Start), 1)
			b.Parts = append(b.Parts, part{strings.ReplaceAll(name, " ", "-"), title, barLeft + at(phase.Start), width})
		}
		t.Bars = append(t.Bars, b)
	}
	const ticks = 4
	for i := range ticks + 1 {
		label := event.Duration(span * time.Duration(i) / ticks)
		t.Ticks = append(t.Ticks, tick{barLeft + barWidth*float64(i)/ticks, label})
	}
	t.Height, t.AxisY = len(shown)*barHeight+24, len(shown)*barHeight+18
	tasks := "1 task"
	if len(shown) > 1 {
		tasks = fmt.Sprintf("%d tasks", len(shown))
	}
	t.Label = fmt.Sprintf("Timeline of %s over %s; the table of containers has the same data as text",
		tasks, event.Duration(span))
	return t
}
