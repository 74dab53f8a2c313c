package resultfile

import (
	_ "embed"
	"fmt"
	"html"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/result"
)

//go:embed page.css
var pageStyle string

// The data of the page. Its texts contain no secrets; they are escaped when the page is
// written.
type (
	pageData struct {
		Good     bool
		Status   result.Status
		Reason   string
		ExitCode int
		Facts    []string
		Compared []pageComparison
		Timeline *timeline
		Rows     []pageRow
		MoreRows int
		Outputs  []pageOutput
		Faults   []pageFault
		Failures []string // why tasks did not start
		Requests []pageRequest
		Logs     []pageLog
		Left     int // number of parts without room
		Ended    string
	}
	pageRow struct {
		Class                                 string // good, bad or soft
		Task, TaskURL, Definition, Ran        string // empty except in the first row of a task
		Container, Decides, ExitCode, Outcome string
		Reason, LogURL                        string
	}
	pageOutput struct{ Name, Value string }
	pageFault  struct {
		Place, Text, Hint string
		Advice            []pageAdvice
	}
	pageAdvice struct {
		Code, Cause, Statement string
		Advice                 []span
	}
	span struct {
		Code bool
		Text string
	}
	pageComparison struct {
		Title string
		Lines []string
	}
	pageRequest struct{ Operation, Input string }
	pageLog     struct {
		Name, Text string
		Failed     bool
	}
)

// timeline is a picture with a bar for each task, which shows its phases. Lengths are in
// units of an SVG in which bars have the width barWidth.
type timeline struct {
	Height, AxisY int
	Label         string // description for screen readers
	Bars          []bar
	Ticks         []tick
	Phases        []string // names of the phases, for the legend
	More          int      // number of tasks that are not shown
}

type bar struct {
	Y, TextY int
	Name     string
	Parts    []part
}

type part struct {
	Class, Title string
	X, Width     float64
}

type tick struct {
	X     float64
	Label string
}

// pageWriter writes a page. It does not use html/template, because that package calls
// methods by name, which links all methods of the AWS SDK into the program (9 MB).
type pageWriter struct{ strings.Builder }

// writef writes HTML with values, which are texts or numbers. It escapes texts for element
// content and quoted attributes.
func (w *pageWriter) writef(format string, values ...any) {
	for i, value := range values {
		if text, ok := value.(string); ok {
			values[i] = html.EscapeString(text)
		}
	}
	fmt.Fprintf(w, format, values...)
}

