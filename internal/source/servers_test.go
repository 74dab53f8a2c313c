package source_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// git runs git in a folder and returns what it prints.
func git(t testing.TB, folder string, args ...string) string {
	t.Helper()
	return gitInput(t, folder, nil, args...)
}

func gitInput(t testing.TB, folder string, input io.Reader, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin, cmd.Env = folder, input, gitEnv()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// gitEnv returns an environment in which git reads only the configuration of the repository.
func gitEnv() []string {
	return append(os.Environ(), "HOME=/nonexistent", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_AUTHOR_DATE=2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE=2026-01-02T03:04:05Z", "GIT_TERMINAL_PROMPT=0")
}

func needGit(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is absent: nothing to test against")
	}
}

// repository creates a bare repository with a few commits on main, a branch, tags,
// symbolic links, a submodule and a Git LFS pointer. It returns a new folder that
// contains the repository as repo.git.
func repository(t testing.TB) string {
	t.Helper()
	needGit(t)
	root := t.TempDir()
	work := filepath.Join(root, "work")
	git(t, root, "init", "-q", "-b", "main", work)
	write := func(name, text string) {
		file := filepath.Join(work, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(message string) {
		git(t, work, "add", "-A")
		git(t, work, "commit", "-q", "-m", message)
	}
	write("ecs/web.json", `{"family":"web","revision":1}`)
	write("readme", strings.Repeat("words\n", 1000))
	commit("first")
	git(t, work, "tag", "-a", "v1", "-m", "one")
	write("ecs/web.json", `{"family":"web","revision":2}`)
	for i := range 20 {
		write(fmt.Sprintf("other/%02d.txt", i), strings.Repeat(fmt.Sprint("line ", i, "\n"), 200+i))
	}
	commit("second")
	git(t, work, "tag", "light")
	write("ecs/web.json", `{"family":"web","revision":3}`)
	write("ecs/api.json", `{"family":"api"}`)
	write("ecs/deep/er/job.yaml", "family: job\n")
	write("lfs.json",
		"version https://git-lfs.github.com/spec/v1\noid "+
			"sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n")
	write("large.json", strings.Repeat("x", 1<<20+1))
	link(t, "ecs/web.json", filepath.Join(work, "link.json"))
	link(t, "link.json", filepath.Join(work, "twice.json"))
	link(t, "ecs", filepath.Join(work, "folder"))
	link(t, "../../etc/passwd", filepath.Join(work, "out.json"))
	link(t, "/etc/passwd", filepath.Join(work, "absolute.json"))
	link(t, "loop.json", filepath.Join(work, "loop.json"))
	link(t, "nowhere.json", filepath.Join(work, "dangling.json"))
	if err := os.Mkdir(filepath.Join(work, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	git(t, work, "update-index", "--add", "--cacheinfo", "160000,"+git(t, work, "rev-parse", "HEAD")+",sub")
	commit("third")
	git(t, work, "checkout", "-q", "-b", "feature/x", "v1")
	write("ecs/web.json", `{"family":"web","revision":"x"}`)
	commit("x")
	git(t, root, "clone", "-q", "--bare", work, "repo.git")
	git(t, filepath.Join(root, "repo.git"), "symbolic-ref", "HEAD", "refs/heads/main")
	git(t, filepath.Join(root, "repo.git"), "repack", "-q", "-a", "-d")
	return root
}

// configure switches on the allowed features of the server for root's repository, and all others off.
func configure(t testing.TB, root string, allowed ...string) {
	t.Helper()
	file := filepath.Join(root, "repo.git", "config")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	kept, _, _ := strings.Cut(string(text), "[uploadpack]")
	kept += "[uploadpack]\n"
	for _, name := range allowed {
		kept += name + " = true\n"
	}
	if err := os.WriteFile(file, []byte(kept), 0o644); err != nil {
		t.Fatal(err)
	}
}

// httpBackend returns git http-backend as a handler.
func httpBackend(t testing.TB, root string) http.Handler {
	t.Helper()
	backend := filepath.Join(git(t, root, "--exec-path"), "git-http-backend")
	if _, err := os.Stat(backend); err != nil {
		t.Skip("git http-backend is absent: ", err)
	}
	return &cgi.Handler{Path: backend, Stderr: io.Discard,
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1",
			"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null"}}
}

func serveHTTP(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// freePort returns a loopback address that no process listens on.
func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// inetd listens on loopback until the test ends. It starts a program for each
// connection, which is the program's input and output. It returns the address.
func inetd(t testing.TB, program func() *exec.Cmd) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var programs sync.WaitGroup
	serve := func(conn *net.TCPConn) {
		defer conn.Close()
		socket, err := conn.File()
		if err != nil {
			t.Error(err)
			return
		}
		cmd := program()
		cmd.Stdin, cmd.Stdout = socket, socket
		err = cmd.Start()
		socket.Close()
		if err != nil {
			t.Error(err)
			return
		}
		_ = cmd.Wait() // the test checks what the client receives

		// A close with input unread resets the connection, and the client may lose the
		// answer that is on its way.
		conn.CloseWrite()
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		io.Copy(io.Discard, conn)
	}
	programs.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			programs.Go(func() { serve(conn.(*net.TCPConn)) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		programs.Wait()
	})
	return listener.Addr().String()
}

// gitDaemon starts git daemon and returns the URL of its root.
func gitDaemon(t testing.TB, root string) string {
	t.Helper()
	daemon := filepath.Join(git(t, root, "--exec-path"), "git-daemon")
	if _, err := os.Stat(daemon); err != nil {
		t.Skip("git daemon is absent: ", err)
	}
	return "git://" + inetd(t, func() *exec.Cmd {
		cmd := exec.Command(daemon, "--inetd", "--log-destination=none", "--export-all", "--base-path="+root, root)
		cmd.Env = gitEnv()
		return cmd
	})
}

// sshServer is an OpenSSH server for one test.
type sshServer struct {
	url        string // of the root of the file system
	key        string // a private key that may log in
	stranger   string // one that may not
	knownHosts string
	fresh      string // the fingerprint of its host key
}

func newKey(t testing.TB) (privatePEM string, public ssh.PublicKey) {
	t.Helper()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	public, err = ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), public
}

// openSSH starts sshd on a loopback port, with its own keys and configuration.
func openSSH(t testing.TB) sshServer {
	t.Helper()
	needGit(t)
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		if sshd, err = exec.LookPath("/usr/sbin/sshd"); err != nil {
			t.Skip("sshd is absent: install openssh-server to test ssh")
		}
	}
	if os.Getuid() != 0 {
		t.Skip("sshd is not tested by a user other than root")
	}
	folder := t.TempDir()
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	hostKey, hostPublic := newKey(t)
	s := sshServer{}
	var userPublic ssh.PublicKey
	s.key, userPublic = newKey(t)
	s.stranger, _ = newKey(t)
	config := fmt.Sprintf("HostKey %s/host\nPidFile none\nAuthorizedKeysFile %s/authorized\n"+
		"PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n"+
		"StrictModes no\nPermitRootLogin yes\nLogLevel ERROR\n"+
		// With SHLVL=2, bash reads no start-up files, which could be slow.
		"SetEnv SHLVL=2\n", folder, folder)
	for name, text := range map[string]string{
		"host":       hostKey,
		"authorized": string(ssh.MarshalAuthorizedKey(userPublic)),
		"config":     config,
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	// sshd refuses to start without its privilege separation folder.
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
		t.Skip("sshd can't run here: ", err)
	}
	address := inetd(t, func() *exec.Cmd {
		return exec.Command(sshd, "-i", "-e", "-f",
			filepath.Join(folder, "config"))
	})
	host, port, _ := net.SplitHostPort(address)
	s.url = "ssh://root@" + address
	s.knownHosts = fmt.Sprintf("[%s]:%s %s", host, port, ssh.MarshalAuthorizedKey(hostPublic))
	s.fresh = ssh.FingerprintSHA256(hostPublic)
	return s
}

// acceptOnly accepts connections and never answers. It returns its address.
func acceptOnly(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		listener.Close()
	})
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { conn.Close() })
		}
	}()
	return listener.Addr().String()
}
