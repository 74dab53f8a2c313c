package source_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

func TestLoadRepositoryPaths(t *testing.T) {
	root := repository(t)
	bare := filepath.Join(root, "repo.git")
	configure(t, root, "allowFilter")
	partial := serveHTTP(t, httpBackend(t, root)) + "/repo.git"
	web := `{"family":"web","revision":3}`

	for _, where := range []struct{ name, repository string }{{"http", partial}, {"file", bare}} {
		for _, test := range []struct {
			name string
			in   []string
			want string
		}{
			{"in the order asked for", []string{"ecs/web.json", "ecs/api.json"},
				"ecs/web.json=" + web + ` ecs/api.json={"family":"api"}`},
			{"glob", []string{"ecs/*.json"}, `ecs/api.json={"family":"api"} ecs/web.json=` + web},
			{"any depth", []string{"**/*.yaml"}, "ecs/deep/er/job.yaml=family: job\n"},
			{"no file twice", []string{"./ecs/api.json", "ecs/a*.json"}, `ecs/api.json={"family":"api"}`},
			{"link", []string{"link.json"}, "link.json=" + web},
			{"link to a link", []string{"twice.json"}, "twice.json=" + web},
			{"through a linked folder", []string{"folder/web.json"}, "folder/web.json=" + web},
			{"a glob in a linked folder", []string{"folder/a*.json"}, `folder/api.json={"family":"api"}`},
			{"dots inside", []string{"ecs/deep/../web.json"}, "ecs/web.json=" + web},
		} {
			t.Run(where.name+"/"+test.name, func(t *testing.T) {
				result, err := source.Load(t.Context(), source.Config{Repository: where.repository, Paths: test.in})
				if got := names(result.Texts); got != test.want || err != nil {
					t.Errorf("Load(%q) = %s, %v, want %s", test.in, got, err, test.want)
				}
			})
		}
		for _, test := range []struct {
			name string
			in   []string
			want []string
		}{
			{"missing", []string{"nothing"}, []string{"file-paths: nothing: no such file in main ("}},
			{"near name", []string{"ecs/wbe.json"}, []string{`(did you mean "ecs/web.json"?)`}},
			{"another folder", []string{"web.json"}, []string{`(did you mean "ecs/web.json"?)`}},
			{"empty glob", []string{"ecs/*.toml"}, []string{"file-paths: ecs/*.toml: no file in main ("}},
			{"folder", []string{"ecs"}, []string{"file-paths: ecs: is a folder: name its files, such as ecs/*.json"}},
			{"linked folder", []string{"folder"}, []string{"file-paths: folder: is a folder"}},
			{"up and out", []string{"../x.json"}, []string{"file-paths: ../x.json: is outside of main ("}},
			{"absolute", []string{"/ecs/web.json"}, []string{"file-paths: /ecs/web.json: is outside of main ("}},
			{"link out", []string{"out.json"}, []string{`out.json is a symbolic link to "../../etc/passwd"`}},
			{"absolute link", []string{"absolute.json"}, []string{`absolute.json is a symbolic link to "/etc/passwd"`}},
			{"link to itself", []string{"loop.json"}, []string{"loop.json is a symbolic link that leads to no end"}},
			{"dangling link", []string{"dangling.json"}, []string{"is a symbolic link to a file that does not exist"}},
			{"large", []string{"large.json"},
				[]string{"file-paths: large.json: 1048577 bytes are over the limit of 1048576 (1 MiB)"}},
			{
				"LFS",
				[]string{"lfs.json"},
				[]string{"file-paths: lfs.json: is stored in Git LFS (oid " +
					"sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393, 12345 bytes)"},
			},
			{"submodule", []string{"sub"}, []string{"file-paths: sub: sub is a submodule"}},
			{"in a submodule", []string{"sub/x.json"}, []string{"file-paths: sub/x.json: sub is a submodule"}},
			{"a glob in a submodule", []string{"sub/*.json"}, []string{"file-paths: sub/*.json: sub is a submodule"}},
			{"below a file", []string{"readme/x"}, []string{"file-paths: readme/x: readme is not a folder"}},
			{"all at once", []string{"a", "lfs.json", "*.b", "sub"},
				[]string{"file-paths: a: ", "file-paths: *.b: ", "file-paths: lfs.json: ", "file-paths: sub: "}},
		} {
			t.Run(where.name+"/"+test.name, func(t *testing.T) {
				result, err := source.Load(t.Context(), source.Config{Repository: where.repository, Paths: test.in})
				if err == nil {
					t.Fatalf("Load(%q) = %s, want an error", test.in, names(result.Texts))
				}
				lines := strings.Split(err.Error(), "\n")
				if len(lines) != len(test.want) {
					t.Fatalf("Load(%q) = %d faults, want %d:\n%v", test.in, len(lines), len(test.want), err)
				}
				for i, want := range test.want {
					if !strings.Contains(lines[i], want) {
						t.Errorf("Load(%q) fault %d = %s, want %s", test.in, i, lines[i], want)
					}
				}
			})
		}
	}
}

