package resultfile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecs-run-task/ecs-run-task/internal/result"
	"github.com/ecs-run-task/ecs-run-task/internal/resultfile"
	"github.com/ecs-run-task/ecs-run-task/internal/verdict"
)

// axe is the file that npm ci installs from the package in testdata/axe.
const axe = "../../testdata/axe/node_modules/axe-core/axe.min.js"

// browser runs Chromium without a window and without its own network requests on an HTML
// text, and returns its output.
func browser(t *testing.T, page string, args ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser takes long")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("chromium is not installed: apt-get install chromium")
	}
	name := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(name, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--virtual-time-budget=20000",
		"--user-data-dir=" + t.TempDir(),
	}, args...)
	out, err := exec.CommandContext(ctx, "chromium",
		append(args, (&url.URL{Scheme: "file", Path: name}).String())...).Output()
	if err != nil {
		t.Fatalf("chromium %q: %v", args, err)
	}
	return string(out)
}

func pageOf(t *testing.T, r result.Result) string {
	t.Helper()
	return string(resultfile.Page(r, same))
}

// pages returns results with everything that a page can show; only one of them in short
// mode.
func pages() map[string]result.Result {
	failed := failedStep("container app ended with code 3: OutOfMemoryError")
	if testing.Short() {
		return map[string]result.Result{"failed": failed}
	}
	dry := result.Result{Status: result.Succeeded, Reason: "dry run: nothing was changed",
		Requests: []result.Request{{Operation: "RunTask", Input: json.RawMessage(`{"cluster":"default"}`)}}}
	running := ended(firstID, verdict.Verdict{}, nil, nil)
	running.Verdict, running.ExecutionStoppedAt, running.StoppedAt = nil, nil, nil
	running.LastStatus = aws.String("RUNNING")
	many := of(result.Succeeded, 0, "every deciding container ended with code 0")
	for i := range 12 {
		many.Tasks = append(many.Tasks,
			ended(fmt.Sprintf("%08x", 0xabc0000+i), verdict.Verdict{Outcome: verdict.Succeeded}, code(0), code(0)))
	}
	return map[string]result.Result{
		"failed": failed, "dry-run": dry, "many": many,
		"running": of(result.Started, 0, "started, and not waited for", running),
	}
}

// colours are the colours of the timeline's bars and of the page background.
var colours = map[string][2]color.RGBA{
	"light": {{0x09, 0x69, 0xda, 0xff}, {0xff, 0xff, 0xff, 0xff}},
	"dark":  {{0x58, 0xa6, 0xff, 0xff}, {0x0d, 0x11, 0x17, 0xff}},
}

// scheme is the browser flag for the preferred colour scheme.
var scheme = map[string]string{"light": "--blink-settings=preferredColorScheme=1",
	"dark": "--blink-settings=preferredColorScheme=0"}

// A real browser shows the page, light and dark, with its content security policy. The
// pictures are saved to the folder in RESULT_FILES if that is set.
func TestPagePicture(t *testing.T) {
	for name, r := range pages() {
		for mode, flag := range scheme {
			t.Run(name+"-"+mode, func(t *testing.T) {
				folder := os.Getenv("RESULT_FILES")
				if folder == "" {
					folder = t.TempDir()
				}
				file := filepath.Join(folder, name+"-"+mode+".png")
				browser(t, pageOf(t, r), flag, "--window-size=1100,1400", "--screenshot="+file)
				picture := decode(t, file)
				counts := map[color.RGBA]int{}
				for y := range picture.Bounds().Dy() {
					for x := range picture.Bounds().Dx() {
						red, green, blue, alpha := picture.At(x, y).RGBA()
						counts[color.RGBA{uint8(red >> 8), uint8(green >> 8), uint8(blue >> 8), uint8(alpha >> 8)}]++
					}
				}
				bar, back := counts[colours[mode][0]], counts[colours[mode][1]]
				if wantBar := len(r.Tasks) > 0; wantBar != (bar > 1000) || back < 1000*1000 {
					t.Errorf("the picture %s has %d pixels in the colour of a run, and %d in that of the page", file, bar, back)
				}
			})
		}
	}
}

