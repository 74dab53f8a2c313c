package source_test

import (
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

// TestProxy reads over https through a proxy of the environment, with a
// certificate from SSL_CERT_FILE. It does so in a child process, because a process
// reads both variables only once.
func TestProxy(t *testing.T) {
	root := repository(t)
	var leaked atomic.Bool
	server := httptest.NewTLSServer(httpBackend(t, root))
	t.Cleanup(server.Close)
	proxied := new(atomic.Int32)
	proxy := serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxied.Add(1)
		if r.Header.Get("Authorization") != "" || strings.Contains(r.URL.String(), "s3cret") {
			leaked.Store(true)
		}
		connect(w, server.Listener.Addr().String())
	}))
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(certificate, text, 0o644); err != nil {
		t.Fatal(err)
	}

	load := func(env ...string) (string, error) {
		config, err := json.Marshal(map[string]any{
			"Repository": "https://me:s3cret@example.com/repo.git",
			"Paths":      []string{"ecs/api.json"},
		})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(),
			append(env, childConfig+"="+string(config), "HTTPS_PROXY="+proxy, "NO_PROXY=")...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		output, err := cmd.Output()
		return string(output) + stderr.String(), err
	}
	if got, err := load("SSL_CERT_FILE=" + certificate); err != nil || !strings.HasPrefix(got, `{"family":"api"}`) {
		t.Errorf("Load through a proxy = %s, %v", got, err)
	}
	if got, err := load(); err == nil || !strings.Contains(got, "certificate") || strings.Contains(got, "attempts") {
		t.Errorf("Load(unknown certificate) = %s, %v, want one attempt and an error about it", got, err)
	}
	if proxied.Load() == 0 || leaked.Load() {
		t.Errorf("proxy requests = %d, credentials leaked = %t, want 1 and false", proxied.Load(), leaked.Load())
	}
}

// connect answers a CONNECT request with a tunnel to address.
func connect(w http.ResponseWriter, address string) {
	there, err := net.Dial("tcp", address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer there.Close()
	w.WriteHeader(http.StatusOK)
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	go func() {
		_, _ = io.Copy(there, buffered) // until the client hangs up
		there.Close()
	}()
	_, _ = io.Copy(here, there)
}

// TestProxyFunc checks that Config.Proxy is used.
func TestProxyFunc(t *testing.T) {
	root := repository(t)
	backend := httpBackend(t, root)
	proxy, err := url.Parse(serveHTTP(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "git.invalid" {
			t.Errorf("the proxy is asked for %s, want git.invalid", r.URL.Host)
		}
		backend.ServeHTTP(w, r)
	})))
	if err != nil {
		t.Fatal(err)
	}
	_, err = source.Load(t.Context(), source.Config{Repository: "http://git.invalid/repo.git",
		Paths: []string{"readme"}, AllowInsecure: true,
		Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil }})
	if err != nil {
		t.Errorf("Load = %v, want no error", err)
	}
}