func TestLoadRepositoryRevisionFaults(t *testing.T) {
	root := repository(t)
	bare := filepath.Join(root, "repo.git")
	configure(t, root, "allowFilter")
	empty := filepath.Join(root, "empty.git")
	git(t, root, "init", "-q", "--bare", empty)
	url := serveHTTP(t, httpBackend(t, root))
	nobody := strings.Repeat("12", 20)

	for _, test := range []struct {
		name           string
		branch, commit string
		want           string
	}{
		{"near branch", "mian", "", `branch: "mian" is no branch or tag of the repository (did you mean "main"?)`},
		{"far branch", "elsewhere", "",
			`branch: "elsewhere" is no branch or tag of the repository, which has feature/x, light, main, v1`},
		{"a commit as branch", nobody, "", "is it a commit id? then give it as commit"},
		{"both", "main", nobody, "branch and commit exclude each other: give one of them"},
		{"no commit", "", nobody, "commit: " + nobody + " is not in the repository"},
		{"no abbreviated commit", "", "12121212",
			"commit: no commit of the repository's branches and tags starts with 12121212"},
		{"a branch as commit", "", "main", `commit: "main" is not a commit id: give a branch or tag as branch`},
		{"too short", "", "abc",
			`commit: "abc" has 3 digits, and a commit id has 40, or at least 4 as an abbreviation`},
		{"sha256", "", strings.Repeat("ab", 32), "commit: is an id by sha256"},
		{"no branch name", "a b", "", `branch: "a b" is not the name of a branch or tag`},
		{"a blob", "", git(t, bare, "rev-parse", "main:readme"), "is a blob, not a commit"},
	} {
		for _, repository := range []string{url + "/repo.git", bare} {
			_, err := source.Load(t.Context(), source.Config{
				Repository: repository,
				Branch:     test.branch,
				Commit:     test.commit,
				Paths:      []string{"x"},
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Load(%s, %s) = %v, want %s", repository, test.name, err, test.want)
			}
		}
	}
	for _, repository := range []string{url + "/empty.git", empty} {
		if _, err := source.Load(t.Context(), source.Config{
			Repository: repository,
			Paths:      []string{"x"},
		}); err == nil || !strings.Contains(err.Error(), "the repository is empty") {
			t.Errorf("Load(%s) = %v, want the repository is empty", repository, err)
		}
	}
}

// TestAmbiguousCommit creates commits until two ids have the same prefix.
func TestAmbiguousCommit(t *testing.T) {
	needGit(t)
	root := t.TempDir()
	bare := filepath.Join(root, "repo.git")
	git(t, root, "init", "-q", "--bare", "-b", "main", bare)
	var stream strings.Builder
	for i := range 1000 {
		message := fmt.Sprint("number ", i)
		fmt.Fprintf(&stream,
			"commit refs/heads/main\ncommitter a <a@example.com> 1700000000 +0000\ndata %d\n%s\n",
			len(message), message)
	}
	gitInput(t, bare, strings.NewReader(stream.String()), "fast-import", "--quiet")
	byStart := make(map[string][]string)
	var ambiguous string
	for id := range strings.FieldsSeq(git(t, bare, "rev-list", "main")) {
		byStart[id[:4]] = append(byStart[id[:4]], id)
		if len(byStart[id[:4]]) > 1 {
			ambiguous = id[:4]
		}
	}
	if ambiguous == "" {
		t.Fatal("no two of 1000 commits start alike")
	}
	configure(t, root, "allowFilter")
	for _, repository := range []string{serveHTTP(t, httpBackend(t, root)) + "/repo.git", bare} {
		_, err := source.Load(t.Context(), source.Config{
			Repository: repository,
			Commit:     ambiguous,
			Paths:      []string{"x"},
		})
		if err == nil || !strings.Contains(err.Error(), "commit: "+ambiguous+" is the start of several commits:") {
			t.Fatalf("Load(%s, %s) = %v, want candidates", repository, ambiguous, err)
		}
		for _, id := range byStart[ambiguous] {
			if !strings.Contains(err.Error(), id+" 2023-11-14 number ") {
				t.Errorf("Load(%s, %s) = %v, want candidate %s", repository, ambiguous, err, id)
			}
		}
	}
}

// TestAuthorization runs git's server with authentication by password or token.
func TestAuthorization(t *testing.T) {
	root := repository(t)
	backend := httpBackend(t, root)
	guarded := func(scheme, want string) string {
		return serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.Header.Get("Authorization") {
			case want:
				backend.ServeHTTP(w, r)
			case "Basic " + base64.StdEncoding.EncodeToString([]byte("x-access-token:f0rbidden")):
				w.WriteHeader(http.StatusForbidden)
			default:
				w.Header().Set("WWW-Authenticate", scheme+` realm="x"`)
				w.WriteHeader(http.StatusUnauthorized)
			}
		}))
	}
	basic := func(user, password string) string {
		return guarded("Basic", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	}
	inURL := func(url, user string) string { return strings.Replace(url, "://", "://"+user+"@", 1) }

	for _, test := range []struct {
		name string
		in   source.Config
		want string // in the error; empty for none
	}{
		{"token", source.Config{Repository: basic("x-access-token", "s3cret"), Token: "s3cret"}, ""},
		{"username and token", source.Config{Repository: basic("me", "s3cret"), Username: "me", Token: "s3cret"}, ""},
		{"in the URL", source.Config{Repository: inURL(basic("me", "s3/cret"), "me:s3%2Fcret")}, ""},
		{"token alone in the URL", source.Config{Repository: inURL(basic("x-access-token", "s3cret"), "s3cret")}, ""},
		{"name in the URL, token beside it",
			source.Config{Repository: inURL(basic("org", "s3cret"), "org"), Token: "s3cret"}, ""},
		{"GitLab's token", source.Config{Repository: basic("oauth2", "glpat-s3cret"), Token: "glpat-s3cret"}, ""},
		{"bearer", source.Config{Repository: guarded("Bearer", "Bearer s3cret"), Token: "s3cret"}, ""},
		{
			"none",
			source.Config{Repository: basic("me", "other")},
			"the server answers 401 Unauthorized\nno git-token was used, and the token of the CI run is " +
				"never used by itself",
		},
		{"wrong", source.Config{Repository: basic("me", "other"), Token: "s3cret"},
			"the server does not take git-token"},
		{"wrong in the URL", source.Config{Repository: inURL(basic("me", "other"), "me:s3cret")},
			"the server does not take git-token"},
		{"forbidden", source.Config{Repository: basic("me", "other"), Token: "f0rbidden"},
			"the server takes git-token, but it may not read this repository"},
		{"twice", source.Config{Repository: inURL(basic("me", "other"), "me:s3cret"), Token: "t0ken"},
			"has a password in it while git-token is given"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.in.Repository += "/repo.git"
			test.in.Paths = []string{"ecs/api.json"}
			result, err := source.Load(t.Context(), test.in)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("Load = %v, want no error", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("Load = %v, want %s", err, test.want)
			}
			if result.Fetch.Attempts != 1 {
				t.Errorf("attempts = %d, want 1", result.Fetch.Attempts)
			}
			for _, shown := range []string{fmt.Sprint(err), fmt.Sprintf("%+v", result.Fetch)} {
				for _, secret := range test.in.Secrets() {
					if strings.Contains(shown, secret) {
						t.Errorf("the output contains the secret %s: %s", secret, shown)
					}
				}
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	root := repository(t)
	var seen atomic.Value
	backend := httpBackend(t, root)
	elsewhere := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		backend.ServeHTTP(w, r)
	}))
	mux := http.NewServeMux()
	mux.Handle("/repo.git/", backend)
	mux.HandleFunc("/old.git/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(r.URL.String(), "old", "repo", 1), http.StatusMovedPermanently)
	})
	mux.HandleFunc("/away.git/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+"/repo.git/info/refs?"+r.URL.RawQuery, http.StatusFound)
	})
	mux.HandleFunc("/loop.git/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	})
	url := serveHTTP(t, mux)
	load := func(name string) error {
		_, err := source.Load(t.Context(), source.Config{
			Repository: url + name,
			Token:      "s3cret",
			Paths:      []string{"ecs/api.json"},
		})
		return err
	}
	if err := load("/old.git"); err != nil {
		t.Errorf("Load(renamed repository) = %v, want no error", err)
	}
	if err := load("/away.git"); err == nil ||
		!strings.Contains(err.Error(), "refused to be redirected to another host over http") {
		t.Errorf("Load(redirected to another host over http) = %v, want a refusal", err)
	}
	if got := seen.Load(); got != nil {
		t.Errorf("the other host received Authorization %q, want none", got)
	}
	if err := load("/loop.git"); err == nil || !strings.Contains(err.Error(), "too many redirects") {
		t.Errorf("Load(redirected in a circle) = %v, want too many redirects", err)
	}
}

