package objects

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
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
	sum := sha1.Sum(pack)
	return append(pack, sum[:]...)
}

// append1 is a delta that copies a base of n bytes and appends a text.
func append1(n int, text string) []byte {
	delta := binary.AppendUvarint(nil, uint64(n))
	delta = binary.AppendUvarint(delta, uint64(n+len(text)))
	delta = append(delta, 0x90, byte(n)) // copy n bytes from the start
	return append(append(delta, byte(len(text))), text...)
}

func blobID(text string) plumbing.Hash {
	return plumbing.ComputeHash(plumbing.BlobObject, []byte(text))
}

// TestDeltas reads packs in the orders that bases and deltas come in. Git writes the base
// of a delta first.
func TestDeltas(t *testing.T) {
	base, first, second := "the base", "the base, longer", "the base, longer, longest"
	blob := entry(plumbing.BlobObject, nil, []byte(base))
	reference := func(base, text string) []byte {
		of := blobID(base)
		return entry(plumbing.REFDeltaObject, of[:], append1(len(base), strings.TrimPrefix(text, base)))
	}
	offset := func(distance int, base, text string) []byte {
		return entry(plumbing.OFSDeltaObject, []byte{byte(distance)}, append1(len(base), strings.TrimPrefix(text, base)))
	}
	one := reference(base, first)
	for _, test := range []struct {
		name string
		pack []byte
	}{
		{"base first", packWith(blob, one, reference(first, second))},
		{"base in the middle", packWith(one, blob, reference(first, second))},
		{"by offset", packWith(blob, offset(len(blob), base, first), offset(len(offset(0, base, first)), first, second))},
		{"by offset of a delta before its base", packWith(one, offset(len(one), first, second), blob)},
	} {
		p := NewStore(1 << 20)
		if err := p.AddPack(t.Context(), bytes.NewReader(test.pack)); err != nil {
			t.Errorf("add(%s) = %v, want no error", test.name, err)
			continue
		}
		for _, want := range []string{base, first, second} {
			kind, size, content, err := p.Get(blobID(want))
			if string(content) != want || size != int64(len(want)) || kind != plumbing.BlobObject || err != nil {
				t.Errorf("%s: get(%q) = %s %d %q, %v", test.name, want, kind, size, content, err)
			}
		}
	}
}

// TestPackLimits checks that nothing is inflated into memory above the limit.
func TestPackLimits(t *testing.T) {
	const limit = 1 << 20
	base := entry(plumbing.BlobObject, nil, []byte("the base"))
	bomb := binary.AppendUvarint(binary.AppendUvarint(nil, 8), 1<<50)
	id := blobID("the base")
	for _, test := range []struct {
		name string
		pack []byte
		want string
	}{
		{"blob", packWith(entry(plumbing.BlobObject, nil, make([]byte, limit+1))),
			"an object claims 1.0 MiB, over the limit of 1 MiB"},
		{"delta", packWith(base, entry(plumbing.REFDeltaObject, id[:], bomb)),
			"an object claims 1 PiB, over the limit of 1 MiB"},
		{"large delta", packWith(base, entry(plumbing.REFDeltaObject, id[:], make([]byte, limit+1))),
			"an object claims 1.0 MiB"},
		{"delta without sizes", packWith(base, entry(plumbing.REFDeltaObject, id[:], []byte{0x80})), "invalid delta"},
		{"many objects", packWith(make([][]byte, limit/objectOverhead+1)...),
			"the objects take more memory than the limit of 1 MiB"},
		{"checksum", append(packWith(base)[:len(packWith(base))-1], 0), "checksum mismatch"},
	} {
		p := NewStore(limit)
		err := p.AddPack(t.Context(), bytes.NewReader(test.pack))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("add(%s) = %v, want %s", test.name, err, test.want)
		}
	}
}

// TestLargeBlob checks that a blob above the limit of files is known by its size alone.
func TestLargeBlob(t *testing.T) {
	for _, size := range []int{MaxFile + 1, maxObject + 1} {
		text := strings.Repeat("x", size)
		p := NewStore(64 << 20)
		if err := p.AddPack(t.Context(),
			bytes.NewReader(packWith(entry(plumbing.BlobObject, nil, []byte(text))))); err != nil {
			t.Fatal(err)
		}
		kind, got, content, err := p.Get(blobID(text))
		if kind != plumbing.BlobObject || got != int64(size) || content != nil || err != nil {
			t.Errorf("get(a blob of %d bytes) = %s %d %d bytes, %v", size, kind, got, len(content), err)
		}
	}
}

// TestPackContext checks that the parser ends with its context.
func TestPackContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped"))
	err := NewStore(1<<20).AddPack(ctx, bytes.NewReader(packWith(entry(plumbing.BlobObject, nil, []byte("x")))))
	if err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("add = %v, want stopped", err)
	}
}

// FuzzAddPack checks that no pack makes add panic or hang, and that every object that is
// found has the hash it is found by.
func FuzzAddPack(f *testing.F) {
	id := blobID("the base")
	blob := entry(plumbing.BlobObject, nil, []byte("the base"))
	f.Add(blob, uint32(1))
	f.Add(append(entry(plumbing.REFDeltaObject, id[:], append1(8, "!")), blob...), uint32(2))
	f.Add(append(bytes.Clone(blob), entry(plumbing.OFSDeltaObject, []byte{byte(len(blob))}, append1(8, "!"))...),
		uint32(2))
	f.Add(append(entry(plumbing.CommitObject, nil, []byte("tree")), entry(plumbing.TagObject, nil, nil)...), uint32(2))
	f.Fuzz(func(t *testing.T, objects []byte, count uint32) {
		pack := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)
		pack = append(pack, objects...)
		sum := sha1.Sum(pack)
		p := NewStore(1 << 20)
		if err := p.AddPack(t.Context(), bytes.NewReader(append(pack, sum[:]...))); err != nil {
			return
		}
		ids, err := p.HashesWithPrefix(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			kind, _, content, err := p.Get(id)
			if err != nil {
				t.Errorf("Get(%s) = %v", id, err)
			}
			if got := plumbing.ComputeHash(kind, content); got != id {
				t.Errorf("the object %s has the content of %s", id, got)
			}
		}
	})
}
