package taskdef

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// Limits on tags. Lengths count characters.
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// isTagText reports whether a text has only characters of keys and values of tags: letters,
// digits and spaces of Unicode, without tabs and line breaks, and _ . : / = + - @.
func isTagText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(c rune) bool {
		return !unicode.In(c, unicode.L, unicode.Z, unicode.N) && !strings.ContainsRune("_.:/=+-@", c)
	})
}

// mergeOuterTags adds the tags beside a definition to its own. The same key with two values
// is a fault.
func (d *decoder) mergeOuterTags(n, outer *document.Node, path string) *document.Node {
	if outer == nil || outer.Kind == document.Null || outer.Kind == document.List && len(outer.Items) == 0 {
		return n
	}
	inner := n.Member("tags")
	switch {
	case inner == nil || len(inner.Items) == 0 && inner.Kind == document.List, outer.Kind != document.List:
		return n.With("tags", outer)
	case inner.Kind != document.List:
		return n // the check of shapes reports it
	}
	first := make(map[string]*document.Node, len(inner.Items))
	for _, tag := range inner.Items {
		first[valueOf(tag.Member("key"))] = tag
	}
	merged := *inner
	merged.Items = slices.Clone(inner.Items)
	for _, tag := range outer.Items {
		key := valueOf(tag.Member("key"))
		same := first[key]
		if key == "" || same == nil {
			merged.Items = append(merged.Items, tag)
		} else if valueOf(same.Member("value")) != valueOf(tag.Member("value")) {
			d.Fault(tag.Place, document.MemberPath(path, "tags"), "tag-conflict", "",
				"the tag %q has another value inside of the definition, at "+
					"%d:%d", document.Shorten(key), same.Place.Line, same.Place.Column)
		}
	}
	return n.With("tags", &merged)
}

// valueOf returns the text of a scalar, "" for nil.
func valueOf(n *document.Node) string {
	if n == nil {
		return ""
	}
	return n.Text
}

// CheckTags checks tags that come from an input, by the rules for those of definitions. The
// error joins a [*document.Error] for each fault.
func CheckTags(tags []Tag) error {
	var f document.Findings
	seen := map[string]bool{}
	for _, t := range tags {
		checkTag(&f, t, t.Place, t.Place, "tags", "tags")
		if isReserved(t.Key) {
			f.Fault(t.Place, "tags", "tag-aws", "", "the key %q begins with aws:, which only AWS may use",
				document.Shorten(t.Key))
		}
		if seen[t.Key] {
			f.Fault(t.Place, "tags", "tag-duplicate", "", "the tag %q is given twice", document.Shorten(t.Key))
		}
		seen[t.Key] = true
	}
	if len(tags) > maxTags {
		f.Fault(tags[maxTags].Place, "tags", "tag-count", "", "%d tags are more than the %d that there can be", len(tags),
			maxTags)
	}
	return f.Err()
}

// withTags returns the definition with the tags that it is registered with: its own without
// those of AWS, with those of the options merged over them.
func (d *decoder) withTags(tree *document.Node, path string) (*document.Node, []Tag) {
	own := tree.Member("tags")
	if own != nil && own.Kind != document.List {
		return tree, nil // the check of shapes has reported it
	}
	list := document.Node{Kind: document.List, Place: placeOf(own, tree)}
	path = document.MemberPath(path, "tags")
	var tags []Tag // of the items of list
	tags, list.Items = d.ownTags(own, path)
	for _, t := range d.options.Tags {
		i := slices.IndexFunc(tags, func(own Tag) bool { return own.Key == t.Key })
		if i < 0 {
			tags, list.Items = append(tags, t), append(list.Items, tagNode(t))
			continue
		}
		if tags[i].Value != t.Value {
			d.Notice(tags[i].Place, path, "tag-overridden", "the tag %q takes its value from the input tags",
				document.Shorten(t.Key))
		}
		tags[i], list.Items[i] = t, tagNode(t)
	}
	if len(tags) > maxTags {
		d.Fault(list.Place, path, "tag-count", "", "%d tags are more than the %d that a definition can have", len(tags),
			maxTags)
	}
	if len(tags) > 0 {
		return tree.With("tags", &list), tags
	}
	return tree.Without(func(m document.Member) bool { return m.Key.Text == "tags" }), nil
}

