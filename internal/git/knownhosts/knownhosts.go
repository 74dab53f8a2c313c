// Package knownhosts checks host keys of ssh by the lines of a known_hosts file that are given
// as a text. There is no trust on first use. The package reads no file: that of
// golang.org/x/crypto/ssh/knownhosts reads files only, which would have to be written first.
package knownhosts

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"path"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// knownHost is one line of a known_hosts file. See SSH_KNOWN_HOSTS FILE FORMAT
// in sshd(8).
type knownHost struct {
	marker   string // cert-authority, revoked or nothing
	patterns []string
	key      ssh.PublicKey
}

// Keys are the host keys that are trusted, or revoked.
type Keys []knownHost

// Parse reads the lines of a known_hosts file.
func Parse(text string) (Keys, error) {
	var known Keys
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		marker, patterns, key, _, _, err := ssh.ParseKnownHosts([]byte(line))
		if err != nil {
			return nil, fmt.Errorf("ssh-known-hosts: line %d is not in the format of known_hosts, such as \"github.com "+
				"ssh-ed25519 AAAA...\"", number)
		}
		known = append(known, knownHost{marker, patterns, key})
	}
	return known, nil
}

// matches reports whether the line is for a host, by its name in known_hosts.
func (k knownHost) matches(host string) bool {
	matched := false
	for _, pattern := range k.patterns {
		pattern, negated := strings.CutPrefix(pattern, "!")
		if !matchHost(pattern, host) {
			continue
		}
		if negated {
			return false
		}
		matched = true
	}
	return matched
}

func matchHost(pattern, host string) bool {
	if hashed, ok := strings.CutPrefix(pattern, "|1|"); ok {
		salt, sum, _ := strings.Cut(hashed, "|")
		key, err := base64.StdEncoding.DecodeString(salt)
		if err != nil {
			return false
		}
		mac := hmac.New(sha1.New, key)
		mac.Write([]byte(host))
		want, err := base64.StdEncoding.DecodeString(sum)
		return err == nil && hmac.Equal(mac.Sum(nil), want)
	}
	// Brackets are part of a name with a port, not a set of characters.
	pattern = strings.NewReplacer(`\`, `\\`, "[", `\[`).Replace(pattern)
	matched, err := path.Match(strings.ToLower(pattern), host)
	return err == nil && matched
}

// hostName returns a host as known_hosts has it: the name alone for port 22, else [name]:port.
func hostName(address string) string { return strings.ToLower(knownhosts.Normalize(address)) }

// about returns the lines for the host at an address that have the marker.
func (k Keys) about(address, marker string) Keys {
	host := hostName(address)
	return slices.DeleteFunc(slices.Clone(k), func(line knownHost) bool {
		return line.marker != marker || !line.matches(host)
	})
}

func (k Keys) have(key ssh.PublicKey) bool {
	return slices.ContainsFunc(k, func(line knownHost) bool {
		return bytes.Equal(line.key.Marshal(), key.Marshal())
	})
}

// Algorithms returns the host key algorithms to request, so that the server at an address shows
// the known one of its keys. It is nil for any.
func (k Keys) Algorithms(address string) []string {
	var algorithms []string
	for _, line := range k.about(address, "") {
		if line.key.Type() == ssh.KeyAlgoRSA {
			algorithms = append(algorithms, ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256)
			continue
		}
		algorithms = append(algorithms, line.key.Type())
	}
	if len(k.about(address, "cert-authority")) > 0 {
		algorithms = append([]string{ssh.CertAlgoED25519v01, ssh.CertAlgoECDSA256v01, ssh.CertAlgoECDSA384v01,
			ssh.CertAlgoECDSA521v01,
			ssh.CertAlgoRSASHA512v01, ssh.CertAlgoRSASHA256v01}, algorithms...)
	}
	slices.Sort(algorithms)
	return slices.Compact(algorithms)
}

// Check returns the callback that checks the key of the server at an address.
func (k Keys) Check(address string) ssh.HostKeyCallback {
	checker := &ssh.CertChecker{
		IsHostAuthority: func(authority ssh.PublicKey, _ string) bool {
			return k.about(address, "cert-authority").have(authority)
		},
		IsRevoked: func(certificate *ssh.Certificate) bool {
			revoked := k.about(address, "revoked")
			return revoked.have(certificate) || revoked.have(certificate.SignatureKey) || revoked.have(certificate.Key)
		},
		HostKeyFallback: func(_ string, _ net.Addr, key ssh.PublicKey) error { return k.checkKey(address, key) },
	}
	return func(_ string, remote net.Addr, key ssh.PublicKey) error {
		return checker.CheckHostKey(address, remote, key)
	}
}

// ErrUntrusted is wrapped by the errors of host keys that are unknown, changed or revoked.
var ErrUntrusted = errors.New("the host key is not trusted")

func (k Keys) checkKey(address string, key ssh.PublicKey) error {
	host := hostName(address)
	shown := key.Type() + " " + ssh.FingerprintSHA256(key)
	line := host + " " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	known := k.about(address, "")
	switch {
	case k.about(address, "revoked").have(key):
		return fmt.Errorf("%w: %s shows %s, which ssh-known-hosts says is revoked", ErrUntrusted, host, shown)
	case known.have(key):
		return nil
	case len(known) > 0:
		var fingerprints []string
		for _, line := range known {
			fingerprints = append(fingerprints, line.key.Type()+" "+ssh.FingerprintSHA256(line.key))
		}
		return fmt.Errorf("%w: %s shows %s, but ssh-known-hosts has %s: its key has changed, or another answers in its place",
			ErrUntrusted, host, shown, strings.Join(fingerprints, ", "))
	}
	return fmt.Errorf("%w: ssh-known-hosts has no key of %s, which shows %s\nif this is the fingerprint that the "+
		"server's owner publishes, add this line to ssh-known-hosts:\n%s",
		ErrUntrusted, host, shown, line)
}
