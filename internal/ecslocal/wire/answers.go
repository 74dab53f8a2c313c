package wire

import (
	"encoding/base64"
	"slices"
)

// Parts of responses that several operations of ECS have.

// Failure returns an item of a list of failures.
func Failure(arn, reason, detail string) Object {
	f := Object{"reason": reason}
	if arn != "" {
		f["arn"] = arn
	}
	if detail != "" {
		f["detail"] = detail
	}
	return f
}

// Tags returns a list of tags.
func Tags(tags []Object) []any {
	list := make([]any, 0, len(tags))
	for _, tag := range tags {
		list = append(list, Object{"key": Text(tag, "key"), "value": Text(tag, "value")})
	}
	return list
}

// MergeTags returns the tags of base with those of over in their place.
func MergeTags(base, over []Object) []Object {
	merged := slices.Clone(over)
	for _, tag := range base {
		if !slices.ContainsFunc(over, func(o Object) bool { return Text(o, "key") == Text(tag, "key") }) {
			merged = append(merged, tag)
		}
	}
	return merged
}

// An Item may be on a page of a list.
type Item struct {
	Name   string
	Listed bool
}

// Page returns the page of a list that the nextToken and the maxResults (at most 100) of a
// request select. A token is the last item of the page before, so that items which are no
// longer listed do not shift the pages.
func Page(in Object, member string, all []Item) (any, error) {
	size := Int(in, "maxResults", 100)
	if size < 1 || size > 100 {
		return nil, InvalidParameter("maxResults must be between 1 and 100.")
	}
	if token := Text(in, "nextToken"); token != "" {
		last, err := base64.URLEncoding.DecodeString(token)
		i := slices.IndexFunc(all, func(i Item) bool { return i.Name == string(last) })
		if err != nil || i < 0 {
			return nil, InvalidParameter("Invalid token")
		}
		all = all[i+1:]
	}
	names := []string{}
	for _, i := range all {
		if !i.Listed {
			continue
		}
		if len(names) == size {
			token := base64.URLEncoding.EncodeToString([]byte(names[size-1]))
			return Object{member: names, "nextToken": token}, nil
		}
		names = append(names, i.Name)
	}
	return Object{member: names}, nil
}