func (w *pageWriter) page(d pageData) {
	class, mark := "bad", "✘"
	if d.Good {
		class, mark = "good", "✔"
	}
	w.writef(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>%s: ecs-run-task</title>
<style>
`, string(d.Status))
	w.WriteString(pageStyle)
	w.writef("</style>\n</head>\n<body>\n<main>\n<h1 class=%q>%s %s</h1>\n", class, mark, string(d.Status))
	w.writef("<p>%s; exit status %d</p>\n", d.Reason, d.ExitCode)
	if len(d.Facts) > 0 {
		w.writef("<ul class=\"soft\">\n")
		w.items("%s", d.Facts)
		w.writef("</ul>\n")
	}
	w.timeline(d.Timeline)
	w.containers(d)
	w.outputs(d.Outputs)
	w.compared(d.Compared)
	w.diagnosis(d)
	w.requests(d.Requests)
	w.logs(d.Logs)
	if d.Left > 0 {
		w.writef("<p class=\"soft\">%d more parts are left out of this page; they are in the log of the step.</p>\n", d.Left)
	}
	if d.Ended != "" {
		w.writef("<p class=\"soft\">Written by ecs-run-task at %s.</p>\n", d.Ended)
	}
	w.writef("</main>\n</body>\n</html>\n")
}

// items writes texts as list items. format is the HTML of one item.
func (w *pageWriter) items(format string, texts []string) {
	for _, text := range texts {
		w.writef("<li>"+format+"</li>\n", text)
	}
}

// link writes a text as code, with a link if the URL begins with https://.
func (w *pageWriter) link(url, text string) {
	if !strings.HasPrefix(url, "https://") {
		w.writef("<code>%s</code>", text)
		return
	}
	w.writef(`<a href="%s"><code>%s</code></a>`, url, text)
}

// tableHead begins a table after its title.
func (w *pageWriter) tableHead(title string) {
	w.writef("<h2>%[1]s</h2>\n"+`<div class="wide" tabindex="0" role="region" aria-label="%[1]s">`+"\n", title)
	w.writef("<table>\n<thead><tr>")
}

// pre writes preformatted text and ends a details element. label is for screen readers.
func (w *pageWriter) pre(label, text string) {
	w.writef(`<pre tabindex="0" role="region" aria-label="%s">%s</pre></details>`+"\n", label, text)
}

func (w *pageWriter) timeline(t *timeline) {
	if t == nil {
		return
	}
	w.writef("<h2>Timeline</h2>\n" + `<div class="wide" tabindex="0" role="region" aria-label="Timeline">` + "\n")
	w.writef(`<svg viewBox="0 0 1000 %d" role="img" aria-label="%s">`+"\n", t.Height, t.Label)
	for _, tick := range t.Ticks {
		w.writef(`<line x1="%[1]g" x2="%[1]g" y1="0" y2="%[2]d"/>`+
			`<text x="%[1]g" y="%[2]d" text-anchor="middle">%[3]s</text>`+"\n",
			tick.X, t.AxisY, tick.Label)
	}
	for _, bar := range t.Bars {
		w.writef(`<text x="0" y="%d">%s</text>`+"\n", bar.TextY, bar.Name)
		for _, part := range bar.Parts {
			w.writef(`<rect class="%s" x="%.1f" y="%d" width="%.1f" height="18"><title>%s</title></rect>`+"\n",
				part.Class, part.X, bar.Y, part.Width, part.Title)
		}
	}
	w.writef("</svg>\n</div>\n" + `<p class="legend soft">`)
	for _, phase := range t.Phases {
		w.writef(`<span><i class="%s"></i>%s</span>`, strings.ReplaceAll(phase, " ", "-"), phase)
	}
	w.writef("</p>\n")
	if t.More > 0 {
		w.writef("<p class=\"soft\">%d more tasks are not shown.</p>\n", t.More)
	}
}

func (w *pageWriter) containers(d pageData) {
	if len(d.Rows) == 0 {
		return
	}
	w.tableHead("Containers")
	for _, column := range []string{"Task", "Container", "Decides", "Exit code", "Reason", "Ran"} {
		w.writef(`<th scope="col">%s</th>`, column)
	}
	w.writef("</tr></thead>\n<tbody>\n")
	for _, row := range d.Rows {
		w.writef("<tr><td>")
		if row.Task != "" {
			w.writef("<code>%s</code> ", row.Definition)
			w.link(row.TaskURL, row.Task)
			w.writef(`<br><span class="%s">%s</span>`, row.Class, row.Outcome)
		}
		w.writef("</td><td><code>%s</code>", row.Container)
		if strings.HasPrefix(row.LogURL, "https://") {
			w.writef(` (<a href="%s">log of %s</a>)`, row.LogURL, row.Container)
		}
		w.writef("</td><td>%s</td><td>%s</td><td>%s</td><td>%s</td></tr>\n", row.Decides, row.ExitCode, row.Reason, row.Ran)
	}
	w.writef("</tbody>\n</table>\n</div>\n")
	if d.MoreRows > 0 {
		w.writef("<p class=\"soft\">%d more containers are in the log of the step.</p>\n", d.MoreRows)
	}
}

func (w *pageWriter) outputs(outputs []pageOutput) {
	if len(outputs) == 0 {
		return
	}
	w.tableHead("Outputs")
	w.writef(`<th scope="col">Output</th><th scope="col">Value</th></tr></thead>` + "\n<tbody>\n")
	for _, o := range outputs {
		w.writef("<tr><td><code>%s</code></td><td><code>%s</code></td></tr>\n", o.Name, o.Value)
	}
	w.writef("</tbody>\n</table>\n</div>\n")
}

func (w *pageWriter) compared(comparisons []pageComparison) {
	if len(comparisons) == 0 {
		return
	}
	w.writef("<h2>What changes</h2>\n")
	for _, c := range comparisons {
		w.writef("<details><summary>%s</summary>\n<ul>\n", c.Title)
		w.items("<code>%s</code>", c.Lines)
		w.writef("</ul>\n</details>\n")
	}
}

func (w *pageWriter) diagnosis(d pageData) {
	if len(d.Faults) == 0 && len(d.Failures) == 0 {
		return
	}
	w.writef("<h2>Diagnosis</h2>\n<ul>\n")
	w.items("A task did not start: %s", d.Failures)
	for _, fault := range d.Faults {
		w.fault(fault)
	}
	w.writef("</ul>\n")
}

func (w *pageWriter) fault(fault pageFault) {
	w.writef("<li>")
	if fault.Place != "" {
		w.writef("<code>%s</code> ", fault.Place)
	}
	w.writef("%s", fault.Text)
	if fault.Hint != "" || len(fault.Advice) > 0 {
		w.writef("\n<ul>\n")
		if fault.Hint != "" {
			w.writef("<li><code>%s</code></li>\n", fault.Hint)
		}
		for _, advice := range fault.Advice {
			w.writef("<li><strong>Cause</strong> (%s): %s</li>\n<li><strong>Advice</strong>: ", advice.Code, advice.Cause)
			for _, part := range advice.Advice {
				if part.Code {
					w.writef("<code>%s</code>", part.Text)
				} else {
					w.writef("%s", part.Text)
				}
			}
			w.writef("</li>\n")
			if advice.Statement != "" {
				w.writef("<li><strong>Allow</strong>: <code>%s</code></li>\n", advice.Statement)
			}
		}
		w.writef("</ul>\n")
	}
	w.writef("</li>\n")
}

func (w *pageWriter) requests(requests []pageRequest) {
	if len(requests) == 0 {
		return
	}
	w.writef("<h2>Requests</h2>\n<p>A dry run sends none of them.</p>\n")
	for _, request := range requests {
		w.writef("<details><summary>%s</summary>\n", request.Operation)
		w.pre("Request of "+request.Operation, request.Input)
	}
}

func (w *pageWriter) logs(logs []pageLog) {
	if len(logs) == 0 {
		return
	}
	w.writef("<h2>Last lines of the logs</h2>\n")
	for _, log := range logs {
		open := ""
		if log.Failed {
			open = " open"
		}
		w.writef("<details%s><summary>%s</summary>\n", open, log.Name)
		w.pre("Log of "+log.Name, log.Text)
	}
}
