package source

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
)

// entry makes one object of a pack: its header, what stands before its
// content, and that, deflated.
func entry(kind plumbing.ObjectType, before, content []byte) []byte {
	size := uint64(len(content))
	header := []byte{byte(kind)<<4 | byte(size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		header[len(header)-1] |= 0x80
		header = append(header, byte(size&0x7f))
	}
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	w.Write(content)
	w.Close()
	return append(append(header, before...), deflated.Bytes()...)
}

func packWith(entries ...[]byte) []byte {
	pack := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(entries)))
	for _, entry := range entries {
		pack = append(pack, entry...)
	}
	return append(pack, make([]byte, 20)...)
}

// append1 is a delta that copies a base of n bytes and appends a text.
func append1(n int, text string) []byte {
	delta := binary.AppendUvarint(nil, uint64(n))
	delta = binary.AppendUvarint(delta, uint64(n+len(text)))
	delta = append(delta, 0x90, byte(n)) // copy n bytes from the start
	return append(append(delta, byte(len(text))), text...)
}

// TestDeltas reads packs in every order that bases and deltas may come in.
func TestDeltas(t *testing.T) {
	base := []byte("the base")
	first, second := "the base, longer", "the base, longer, longest"
	id := func(text string) plumbing.Hash { return hashObject(plumbing.BlobObject, []byte(text)) }
	blob := entry(plumbing.BlobObject, nil, base)
	reference := func(base, text string) []byte {
		of := id(base)
		return entry(plumbing.REFDeltaObject, of[:], append1(len(base), strings.TrimPrefix(text, base)))
	}
	offset := func(distance int, base, text string) []byte {
		return entry(plumbing.OFSDeltaObject, []byte{byte(distance)}, append1(len(base), strings.TrimPrefix(text, base)))
	}
	one := reference("the base", first)
	for _, test := range []struct {
		name string
		pack []byte
	}{
		{"base first", packWith(blob, one, reference(first, second))},
		{"base last", packWith(reference(first, second), one, blob)},
		{"base in the middle", packWith(one, blob, reference(first, second))},
		{"by offset", packWith(blob, offset(len(blob), "the base", first), offset(len(offset(0, "the base", first)), first, second))},
		{"by offset of one that waits", packWith(one, offset(len(one), first, second), blob)},
		{"twice", packWith(blob, blob, one, one, reference(first, second))},
	} {
		s := newStore(1 << 20)
		var found []string
		err := s.readPack(bytes.NewReader(test.pack), func(_ *packed, id plumbing.Hash) error {
			found = append(found, id.String())
			return nil
		})
		if err != nil {
			t.Errorf("readPack(%s) = %v, want no error", test.name, err)
		}
		for _, want := range []string{string(base), first, second} {
			s.cache = inflatedCache{}
			kind, size, content, err := s.get(id(want))
			if string(content) != want || size != int64(len(want)) || kind != plumbing.BlobObject || err != nil {
				t.Errorf("%s: get(%q) = %s %d %q, %v", test.name, want, kind, size, content, err)
			}
			if !strings.Contains(strings.Join(found, " "), id(want).String()) {
				t.Errorf("%s: %q was not found", test.name, want)
			}
		}
	}
}

// TestLargeObjects holds that what is too large is known by its hash, or
// skipped, and never kept.
func TestLargeObjects(t *testing.T) {
	large := make([]byte, maxKept+1)
	blob := entry(plumbing.BlobObject, nil, large)
	id := hashObject(plumbing.BlobObject, large)
	child := entry(plumbing.REFDeltaObject, id[:], append1(1, "x"))
	s := newStore(1 << 20)
	if err := s.readPack(bytes.NewReader(packWith(blob, child)), func(*packed, plumbing.Hash) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if kind, size, content, err := s.get(id); kind != plumbing.BlobObject || size != maxKept+1 || content != nil || err != nil {
		t.Errorf("get(large) = %s %d %d bytes, %v", kind, size, len(content), err)
	}
	if s.skipped != 1 || s.used > 4*objectOverhead {
		t.Errorf("skipped %d, used %d bytes, want 1 and next to nothing", s.skipped, s.used)
	}

	// A delta may claim whatever it likes.
	bomb := binary.AppendUvarint(binary.AppendUvarint(nil, 8), 1<<50)
	small := hashObject(plumbing.BlobObject, []byte("the base"))
	s = newStore(1 << 20)
	pack := packWith(entry(plumbing.BlobObject, nil, []byte("the base")), entry(plumbing.REFDeltaObject, small[:], bomb))
	if err := s.readPack(bytes.NewReader(pack), func(*packed, plumbing.Hash) error { return nil }); err != nil || s.skipped != 1 {
		t.Errorf("readPack(a delta that claims a PiB) = %v, skipped %d, want 1 skipped", err, s.skipped)
	}
}

func TestLimit(t *testing.T) {
	s := newStore(100)
	err := s.readPack(bytes.NewReader(packWith(entry(plumbing.BlobObject, nil, []byte("x")))), func(*packed, plumbing.Hash) error { return nil })
	if !errors.Is(err, overLimit(100)) {
		t.Errorf("readPack above the limit = %v, want %v", err, overLimit(100))
	}
}

// FuzzReadPack holds that no pack makes readPack panic or hang, that what it
// keeps is counted, and that every object has the hash it is found by.
func FuzzReadPack(f *testing.F) {
	base := []byte("the base")
	id := hashObject(plumbing.BlobObject, base)
	f.Add(packWith(entry(plumbing.BlobObject, nil, base)))
	f.Add(packWith(entry(plumbing.REFDeltaObject, id[:], append1(len(base), "!")), entry(plumbing.BlobObject, nil, base)))
	f.Add(packWith(entry(plumbing.BlobObject, nil, base), entry(plumbing.OFSDeltaObject, []byte{17}, append1(len(base), "!"))))
	f.Add(packWith(entry(plumbing.CommitObject, nil, []byte("tree")), entry(plumbing.TreeObject, nil, nil), entry(plumbing.TagObject, nil, base)))
	f.Fuzz(func(t *testing.T, pack []byte) {
		const limit = 1 << 20
		s := newStore(limit)
		err := s.readPack(bytes.NewReader(pack), func(*packed, plumbing.Hash) error { return nil })
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("readPack = %v, which says nothing of a pack", err)
		}
		kept := 0
		for id, o := range s.objects {
			kept += len(o.deflated)
			s.cache = inflatedCache{}
			content, err := s.content(o)
			if err != nil {
				if errors.Is(err, errNotKept) {
					continue
				}
				t.Errorf("content(%s) = %v", id, err)
			}
			if got := hashObject(o.kind, content); got != id {
				t.Errorf("the object %s has the content of %s", id, got)
			}
		}
		if err == nil && int64(kept) > s.used {
			t.Errorf("kept %d bytes, counted %d", kept, s.used)
		}
	})
}