func decode(t *testing.T, name string) image.Image {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// withAxe returns a page that runs axe-core on itself with all parts unfolded, and appends
// the findings. The page has no content security policy, because that allows no script.
func withAxe(t *testing.T, page string) string {
	t.Helper()
	script, err := filepath.Abs(axe)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(script); err != nil {
		t.Skip("axe-core is not installed: npm ci in testdata/axe")
	}
	policy := regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`)
	if !policy.MatchString(page) {
		t.Fatal("the page has no policy")
	}
	page = policy.ReplaceAllString(page, "")
	return page + fmt.Sprintf(`<script src="%s"></script><script>
document.querySelectorAll("details").forEach(d => d.open = true);
const outside = node => !document.querySelector(node.target[0]).closest("svg");
axe.run().then(r => [r.passes.length, r.violations.concat(r.incomplete.filter(f => f.nodes.some(outside)))], fault => [0, [String(fault)]]).then(found => {
	const out = document.createElement("output");
	out.id = "found";
	out.textContent = JSON.stringify(found);
	document.body.append(out);
});
</script>`, html.EscapeString((&url.URL{Scheme: "file", Path: script}).String()))
}

// The page is accessible: axe-core in a real browser finds no violation and is sure about
// that. The exception is the contrast of texts in the timeline, which axe-core can't
// measure; they have the colours of all other texts.
func TestPageAccessibility(t *testing.T) {
	for name, r := range pages() {
		for mode, flag := range scheme {
			t.Run(name+"-"+mode, func(t *testing.T) {
				dom := browser(t, withAxe(t, pageOf(t, r)), flag, "--dump-dom")
				match := regexp.MustCompile(`(?s)<output id="found">(.*?)</output>`).FindStringSubmatch(dom)
				if match == nil {
					t.Fatalf("axe-core found neither faults nor none:\n%s", dom)
				}
				var passes int
				var faults []any
				if err := json.Unmarshal([]byte(html.UnescapeString(match[1])), &[]any{&passes, &faults}); err != nil {
					t.Fatal(err)
				}
				if passes < 10 || len(faults) > 0 {
					text, _ := json.MarshalIndent(faults, "", "  ")
					t.Errorf("axe-core: %d rules hold, and these don't:\n%s", passes, text)
				}
			})
		}
	}
}

// Text from outside never changes the structure of the page: a browser finds the same
// elements for every text.
func TestPageHostile(t *testing.T) {
	elements := func(text string) (tags, title string) {
		dom := browser(t, pageOf(t, failedStep(text)), "--dump-dom")
		all := regexp.MustCompile(`<[a-z0-9]+[ >]`).FindAllString(dom, -1)
		return strings.Join(all, ""), regexp.MustCompile(`<title>[^<]*`).FindString(dom)
	}
	wantTags, wantTitle := elements("plain")
	texts := []string{strings.Join(hostile, "")}
	if !testing.Short() {
		texts = hostile
	}
	for _, text := range texts {
		tags, title := elements(text)
		if tags != wantTags || title != wantTitle {
			t.Errorf("%q makes other elements: %s, want %s (%s)", text, tags, wantTags, title)
		}
	}
}

// The page loads nothing from other places.
func TestPageAlone(t *testing.T) {
	for name, r := range pages() {
		page := pageOf(t, r)
		external := regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed)|\bsrc=|@import|url\(`)
		if found := external.FindString(page); found != "" {
			t.Errorf("the page of %s has %q", name, found)
		}
	}
}

// The page of 100 tasks with the longest possible texts is smaller than 500 KB, and says
// what it leaves out.
func TestPageSize(t *testing.T) {
	long := strings.Repeat(`<"&'>`, 2000)
	r := failedStep(long)
	r.Tasks, r.Logs = nil, nil
	for i := range 100 {
		state := ended(fmt.Sprintf("%032x", i),
			verdict.Verdict{Outcome: verdict.Failed, Container: "app", ExitCode: code(1), Reason: long})
		state.StoppedReason = aws.String(long)
		state.Definition.ContainerDefinitions = nil
		for n := range 10 {
			name := fmt.Sprintf("container-%d-%s", n, strings.Repeat("x", 200))
			state.Definition.ContainerDefinitions = append(state.Definition.ContainerDefinitions,
				types.ContainerDefinition{Name: &name})
			state.Containers = append(state.Containers,
				types.Container{Name: &name, ExitCode: code(1), Reason: aws.String(long)})
			r.Logs = append(r.Logs,
				result.Log{TaskARN: *state.TaskArn, Container: name, URL: "https://" + strings.Repeat("y", 600),
					Last: []string{long, long, long}})
		}
		r.Tasks = append(r.Tasks, state)
		fault := r.Faults[0]
		r.Faults = append(r.Faults, fault)
	}
	page := pageOf(t, r)
	if len(page) > 500_000 {
		t.Errorf("the page has %d bytes", len(page))
	}
	for _, want := range []string{"more containers are in the log of the step", "more parts are left out of this page",
		"Last lines of the logs"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not contain %q", want)
		}
	}
}
