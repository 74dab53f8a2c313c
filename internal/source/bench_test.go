package source_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

// The size of the repository that the benchmark creates.
var (
	benchFiles   = flag.Int("bench-files", 20_000, "files in the benchmark's repository")
	benchCommits = flag.Int("bench-commits", 2_000, "commits in the benchmark's repository")
	benchMiB     = flag.Int("bench-mib", 500, "MiB of file contents in the benchmark's repository, over all commits")
)

// childConfig is the environment variable that turns the test binary into a child
// process, which loads the configuration in its value. The memory of the child can
// then be measured separately.
const childConfig = "SOURCE_TEST_CONFIG"

func TestMain(m *testing.M) {
	if text := os.Getenv(childConfig); text != "" {
		child(text)
	}
	os.Exit(m.Run())
}

func child(text string) {
	var config source.Config
	err := json.Unmarshal([]byte(text), &config)
	var result source.Result
	if err == nil {
		result, err = source.Load(context.Background(), config)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, text := range result.Texts {
		os.Stdout.Write(text.Bytes)
	}
	// The maximum that the kernel reports to the parent includes the parent's memory.
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "VmHWM:") {
			fmt.Fprint(os.Stderr, line)
		}
	}
	os.Exit(0)
}

// BenchmarkRepository reads one file of a large repository with Load and with git,
// both in separate processes against one server. It reports transferred bytes,
// time and memory of both.
func BenchmarkRepository(b *testing.B) {
	needGit(b)
	root := monorepo(b)
	meter := &meteredHandler{handler: httpBackend(b, root)}
	url := serveHTTP(b, meter) + "/repo.git"
	path := "services/007/0007.json"

	for _, mode := range []struct {
		name    string
		allowed []string
		clone   []string
	}{
		{"filter", []string{"allowFilter", "allowAnySHA1InWant"}, []string{"--filter=blob:none"}},
		{"nofilter", nil, nil},
	} {
		b.Run(mode.name, func(b *testing.B) {
			configure(b, root, mode.allowed...)
			var ours, gits usage
			for b.Loop() {
				ours.add(meter, func() *exec.Cmd { return loadCommand(b, url, path) })
				folder := filepath.Join(b.TempDir(), "clone")
				clone := append(append([]string{"clone", "-q", "--depth", "1", "--no-checkout"},
					mode.clone...), url, folder)
				gits.add(meter, func() *exec.Cmd {
					return gitCommand("",
						clone...)
				}, func() *exec.Cmd { return gitCommand(folder, "show", "HEAD:"+path) })
			}
			if ours.output != gits.output {
				b.Fatalf("Load = %.100q, want %.100q", ours.output, gits.output)
			}
			b.ReportMetric(ours.seconds/gits.seconds, "time/git")
			b.ReportMetric(float64(ours.bytes)/float64(gits.bytes), "bytes/git")
			b.ReportMetric(float64(ours.bytes)/float64(ours.runs), "bytes/op")
			b.ReportMetric(ours.seconds/float64(ours.runs)*1000, "ms/op")
			b.ReportMetric(gits.seconds/float64(gits.runs)*1000, "git-ms/op")
			b.ReportMetric(float64(ours.memory)/(1<<20), "RSS-MiB")
		})
	}
}

// loadCommand returns a command that runs this test binary as a child; see childConfig.
func loadCommand(b *testing.B, url, path string) *exec.Cmd {
	b.Helper()
	config, err := json.Marshal(map[string]any{"Repository": url, "Paths": []string{path}, "Memory": 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childConfig+"="+string(config))
	return cmd
}

func gitCommand(folder string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env = folder, gitEnv()
	return cmd
}

// usage is the resource use of commands.
type usage struct {
	runs    int
	seconds float64
	bytes   int64 // that the server sent
	memory  int64 // bytes, at the most; 0 where there is no /proc
	output  string
}

func (u *usage) add(meter *meteredHandler, commands ...func() *exec.Cmd) {
	before, start := meter.sent.Load(), time.Now()
	u.output = ""
	for _, command := range commands {
		cmd := command()
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		output, err := cmd.Output()
		if err != nil {
			panic(fmt.Sprint(cmd.Args, err, stderr.String()))
		}
		u.output += string(output)
		var kib int64
		if n, _ := fmt.Sscanf(stderr.String(), "VmHWM: %d kB", &kib); n == 1 {
			u.memory = max(u.memory, kib<<10)
		}
	}
	u.seconds += time.Since(start).Seconds()
	u.bytes += meter.sent.Load() - before
	u.runs++
}

// meteredHandler counts the bytes of the responses.
type meteredHandler struct {
	handler http.Handler
	sent    atomic.Int64
}

func (m *meteredHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.handler.ServeHTTP(meteredWriter{w, &m.sent}, r)
}

type meteredWriter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (m meteredWriter) Write(b []byte) (int, error) {
	n, err := m.ResponseWriter.Write(b)
	m.sent.Add(int64(n))
	return n, err
}

func (m meteredWriter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// monorepo creates the benchmark's repository: all files in the first commit, and
// new versions of a few files in each later commit.
func monorepo(b *testing.B) string {
	b.Helper()
	root := b.TempDir()
	bare := filepath.Join(root, "repo.git")
	git(b, root, "init", "-q", "--bare", "-b", "main", bare)
	start := time.Now()
	r, w := io.Pipe()
	go func() { w.CloseWithError(fastImport(w)) }()
	gitInput(b, bare, r, "fast-import", "--quiet", "--depth=10")
	b.Logf("made %d files, %d commits, %d MiB in %s: %s", *benchFiles, *benchCommits, *benchMiB,
		time.Since(start).Round(time.Second),
		strings.ReplaceAll(git(b, bare, "count-objects", "-v", "-H"), "\n", ", "))
	return root
}

// fastImport writes the repository as git fast-import reads it.
func fastImport(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	perCommit := 2
	blobs := *benchFiles + perCommit*(*benchCommits-1)
	size := *benchMiB << 20 / blobs
	commit := func(n int) {
		message := fmt.Sprint("commit ", n)
		fmt.Fprintf(out, "commit refs/heads/main\ncommitter a <a@example.com> %d +0000\ndata %d\n%s\n",
			1_700_000_000+n, len(message), message)
	}
	commit(0)
	for i := range *benchFiles {
		fmt.Fprintf(out, "M 644 inline services/%03d/%04d.json\ndata %d\n", i%1000, i, size)
		writeText(out, random, size)
		out.WriteByte('\n')
	}
	for n := 1; n < *benchCommits; n++ {
		commit(n)
		for range perCommit {
			i := random.IntN(*benchFiles)
			fmt.Fprintf(out, "M 644 inline services/%03d/%04d.json\ndata %d\n", i%1000, i, size)
			writeText(out, random, size)
			out.WriteByte('\n')
		}
	}
	fmt.Fprintln(out, "done")
	return out.Flush()
}

// writeText writes lines of size bytes in total, which compress like source code,
// to about a third.
func writeText(out *bufio.Writer, random *rand.Rand, size int) {
	words := strings.Fields(`"name": "value": { } [ ] "family": "containerDefinitions": "image": true false ` +
		`null "environment": "memory":`)
	for size > 0 {
		word := words[random.IntN(len(words))]
		if random.IntN(3) == 0 {
			word = fmt.Sprintf("%08x", random.Uint32())
		}
		if random.IntN(8) == 0 {
			word += "\n   "
		}
		word += " "
		word = word[:min(len(word), size)]
		out.WriteString(word)
		size -= len(word)
	}
}