// TestRetries lets the first requests fail.
func TestRetries(t *testing.T) {
	root := repository(t)
	backend := httpBackend(t, root)
	for _, test := range []struct {
		name     string
		fault    http.HandlerFunc
		faults   int32
		attempts int
		want     string
	}{
		{"503 twice", status(503), 2, 3, ""},
		{"429 once", status(429), 1, 2, ""},
		{"503 for ever", status(503), 1000, 4, "the server answers 503 Service Unavailable (4 attempts)"},
		{"404", status(404), 1, 1, "the server answers 404 Not Found\nno git-token was used"},
		{"dropped", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 2, 3, ""},
		{"a web page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, 1000, 1,
			"no git repository is there"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var count atomic.Int32
			url := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if count.Add(1) <= test.faults {
					test.fault(w, r)
					return
				}
				backend.ServeHTTP(w, r)
			}))
			result, err := source.Load(t.Context(), source.Config{
				Repository: url + "/repo.git",
				Paths:      []string{"readme"},
				Backoff:    time.Millisecond,
			})
			if test.want == "" && err != nil ||
				test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("Load = %v, want %q", err, test.want)
			}
			if result.Fetch.Attempts != test.attempts {
				t.Errorf("attempts = %d, want %d", result.Fetch.Attempts, test.attempts)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// TestSilence covers servers that accept connections and never answer.
func TestSilence(t *testing.T) {
	address := acceptOnly(t)
	key, _ := newKey(t)
	quick := source.Config{
		Paths:          []string{"x"},
		SSHKey:         key,
		Backoff:        time.Millisecond,
		ConnectTimeout: 100 * time.Millisecond,
		StallTimeout:   100 * time.Millisecond,
	}
	for _, url := range []string{
		"http://" + address + "/r",
		"git://" + address + "/r",
		"ssh://git@" + address + "/r",
		"https://" + address + "/r",
	} {
		config := quick
		config.Repository = url
		if _, err := source.Load(t.Context(), config); err == nil || !strings.Contains(err.Error(), "(4 attempts)") {
			t.Errorf("Load(%s) = %v, want an error after 4 attempts", url, err)
		}

		config.ConnectTimeout, config.StallTimeout, config.Timeout = time.Hour, time.Hour, 100*time.Millisecond
		_, err := source.Load(t.Context(),
			config)
		if err == nil || !strings.Contains(err.Error(), "it took longer than 100ms") {
			t.Errorf("Load(%s) with a time limit = %v, want it took longer than 100ms", url, err)
		}

		config.Timeout = time.Hour
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(50*time.Millisecond, func() { cancel(errors.New("the step was stopped")) })
		if _, err := source.Load(ctx, config); err == nil || !strings.Contains(err.Error(), "the step was stopped") {
			t.Errorf("Load(%s) that is stopped = %v, want the step was stopped", url, err)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	key, _ := newKey(t)
	address := freePort(t)
	for _, url := range []string{
		"http://" + address + "/r",
		"git://" + address + "/r",
		"ssh://git@" + address + "/r",
		"https://host.invalid/r",
	} {
		_, err := source.Load(t.Context(), source.Config{
			Repository: url,
			Paths:      []string{"x"},
			SSHKey:     key,
			Backoff:    time.Millisecond,
		})
		if err == nil || !strings.Contains(err.Error(), "read "+url+": ") {
			t.Errorf("Load(%s) = %v, want an error that names it", url, err)
		}
	}
}

// packOf returns a pack that claims a number of objects and contains the given ones.
func packOf(claim uint32, objects ...[]byte) []byte {
	pack := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), claim)
	for _, object := range objects {
		pack = append(pack, object...)
	}
	return append(pack, make([]byte, 20)...)
}

func packedObject(kind byte, size uint64, content []byte) []byte {
	header := []byte{kind<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		header[len(header)-1] |= 0x80
		header = append(header, byte(size&0x7f))
	}
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	w.Write(content)
	w.Close()
	return append(header, deflated.Bytes()...)
}

// TestHostilePacks covers packs that a correct git server never sends.
func TestHostilePacks(t *testing.T) {
	commit := []byte("tree " + strings.Repeat("0", 40) + "\n\nx")
	for _, test := range []struct {
		name string
		pack []byte
		want string
	}{
		{"truncated in the header", []byte("PACK\x00\x00"), "read the pack: it ends early"},
		{"truncated in an object", packOf(1, packedObject(1, uint64(len(commit)), commit))[:20],
			"read the pack: it ends early"},
		{"fewer objects than claimed", packOf(2, packedObject(1, uint64(len(commit)), commit)), "read the pack: "},
		{"billions of objects claimed", packOf(1<<32 - 1), "read the pack: "},
		{"no pack", []byte("hello, I am not a pack at all"), "not a pack of version 2"},
		{"huge object claimed", packOf(1, packedObject(3, 1<<40, nil)),
			"an object claims 1 TiB, over the limit of 256 MiB"},
		{"huge tree claimed", packOf(1, packedObject(2, 1<<30, nil)), "a tree of 1 GiB"},
		{"more than claimed", packOf(1, packedObject(3, 10, make([]byte, 1<<20))),
			"an object is not of the 10 bytes it claims"},
		{"less than claimed", packOf(1, packedObject(3, 10, make([]byte, 5))),
			"an object is not of the 10 bytes it claims"},
		{"not deflated", packOf(1, []byte{0x35, 'x', 'y', 'z', 'z', 'y'}), "zlib: invalid header"},
		{"unknown kind", packOf(1, packedObject(5, 1, []byte{1})), "an object of unknown kind 5"},
		{"delta of nothing", packOf(1, append([]byte{0x65, 0x70}, packedObject(0, 0, nil)[1:]...)),
			"invalid OFS delta offset"},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := serveHTTP(t, packServer(test.pack))
			_, err := source.Load(t.Context(), source.Config{
				Repository: url + "/r",
				Paths:      []string{"x"},
				Backoff:    time.Millisecond,
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Load = %v, want %s", err, test.want)
			}
		})
	}
}

