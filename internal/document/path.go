package document

import "strconv"

// MemberPath returns the path of the member key of the map at path, such as
// dockerLabels["com.example"]. It shortens a long key. An empty path is the
// whole document.
func MemberPath(path, key string) string {
	key = Shorten(key)
	switch {
	case !isWord(key):
		return path + "[" + strconv.Quote(key) + "]"
	case path == "":
		return key
	}
	return path + "." + key
}

// ItemPath returns the path of item i of the list at path, such as
// containerDefinitions[0]. i counts from 0.
func ItemPath(path string, i int) string {
	return path + "[" + strconv.Itoa(i) + "]"
}

// isWord reports whether a key needs no quotes in a path.
func isWord(key string) bool {
	for i := range len(key) {
		switch c := key[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-'):
		default:
			return false
		}
	}
	return key != ""
}
