package source_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

// TestLoadRepository reads from each kind of server, with its optional features on
// and off, and compares the result with git's.
func TestLoadRepository(t *testing.T) {
	root := repository(t)
	bare := filepath.Join(root, "repo.git")
	first := git(t, bare, "rev-parse", "v1^{commit}") // no ref names it
	main := git(t, bare, "rev-parse", "main")

	servers := []struct {
		name   string
		config func(t *testing.T) source.Config
	}{
		{"http", func(t *testing.T) source.Config {
			return source.Config{Repository: serveHTTP(t, httpBackend(t, root)) + "/repo.git"}
		}},
		{"git daemon", func(t *testing.T) source.Config {
			return source.Config{Repository: gitDaemon(t, root) + "/repo.git"}
		}},
		{"ssh", func(t *testing.T) source.Config {
			s := openSSH(t)
			return source.Config{Repository: s.url + bare, SSHKey: s.key, KnownHosts: s.knownHosts}
		}},
		{"file", func(t *testing.T) source.Config { return source.Config{Repository: "file://" + bare} }},
		{"folder",
			func(t *testing.T) source.Config { return source.Config{Repository: "./repo.git", Workspace: root} }},
	}
	type revision struct {
		name           string
		branch, commit string
		rev            string // as git calls it
		ref            string
	}
	revisions := []revision{
		{"default", "", "", "main", "refs/heads/main"},
		{"branch", "feature/x", "", "feature/x", "refs/heads/feature/x"},
		{"annotated tag", "v1", "", "v1", "refs/tags/v1"},
		{"light tag", "light", "", "light", "refs/tags/light"},
		{"full ref", "refs/heads/feature/x", "", "feature/x", "refs/heads/feature/x"},
		{"commit of a tip", "", main, "main", ""},
		{"older commit", "", first, "v1", ""},
		{"older commit in capitals", "", strings.ToUpper(first), "v1", ""},
		{"abbreviated", "", first[:9], "v1", ""},
	}
	// The result of git itself.
	paths := []string{"ecs/web.json", "readme"}
	commits, texts := make(map[string]string), make(map[string]string)
	for _, revision := range revisions {
		commits[revision.rev] = git(t, bare, "rev-parse", revision.rev+"^{commit}")
		for _, path := range paths {
			texts[revision.rev+":"+path] = git(t, bare, "cat-file", "blob", revision.rev+":"+path)
		}
	}
	settings := [][]string{
		{},
		{"allowFilter"},
		{"allowAnySHA1InWant"},
		{"allowFilter", "allowReachableSHA1InWant"},
		{"allowReachableSHA1InWant"},
		{"allowFilter", "allowAnySHA1InWant"},
	}
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			config := server.config(t)
			settings, revisions := settings, revisions
			if strings.HasPrefix(server.name, "ssh") {
				// A login takes long, and only the transport differs.
				settings, revisions = settings[1:5:5], []revision{revisions[0], revisions[2], revisions[6]}
			}
			config.Paths = paths
			for _, allowed := range settings {
				configure(t, root, allowed...)
				for _, revision := range revisions {
					t.Run(strings.Join(append(allowed, revision.name), ","), func(t *testing.T) {
						config.Branch, config.Commit = revision.branch, revision.commit
						result, err := source.Load(t.Context(), config)
						if err != nil {
							t.Fatalf("Load = %v, want no error", err)
						}
						for i, name := range config.Paths {
							want := texts[revision.rev+":"+name]
							got := strings.TrimSuffix(string(result.Texts[i].Bytes),
								"\n")
							if got != want || result.Texts[i].Name != name {
								t.Errorf("text %d = %s %.100q, want %s %.100q", i, result.Texts[i].Name,
									got, name, want)
							}
						}
						fetch := result.Fetch
						if want := commits[revision.rev]; fetch.Commit != want || fetch.Ref != revision.ref {
							t.Errorf("read %s %s, want %s %s", fetch.Ref, fetch.Commit, revision.ref, want)
						}
						if got, want := string(fetch.Method), method(server.name, allowed, revision.name); got != want {
							t.Errorf("method = %s, want %s", got, want)
						}
						if got := strings.Join(fetch.Files, " "); got != "ecs/web.json readme" {
							t.Errorf("files = %s, want ecs/web.json readme", got)
						}
						if fetch.Attempts != 1 {
							t.Errorf("attempts = %d, want 1", fetch.Attempts)
						}
					})
				}
			}
		})
	}
}

// method returns the expected fetch method for a server with these settings.
func method(server string, allowed []string, revision string) string {
	has := func(name string) bool {
		for _, on := range allowed {
			if on == name {
				return true
			}
		}
		return false
	}
	// Over HTTP, git's server is stateless and forgets the refs that it announced.
	byID := server == "http" || has("allowAnySHA1InWant") || has("allowReachableSHA1InWant")
	older := revision == "older commit" || revision == "older commit in capitals" || revision == "abbreviated"
	switch {
	case server == "file" || server == "folder":
		return "local"
	case older && !byID:
		return "full"
	case has("allowFilter") && byID:
		return "partial"
	}
	return "shallow"
}

// TestOneConnection checks that the requests of a fetch share one connection.
func TestOneConnection(t *testing.T) {
	root := repository(t)
	configure(t, root, "allowFilter", "allowAnySHA1InWant")
	var connections, requests atomic.Int32
	backend := httpBackend(t, root)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		backend.ServeHTTP(w, r)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	if _, err := source.Load(t.Context(), source.Config{
		Repository: server.URL + "/repo.git",
		Paths:      []string{"readme"},
	}); err != nil {
		t.Fatal(err)
	}
	if connections.Load() != 1 || requests.Load() != 3 {
		t.Errorf("Load opened %d connections for %d requests, want 1 for 3", connections.Load(), requests.Load())
	}
}