// packServer answers every request with one ref and the pack.
func packServer(pack []byte) http.Handler {
	packet := func(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }
	id := strings.Repeat("1", 40)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			fmt.Fprint(w, packet("# service=git-upload-pack\n"), "0000",
				packet(id+" HEAD\x00side-band-64k shallow\n"), "0000")
			return
		}
		w.Header().Set("Content-Type", "application/x-git-upload-pack-result")
		fmt.Fprint(w, packet("shallow "+id+"\n"), "0000", packet("NAK\n"), packet("\x01"+string(pack)), "0000")
	})
}

// TestHostileTree covers a repository that git itself never creates.
func TestHostileTree(t *testing.T) {
	root := repository(t)
	bare := filepath.Join(root, "repo.git")
	blob := git(t, bare, "rev-parse", "main:readme")
	for _, name := range []string{"..", ".", ".git", "a/b"} {
		var entry bytes.Buffer
		fmt.Fprintf(&entry, "100644 %s\x00", name)
		for i := 0; i < len(blob); i += 2 {
			var b byte
			fmt.Sscanf(blob[i:i+2], "%02x", &b)
			entry.WriteByte(b)
		}
		tree := gitInput(t, bare, &entry, "hash-object", "-w", "-t", "tree", "--literally", "--stdin")
		commit := git(t, bare, "commit-tree", "-m", "hostile", tree)
		git(t, bare, "update-ref", "refs/heads/hostile", commit)
		for _, repository := range []string{serveHTTP(t, httpBackend(t, root)) + "/repo.git", bare} {
			_, err := source.Load(t.Context(), source.Config{
				Repository: repository,
				Branch:     "hostile",
				Paths:      []string{"*"},
			})
			want := fmt.Sprintf("is hostile: it has an entry named %q",
				name)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Load(%s) = %v, want %s", repository, err, want)
			}
		}
	}
}

func TestMemoryLimit(t *testing.T) {
	root := repository(t)
	url := serveHTTP(t, httpBackend(t, root)) + "/repo.git"
	configure(t, root)
	_, err := source.Load(t.Context(), source.Config{Repository: url, Paths: []string{"ecs/*"}, Memory: 2000})
	if want := "the objects take more memory than the limit of 2.0 KiB"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("Load with a limit of 2000 bytes = %v, want %s", err, want)
	}
}
