package git

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
	sshagent "golang.org/x/crypto/ssh/agent"
)

// newSSHSession speaks git over ssh. The connection is made once, and
// git-upload-pack is run on it as often as it is needed.
func newSSHSession(c Config, l location, user *url.Userinfo, g *guard) (*streamSession, error) {
	known, err := parseKnownHosts(c.KnownHosts)
	if err != nil {
		return nil, err
	}
	d := &sshDialer{location: l, timeout: c.connectTimeout()}
	d.config = ssh.ClientConfig{
		User:              cmp.Or(c.Username, l.user, "git"),
		ClientVersion:     "SSH-2.0-ecs-run-task",
		HostKeyCallback:   known.check(l.address()),
		HostKeyAlgorithms: known.algorithms(l.address()),
	}
	if d.config.Auth, err = d.methods(c, user); err != nil {
		return nil, err
	}
	return &streamSession{guard: g, limit: c.memory(), open: d.open, hangUp: d.hangUp}, nil
}

// sshDialer makes the connection of an ssh remote.
type sshDialer struct {
	location location
	timeout  time.Duration
	config   ssh.ClientConfig
	agent    net.Conn // nil if there is none
	client   *ssh.Client
}

// methods returns what the server may be shown: the key, then those of the agent.
func (d *sshDialer) methods(c Config, user *url.Userinfo) ([]ssh.AuthMethod, error) {
	var methods []ssh.AuthMethod
	if c.SSHKey != "" {
		signer, err := parseKey(c.SSHKey)
		if err != nil {
			return nil, fmt.Errorf("ssh-key: %w", err)
		}
		methods = append(methods, ssh.PublicKeys(signer))
	} else if c.SSHAgent != "" {
		conn, err := net.DialTimeout("unix", c.SSHAgent, d.timeout)
		if err != nil {
			return nil, fmt.Errorf("connect to the ssh agent: %w", err)
		}
		d.agent = conn
		methods = append(methods, ssh.PublicKeysCallback(sshagent.NewClient(conn).Signers))
	}
	if user != nil {
		if password, ok := user.Password(); ok {
			methods = append(methods, ssh.Password(password))
		}
	}
	if len(methods) == 0 {
		return nil, errors.New("ssh needs a key: give a private key as ssh-key, such as a deploy key of the repository")
	}
	return methods, nil
}

// parseKey parses a private key. What CI systems do to line ends is undone.
func parseKey(text string) (ssh.Signer, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) + "\n"
	signer, err := ssh.ParsePrivateKey([]byte(text))
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, errors.New("is locked with a passphrase: give a key without one")
	case err != nil:
		// What the parser says may quote the key.
		return nil, errors.New("is not a private key in PEM form, with -----BEGIN ... PRIVATE KEY----- and line breaks as in its file")
	}
	return signer, nil
}

// open runs git-upload-pack.
func (d *sshDialer) open(ctx context.Context) (*stream, error) {
	if d.client == nil {
		if err := d.connect(ctx); err != nil {
			return nil, err
		}
	}
	session, err := d.client.NewSession()
	if err != nil {
		return nil, err
	}
	stdin, err := session.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := session.StdoutPipe()
	if err != nil {
		return nil, err
	}
	errorText := &firstBytes{limit: 1024}
	session.Stderr = errorText
	if err := session.Start("git-upload-pack " + shellQuote(d.location.path)); err != nil {
		session.Close()
		return nil, err
	}
	return &stream{&explainedReader{stdout: stdout, session: session, text: errorText}, stdin, session.Close}, nil
}

func (d *sshDialer) connect(ctx context.Context) error {
	address := d.location.address()
	dialer := net.Dialer{Timeout: d.timeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	// The step's end closes the connection, and with it all that waits on it.
	context.AfterFunc(ctx, func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(d.timeout))
	sshConn, channels, requests, err := ssh.NewClientConn(conn, address, &d.config)
	if err != nil {
		conn.Close()
		return err
	}
	_ = conn.SetDeadline(time.Time{})
	d.client = ssh.NewClient(sshConn, channels, requests)
	return nil
}

func (d *sshDialer) hangUp() {
	if d.client != nil {
		d.client.Close()
		d.client = nil
	}
	if d.agent != nil {
		d.agent.Close()
		d.agent = nil
	}
}

// explainedReader ends with what the server wrote to its standard error, where
// it ends before it said anything else.
type explainedReader struct {
	stdout  io.Reader
	session *ssh.Session
	text    *firstBytes
	err     error // that it has ended with
}

func (r *explainedReader) Read(b []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	n, err := r.stdout.Read(b)
	if n > 0 || err == nil {
		return n, err
	}
	r.err = err
	_ = r.session.Wait() // until standard error is complete; it may be waited for once
	if message := clean(string(r.text.bytes)); message != "" {
		r.err = refusal(message)
	}
	return 0, r.err
}

// shellQuote quotes a path for the shell that runs git-upload-pack on the
// server, as git does.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}
