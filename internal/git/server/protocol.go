package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/go-git/go-git/v5/plumbing/format/pktline"
	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
	"github.com/go-git/go-git/v5/plumbing/transport"
)

// A Refusal is the message of a git server that refuses a request.
type Refusal string

func (r Refusal) Error() string { return "the server says: " + string(r) }

// IsRefusal reports whether the server has refused a request.
func IsRefusal(err error) bool {
	var r Refusal
	return errors.As(err, &r)
}

// explainProtocol returns an error of go-git as one of this package.
func explainProtocol(err error) error {
	var refused *pktline.ErrorLine
	var unexpected *packp.ErrUnexpectedData
	switch {
	case errors.As(err, &refused):
		return Refusal(Clean(refused.Text))
	case errors.As(err, &unexpected):
		if bytes.Contains(unexpected.Data, []byte("object-format=sha256")) {
			return errors.New("the repository names its objects by sha256, and only sha1 is known")
		}
		return fmt.Errorf("the server does not speak git: %q: %s", Clean(string(unexpected.Data)), unexpected.Msg)
	case errors.Is(err, packp.ErrEmptyInput), errors.Is(err, transport.ErrEmptyUploadPackRequest):
		return fmt.Errorf("read the server's answer: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// Clean returns a message of a server as one line of limited length.
func Clean(message string) string {
	const limit = 300
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(message, "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}
