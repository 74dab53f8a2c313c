package git

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
)

// location is where a repository is, without any secret.
type location struct {
	scheme string // https, http, ssh, git or file
	user   string // of ssh; empty for the default
	host   string // without a port
	port   string // empty for the default of the scheme
	path   string // of the repository on the host, or of the folder
	text   string // as messages and outputs call it
}

// scpLike matches what git takes for user@host:path, which is no URL.
var scpLike = regexp.MustCompile(`^(?:([^@/:\s]+)@)?(\[[0-9a-fA-F:.]+\]|[^@/:\[\]\s]+):([^\s].*)$`)

// hostLike matches a URL that lacks its scheme, such as github.com/org/repo.
var hostLike = regexp.MustCompile(`^[\w-]+(\.[\w-]+)+/[\w./~-]+$`)

// ownerLike matches the short name of a repository, such as org/repo.
var ownerLike = regexp.MustCompile(`^[\w.-]+/[\w.-]+$`)

// parseLocation reads the input repository. The credentials in it come back
// apart; they are nil if there are none.
func parseLocation(text, workspace string) (location, *url.Userinfo, error) {
	for _, r := range text {
		if r == ' ' || unicode.IsControl(r) {
			return location{}, nil, errors.New("has a space or a control character in it")
		}
	}
	scheme, _, isURL := strings.Cut(text, "://")
	switch {
	case isURL && strings.EqualFold(scheme, "file"):
		u, err := url.Parse(text)
		if err != nil || u.Host != "" && u.Host != "localhost" || !path.IsAbs(u.Path) {
			return location{}, nil, errors.New("is not of the form file:///path")
		}
		return localLocation(u.Path, workspace)
	case isURL:
		return parseURL(text)
	case strings.HasPrefix(text, "/") || text == "." || text == ".." || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../"):
		return localLocation(text, workspace)
	case scpLike.MatchString(text):
		parts := scpLike.FindStringSubmatch(text)
		l := location{scheme: "ssh", user: parts[1], host: strings.Trim(parts[2], "[]"), path: parts[3], text: text}
		return l, nil, l.check()
	case hostLike.MatchString(text):
		return location{}, nil, fmt.Errorf("has no scheme (did you mean %q?)", "https://"+text)
	case ownerLike.MatchString(text):
		return location{}, nil, fmt.Errorf("is not a git URL (did you mean %q, or %q for a folder?)", "https://github.com/"+text, "./"+text)
	}
	return location{}, nil, errors.New("is not a git URL: https://host/path, ssh://user@host/path, user@host:path, or a folder")
}

func parseURL(text string) (location, *url.Userinfo, error) {
	u, err := url.Parse(text)
	if err != nil {
		// The cause alone: the error of net/url quotes the whole, with its secrets.
		var parseError *url.Error
		if errors.As(err, &parseError) {
			err = parseError.Err
		}
		return location{}, nil, fmt.Errorf("is not a URL: %w", err)
	}
	switch {
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "ssh" && u.Scheme != "git":
		return location{}, nil, fmt.Errorf("has the scheme %q: https, ssh and file are known", u.Scheme)
	case u.Hostname() == "":
		return location{}, nil, errors.New("names no host")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return location{}, nil, errors.New("has something behind its path: give the branch or tag as branch, and the files as file-paths")
	}
	user := u.User
	u.User = nil
	l := location{scheme: u.Scheme, host: u.Hostname(), port: u.Port(), path: u.Path}
	if u.Scheme == "ssh" && user != nil {
		l.user = user.Username()
		u.User = url.User(l.user)
	}
	if u.Scheme == "ssh" {
		// ssh://host/~user/repo is how a URL writes ~user/repo.
		l.path = regexp.MustCompile(`^/~`).ReplaceAllString(u.Path, "~")
	}
	l.text = u.String()
	return l, user, l.check()
}

func (l location) check() error {
	switch {
	case strings.Trim(l.path, "/") == "":
		return errors.New("names a host but no repository on it")
	case strings.HasPrefix(l.path, "-") || strings.HasPrefix(l.host, "-"):
		// Where a program on the server would take it for an option.
		return errors.New("has a name in it that starts with a dash")
	}
	return nil
}

func localLocation(folder, workspace string) (location, *url.Userinfo, error) {
	if !filepath.IsAbs(folder) {
		if workspace == "" {
			return location{}, nil, errors.New("is a relative path, and there is no workspace that it is relative to")
		}
		folder = filepath.Join(workspace, folder)
	}
	folder = filepath.Clean(folder)
	return location{scheme: "file", path: folder, text: folder}, nil, nil
}

// address is the host and port to connect to.
func (l location) address() string {
	port := l.port
	if port == "" {
		port = map[string]string{"https": "443", "http": "80", "ssh": "22", "git": "9418"}[l.scheme]
	}
	return net.JoinHostPort(l.host, port)
}

// loopback says whether the host is this machine.
func (l location) loopback() bool {
	ip := net.ParseIP(l.host)
	return l.host == "localhost" || ip != nil && ip.IsLoopback()
}
