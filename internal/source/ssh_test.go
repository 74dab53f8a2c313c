package source_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/ecs-run-task/ecs-run-task/internal/source"
)

func TestSSH(t *testing.T) {
	root := repository(t)
	s := openSSH(t)
	path := filepath.Join(root, "repo.git")
	_, otherKey := newKey(t)
	host := strings.Fields(s.knownHosts)[0]
	public := strings.TrimPrefix(s.knownHosts, host+" ")
	salt := []byte("12345678901234567890")
	mac := hmac.New(sha1.New, salt)
	mac.Write([]byte(host))
	hashed := fmt.Sprintf("|1|%s|%s %s", base64.StdEncoding.EncodeToString(salt),
		base64.StdEncoding.EncodeToString(mac.Sum(nil)), public)
	other := host + " " + string(ssh.MarshalAuthorizedKey(otherKey))

	for _, test := range []struct {
		name string
		in   source.Config
		want string // in the error; empty for none
	}{
		{"key", source.Config{SSHKey: s.key, KnownHosts: s.knownHosts}, ""},
		{"key with line ends of another system",
			source.Config{SSHKey: strings.ReplaceAll(s.key, "\n", "\r\n"), KnownHosts: s.knownHosts}, ""},
		{"agent", source.Config{SSHAgent: serveAgent(t, s.key), KnownHosts: s.knownHosts}, ""},
		{"hashed host", source.Config{SSHKey: s.key, KnownHosts: "# a comment\n\n" + hashed}, ""},
		{"wildcard", source.Config{SSHKey: s.key, KnownHosts: "[127.0.0.*]:* " + public}, ""},
		{"one of several keys", source.Config{SSHKey: s.key, KnownHosts: other + s.knownHosts}, ""},
		{
			"unknown host",
			source.Config{SSHKey: s.key},
			s.fresh + "\nif this is the fingerprint that the server's owner publishes, " +
				"add this line to ssh-known-hosts:\n" + strings.TrimSpace(s.knownHosts),
		},
		{"another host", source.Config{SSHKey: s.key, KnownHosts: "github.com " + public},
			"ssh-known-hosts has no key of " + host},
		{"negated", source.Config{SSHKey: s.key, KnownHosts: "*,!" + host + " " + public},
			"ssh-known-hosts has no key of " + host},
		{"changed key", source.Config{SSHKey: s.key, KnownHosts: other},
			"its key has changed, or another answers in its place"},
		{"revoked key", source.Config{SSHKey: s.key, KnownHosts: s.knownHosts + "@revoked * " + public},
			"which ssh-known-hosts says is revoked"},
		{"stranger", source.Config{SSHKey: s.stranger, KnownHosts: s.knownHosts}, "the server takes none of the keys"},
		{"no key", source.Config{KnownHosts: s.knownHosts}, "ssh needs a key"},
		{"no agent", source.Config{SSHAgent: filepath.Join(root, "none"), KnownHosts: s.knownHosts},
			"connect to the ssh agent: "},
		{"not a key", source.Config{SSHKey: "s3cret", KnownHosts: s.knownHosts},
			"ssh-key: is not a private key in PEM form"},
		{"locked key", source.Config{SSHKey: lockedKey(t), KnownHosts: s.knownHosts},
			"ssh-key: is locked with a passphrase"},
		{"not known hosts", source.Config{SSHKey: s.key, KnownHosts: "#\ngithub.com"},
			"ssh-known-hosts: line 2 is not in the format of known_hosts"},
		{
			"no repository",
			source.Config{SSHKey: s.key, KnownHosts: s.knownHosts, Repository: s.url + root + "/it's none.git"},
			"the server says: fatal: '" + root + "/it's none.git' does not appear to be a git repository",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.in.Paths = []string{"ecs/api.json"}
			if test.in.Repository == "" {
				test.in.Repository = s.url + path
			} else {
				test.in.Repository = strings.ReplaceAll(test.in.Repository, " ", "%20")
			}
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
		})
	}
}

// serveAgent starts an ssh agent that holds a key, and returns its socket.
func serveAgent(t *testing.T, key string) string {
	t.Helper()
	raw, err := ssh.ParseRawPrivateKey([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	keyring := agent.NewKeyring()
	if err := keyring.Add(agent.AddedKey{PrivateKey: raw}); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = agent.ServeAgent(keyring, conn) // until the client hangs up
			}()
		}
	}()
	return socket
}

func lockedKey(t *testing.T) string {
	t.Helper()
	key, _ := newKey(t)
	raw, err := ssh.ParseRawPrivateKey([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(raw, "", []byte("passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(block))
}
