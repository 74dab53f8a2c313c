package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// The packets of the git protocol that carry no data. See
// https://git-scm.com/docs/protocol-common and https://git-scm.com/docs/protocol-v2.
const (
	flushPacket     = "0000"
	delimiterPacket = "0001"
)

// packet is one pkt-line. Its data is valid until the next is read.
type packet struct {
	data    []byte // without the line feed at its end, if it is text
	control bool   // it is a flush, delimiter or response end, without data
}

// packetReader reads pkt-lines.
type packetReader struct {
	r      io.Reader
	buffer [65520]byte
}

// next returns the next packet. The server's own error packet is an error of
// type [refusal].
func (p *packetReader) next() (packet, error) {
	var size [4]byte
	if _, err := io.ReadFull(p.r, size[:]); err != nil {
		return packet{}, err
	}
	n, err := strconv.ParseUint(string(size[:]), 16, 16)
	if err != nil || n == 3 || n > uint64(len(p.buffer)) {
		return packet{}, fmt.Errorf("the server does not speak git: %q is not the length of a packet", size[:])
	}
	if n < 4 {
		return packet{control: true}, nil
	}
	data := p.buffer[:n-4]
	if _, err := io.ReadFull(p.r, data); err != nil {
		return packet{}, unexpectedEnd(err)
	}
	if message, ok := bytes.CutPrefix(data, []byte("ERR ")); ok {
		return packet{}, refusal(clean(message))
	}
	return packet{data: data}, nil
}

// line returns the next packet as text. The end of a section is ok == false.
func (p *packetReader) line() (line string, ok bool, err error) {
	next, err := p.next()
	if err != nil {
		return "", false, unexpectedEnd(err)
	}
	return strings.TrimSuffix(string(next.data), "\n"), !next.control, nil
}

// packStream reads the pack out of the packets of a side band.
type packStream struct {
	packets *packetReader
	rest    []byte
}

func (p *packStream) Read(b []byte) (int, error) {
	for len(p.rest) == 0 {
		next, err := p.packets.next()
		if err != nil {
			return 0, unexpectedEnd(err)
		}
		if next.control {
			return 0, io.EOF
		}
		if len(next.data) == 0 {
			continue
		}
		switch next.data[0] {
		case 1:
			p.rest = next.data[1:]
		case 2: // progress, or a sign of life
		case 3:
			return 0, refusal(clean(next.data[1:]))
		default:
			return 0, fmt.Errorf("the server does not speak git: side band %d", next.data[0])
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// unexpectedEnd is err, where an end of what is read is not to be expected.
func unexpectedEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// refusal is what a git server says when it can't or won't do something.
type refusal string

func (r refusal) Error() string { return "the server says: " + string(r) }

// isRefusal says whether the server answered, and answered no.
func isRefusal(err error) bool {
	var r refusal
	return errors.As(err, &r)
}

// clean makes a server's message fit for one line of ours.
func clean(message []byte) string {
	const limit = 300
	text := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(message), "?"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return text
}

// encodePacket writes one pkt-line.
func encodePacket(w *bytes.Buffer, format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(w, "%04x%s", len(line)+4, line)
}