// ownTags returns the tags of a definition without those of AWS, and their nodes.
func (d *decoder) ownTags(own *document.Node, path string) ([]Tag, []*document.Node) {
	var tags []Tag
	var nodes []*document.Node
	var reserved []string
	seen := map[string]document.Place{}
	for i, item := range own.List() {
		if item.Kind != document.Map {
			continue // the check of shapes has reported it
		}
		path := document.ItemPath(path, i)
		key, value := item.Member("key"), item.Member("value")
		t := Tag{Key: valueOf(key), Value: valueOf(value), Place: item.Place}
		if isReserved(t.Key) {
			if len(reserved) < maxTags {
				reserved = append(reserved, document.Shorten(t.Key))
			}
			continue
		}
		checkTag(&d.Findings, t, placeOf(key, item), placeOf(value, item), document.MemberPath(path, "key"),
			document.MemberPath(path, "value"))
		if first, twice := seen[t.Key]; twice && t.Key != "" {
			d.Fault(placeOf(key, item), path, "tag-duplicate", "",
				"the tag %q is given twice, first at %d:%d", document.Shorten(t.Key), first.Line, first.Column)
		}
		seen[t.Key] = t.Place
		tags, nodes = append(tags, t), append(nodes, item)
	}
	if len(reserved) > 0 {
		d.Notice(own.Place, path, "tag-aws", "left out tags that only AWS may set: %s", strings.Join(reserved, ", "))
	}
	return tags, nodes
}

// isReserved reports whether only AWS may use a key or value of a tag.
func isReserved(s string) bool {
	return len(s) >= 4 && strings.EqualFold(s[:4], "aws:")
}

// checkTag checks the texts of one tag.
func checkTag(f *document.Findings, t Tag, keyPlace, valuePlace document.Place, keyPath, valuePath string) {
	switch n := utf8.RuneCountInString(t.Key); {
	case n == 0:
		f.Fault(keyPlace, keyPath, "tag-key", "", "a tag must have a key")
	case n > maxTagKey:
		f.Fault(keyPlace, keyPath, "tag-key", "", "a key of %d characters is longer than the %d that a tag can have", n,
			maxTagKey)
	}
	if n := utf8.RuneCountInString(t.Value); n > maxTagValue {
		f.Fault(valuePlace, valuePath, "tag-value", "", "a value of %d characters is longer than the %d that a tag can have",
			n, maxTagValue)
	}
	const allowed = "letters, digits, spaces and _ . : / = + - @"
	if !isTagText(t.Key) {
		f.Fault(keyPlace, keyPath, "tag-characters", "", "the key %q has other characters than %s", document.Shorten(t.Key),
			allowed)
	}
	if !isTagText(t.Value) {
		f.Fault(valuePlace, valuePath, "tag-characters", "", "the value of %q has other characters than %s",
			document.Shorten(t.Key), allowed)
	}
	if isReserved(t.Value) {
		f.Fault(valuePlace, valuePath, "tag-aws", "", "the value of %q begins with aws:, which only AWS may use",
			document.Shorten(t.Key))
	}
}

func tagNode(t Tag) *document.Node {
	text := func(s string) *document.Node {
		return &document.Node{Kind: document.String, Text: s, Place: t.Place}
	}
	return &document.Node{Kind: document.Map, Place: t.Place, Members: []document.Member{
		{Key: text("key"), Value: text(t.Key)}, {Key: text("value"), Value: text(t.Value)},
	}}
}

// placeOf returns the place of a node, or of what it would stand in.
func placeOf(n, around *document.Node) document.Place {
	if n != nil {
		return n.Place
	}
	return around.Place
}
