package summary_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/result/resulttest"
)

// mermaid is the file that npm ci installs from the package in testdata/mermaid.
const mermaid = "../../testdata/mermaid/node_modules/mermaid/dist/mermaid.min.js"

// render returns the SVG that Mermaid draws for a diagram in a real browser, or Mermaid's
// error. It saves the page, also as a PNG, to the folder in MERMAID_PICTURES if that is
// set.
func render(t *testing.T, name, diagram string) (svg, fault string) {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	script, err := filepath.Abs(mermaid)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(diagram)
	if err != nil {
		t.Fatal(err)
	}
	page := filepath.Join(t.TempDir(), "page.html")
	body := fmt.Sprintf(`<!doctype html><meta charset="utf-8"><body style="width:1000px"><div id="picture"></div><pre id="fault"></pre>
<script src="%s"></script><script>
mermaid.initialize({startOnLoad: false, securityLevel: "strict"});
mermaid.render("diagram", %s).then(
	made => document.getElementById("picture").innerHTML = made.svg,
	fault => document.getElementById("fault").textContent = String(fault));
</script>`, html.EscapeString((&url.URL{Scheme: "file", Path: script}).String()), text)
	if err := os.WriteFile(page, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
	dom := chromium(t, "--dump-dom", "file://"+page)
	if folder := os.Getenv("MERMAID_PICTURES"); folder != "" {
		chromium(t, "--window-size=1100,700", "--screenshot="+filepath.Join(folder, name+".png"), "file://"+page)
	}
	within := func(pattern string) string {
		match := regexp.MustCompile(pattern).FindStringSubmatch(dom)
		if match == nil {
			return ""
		}
		return html.UnescapeString(match[1])
	}
	return within(`(?s)<div id="picture">(.*?)</div><pre`), within(`(?s)<pre id="fault">(.*?)</pre>`)
}

// chromium runs the browser without a window and without its own network requests, and
// returns its output.
func chromium(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "chromium", append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--virtual-time-budget=10000", "--user-data-dir=" + t.TempDir(),
	}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium %q: %v", args, err)
	}
	return string(out)
}

// diagramOf returns the diagram in a result's summary.
func diagramOf(t *testing.T, r result.Result) string {
	t.Helper()
	_, rest, _ := strings.Cut(summaryOf(r), "```mermaid\n")
	diagram, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the summary has no diagram")
	}
	return diagram
}

// The real Mermaid draws the diagrams, whatever names they contain.
func TestMermaid(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	if _, err := os.Stat(mermaid); err != nil {
		t.Skip("mermaid is not installed: npm ci in testdata/mermaid")
	}
	hostile := resulttest.Failed("x")
	hostile.Tasks = nil
	for i, text := range hostileTexts {
		bad := resulttest.FailedTask(text)
		bad.Definition.Family = aws.String(text)
		bad.TaskArn = aws.String(fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:task/jobs/%08x", i))
		hostile.Tasks = append(hostile.Tasks, bad)
	}
	running := resulttest.Failed("x")
	running.Tasks = running.Tasks[:1]
	running.Tasks[0].Verdict, running.Tasks[0].StoppingAt = nil, nil
	pulling := resulttest.Failed("x")
	pulling.Tasks = pulling.Tasks[1:]
	pulling.Tasks[0].PullStoppedAt, pulling.Tasks[0].StartedAt, pulling.Tasks[0].ExecutionStoppedAt = nil, nil, nil
	for _, tt := range []struct {
		name   string
		result result.Result
		want   []string
		rects  int // bars
	}{
		{"failed", resulttest.Failed("x"),
			[]string{"migrate 7 task 01234567", "web 1 task fedcba98", "queued 12s", "image pull 19s", "start 0.5s", "run 1m0s",
				"stop 11s", "stop 1m20s so far"}, 10},
		{"running", running, []string{"web 1 task fedcba98", "run 1m44s so far"}, 4},
		{"pulling", pulling, []string{"queued 12s", "image pull 1m30s"}, 2},
		{"hostile", hostile, []string{"_script_alert_1___script_ 7 task 00000002"}, 5 * 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			diagram := diagramOf(t, tt.result)
			svg, fault := render(t, tt.name, diagram)
			if fault != "" || !strings.HasPrefix(svg, "<svg") {
				t.Fatalf("Mermaid reports %q for\n%s", fault, diagram)
			}
			for _, want := range tt.want {
				if !strings.Contains(svg, want) {
					t.Errorf("the picture has no %q:\n%s", want, svg)
				}
			}
			if got := len(regexp.MustCompile(`<rect [^>]*class="task `).FindAllString(svg, -1)); got != tt.rects {
				t.Errorf("the picture has %d bars, want %d", got, tt.rects)
			}
		})
	}
}
