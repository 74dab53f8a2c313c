package server

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

	"github.com/ecs-run-task/ecs-run-task/internal/git/knownhosts"
	"github.com/ecs-run-task/ecs-run-task/internal/git/objects"
	"github.com/ecs-run-task/ecs-run-task/internal/git/remote"
)

// newSSHSession returns a session over ssh. It connects once, and runs git-upload-pack for each
// request.
func newSSHSession(c remote.Config, l remote.Location, user *url.Userinfo, g *Guard) (*streamSession, error) {
	known, err := knownhosts.Parse(c.KnownHosts)
	if err != nil {
		return nil, err
	}
	d := &sshDialer{location: l, timeout: c.ConnectTimeout}
	d.config = ssh.ClientConfig{
		User:              cmp.Or(c.Username, l.User, "git"),
		ClientVersion:     "SSH-2.0-ecs-run-task",
		HostKeyCallback:   known.Check(l.Address()),
		HostKeyAlgorithms: known.Algorithms(l.Address()),
	}
	if d.config.Auth, err = d.methods(c, user); err != nil {
		return nil, err
	}
	return &streamSession{guard: g, limit: c.Memory, open: d.open, hangUp: d.hangUp}, nil
}

// sshDialer connects to a server over ssh.
type sshDialer struct {
	location remote.Location
	timeout  time.Duration
	config   ssh.ClientConfig
	agent    net.Conn // nil if there is none
	client   *ssh.Client
}

// methods returns the ways to authenticate: the key, or those of the agent, and the password.
func (d *sshDialer) methods(c remote.Config, user *url.Userinfo) ([]ssh.AuthMethod, error) {
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

// parseKey parses a private key. CI systems may have changed its line ends.
func parseKey(text string) (ssh.Signer, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")) + "\n"
	signer, err := ssh.ParsePrivateKey([]byte(text))
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked):
		return nil, errors.New("is locked with a passphrase: give a key without one")
	case err != nil:
		// The error of the parser may quote the key.
		return nil, errors.New("is not a private key in PEM form, with -----BEGIN ... PRIVATE KEY----- and line breaks as " +
			"in its file")
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
	errorText := &objects.FirstBytes{Limit: 1024}
	session.Stderr = errorText
	if err := session.Start("git-upload-pack " + shellQuote(d.location.Path)); err != nil {
		session.Close()
		return nil, err
	}
	return &stream{&explainedReader{stdout: stdout, session: session, text: errorText}, stdin, session.Close}, nil
}

func (d *sshDialer) connect(ctx context.Context) error {
	address := d.location.Address()
	dialer := net.Dialer{Timeout: d.timeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	// The end of the context closes the connection, and so ends all that waits for it.
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

// explainedReader ends with the standard error of the server as its error, if the server has
// written one.
type explainedReader struct {
	stdout  io.Reader
	session *ssh.Session
	text    *objects.FirstBytes
	err     error // of the end
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
	_ = r.session.Wait() // until standard error is complete
	if message := Clean(string(r.text.Bytes)); message != "" {
		r.err = Refusal(message)
	}
	return 0, r.err
}

// shellQuote quotes a path for the shell that runs git-upload-pack on the server, as git does.
func shellQuote(s string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "!", `'\!'`).Replace(s) + "'"
}
