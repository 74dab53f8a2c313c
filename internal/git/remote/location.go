package remote

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// A Location is the place of a repository, without any secret.
type Location struct {
	Scheme string // https, http, ssh, git or file
	User   string // of ssh; empty for the default
	Host   string // without a port
	Port   string // empty for the default of the scheme
	Path   string // of the repository on the host, or of the folder
	Text   string // its name in messages and outputs
}

// scpLike matches user@host:path, which git accepts and which is no URL.
var scpLike = lazyregexp.New(`^(?:([^@/:\s]+)@)?(\[[0-9a-fA-F:.]+\]|[^@/:\[\]\s]+):([^\s].*)$`)

// hostLike matches a URL that lacks its scheme, such as github.com/org/repo.
var hostLike = lazyregexp.New(`^[\w-]+(\.[\w-]+)+/[\w./~-]+$`)

// ownerLike matches the short name of a repository, such as org/repo.
var ownerLike = lazyregexp.New(`^[\w.-]+/[\w.-]+$`)

// ParseLocation reads the input repository. It returns the credentials in it separately; nil if
// there are none.
func ParseLocation(text, workspace string) (Location, *url.Userinfo, error) {
	for _, r := range text {
		if r == ' ' || unicode.IsControl(r) {
			return Location{}, nil, errors.New("has a space or a control character in it")
		}
	}
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case isURL && strings.EqualFold(scheme, "file"):
		u, err := url.Parse(text)
		if err != nil || u.Host != "" && u.Host != "localhost" || !path.IsAbs(u.Path) {
			return Location{}, nil, errors.New("is not of the form file:///path")
		}
		return localLocation(u.Path, workspace)
	case isURL:
		return parseURL(text)
	case strings.HasPrefix(text, "/") || text == "." || text == ".." || strings.HasPrefix(text, "./") ||
		strings.HasPrefix(text, "../"):
		return localLocation(text, workspace)
	case scpLike.MatchString(text):
		parts := scpLike.FindStringSubmatch(text)
		l := Location{Scheme: "ssh", User: parts[1], Host: strings.Trim(parts[2], "[]"), Path: parts[3], Text: text}
		return l, nil, l.check()
	case hostLike.MatchString(text):
		return Location{}, nil, fmt.Errorf("has no scheme (did you mean %q?)", "https://"+text)
	case ownerLike.MatchString(text):
		return Location{}, nil, fmt.Errorf("is not a git URL (did you mean %q, or %q for a folder?)",
			"https://github.com/"+text, "./"+text)
	}
	return Location{}, nil, errors.New("is not a git URL: https://host/path, ssh://user@host/path, user@host:path, or a " +
		"folder")
}

func parseURL(text string) (Location, *url.Userinfo, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The cause alone: the error of net/url quotes the whole, with its secrets.
		var parseError *url.Error
		if errors.As(err, &parseError) {
			err = parseError.Err
		}
		return Location{}, nil, fmt.Errorf("is not a URL: %w", err)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh" && u.Scheme != "git":
		return Location{}, nil, fmt.Errorf("has the scheme %q: https, ssh and file are known", u.Scheme)
	case u.Hostname() == "":
		return Location{}, nil, errors.New("names no host")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return Location{}, nil, errors.New("has something behind its path: give the branch or tag as branch, and the files " +
			"as file-paths")
	}
	user := u.User
	u.User = nil
	l := Location{Scheme: u.Scheme, Host: u.Hostname(), Port: u.Port(), Path: u.Path}
	if u.Scheme == "ssh" && user != nil {
		l.User = user.Username()
		u.User = url.User(l.User)
	}
	if u.Scheme == "ssh" && strings.HasPrefix(u.Path, "/~") {
		l.Path = u.Path[len("/"):] // ssh://host/~user/repo is how a URL writes ~user/repo
	}
	l.Text = u.String()
	return l, user, l.check()
}

func (l Location) check() error {
	switch {
	case strings.Trim(l.Path, "/") == "":
		return errors.New("names a host but no repository on it")
	case strings.HasPrefix(l.Path, "-") || strings.HasPrefix(l.Host, "-"):
		// A program on the server would read it as an option.
		return errors.New("has a name in it that starts with a dash")
	}
	return nil
}

func localLocation(folder, workspace string) (Location, *url.Userinfo, error) {
	if !filepath.IsAbs(folder) {
		if workspace == "" {
			return Location{}, nil, errors.New("is a relative path, and there is no workspace that it is relative to")
		}
		folder = filepath.Join(workspace, folder)
	}
	folder = filepath.Clean(folder)
	return Location{Scheme: "file", Path: folder, Text: folder}, nil, nil
}

// Address returns the host and port to connect to.
func (l Location) Address() string {
	port := l.Port
	if port == "" {
		port = map[string]string{"https": "443", "http": "80", "ssh": "22", "git": "9418"}[l.Scheme]
	}
	return net.JoinHostPort(l.Host, port)
}

// Loopback reports whether the host is this machine.
func (l Location) Loopback() bool {
	ip := net.ParseIP(l.Host)
	return l.Host == "localhost" || ip != nil && ip.IsLoopback()
}
