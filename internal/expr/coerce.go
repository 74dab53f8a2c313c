package expr

import (
	"math"
	"strconv"
	"strings"
	"unicode"
)

// filtered is the result of .* and [*]: a list to whose items the next index applies one by
// one.
type filtered []any

// absent is the value of an index that names no member of from. The operators read it as
// null; where an expression needs a value, it may be an error.
type absent struct {
	index    *node
	from, by any
}

// IsPrimitive reports whether v is null, a boolean, a number or a string.
func IsPrimitive(v any) bool {
	switch v.(type) {
	case nil, bool, float64, string, absent:
		return true
	}
	return false
}

// isFalsy reports whether a condition reads v as false.
func isFalsy(v any) bool {
	switch v := v.(type) {
	case nil, absent:
		return true
	case bool:
		return !v
	case float64:
		return v == 0 || v != v
	case string:
		return v == ""
	}
	return false
}

// List returns the items of a list, and whether v is one.
func List(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case filtered:
		return v, true
	}
	return nil, false
}

// ToString converts a value to text. The text of a list or an object is the name of its kind.
func ToString(v any) string {
	switch v := v.(type) {
	case nil, absent:
		return ""
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return formatNumber(v)
	case string:
		return v
	}
	return kindOf(v)
}

// kindOf names the kind of v as GitHub does.
func kindOf(v any) string {
	switch v.(type) {
	case nil, absent:
		return "Null"
	case bool:
		return "Boolean"
	case float64:
		return "Number"
	case string:
		return "String"
	case []any, filtered:
		return "Array"
	}
	return "Object"
}

// toNumber converts v to a number; NaN if that is not possible.
func toNumber(v any) float64 {
	switch v := v.(type) {
	case nil, absent:
		return 0
	case bool:
		if v {
			return 1
		}
		return 0
	case float64:
		return v
	case string:
		return parseNumber(v)
	}
	return math.NaN()
}

// parseNumber reads a number as .NET's runtime does for GitHub's runner. It returns NaN for
// other texts.
func parseNumber(s string) float64 {
	s = strings.TrimFunc(s, unicode.IsSpace)
	switch {
	case s == "":
		return 0
	case isDecimal(s):
		n, _ := strconv.ParseFloat(s, 64) // out of range is ±Infinity
		return n
	case strings.HasPrefix(s, "0x"):
		return parseInt32(s[2:], 16)
	case strings.HasPrefix(s, "0o"):
		return parseInt32(s[2:], 8)
	}
	switch strings.ToLower(s) {
	case "infinity", "+infinity":
		return math.Inf(1)
	case "-infinity":
		return math.Inf(-1)
	}
	return math.NaN()
}

// isDecimal reports whether s is [+-] digits [. digits] [e [+-] digits], with a
// digit before or after the dot.
func isDecimal(s string) bool {
	whole, s := cutDigits(cutSign(s))
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction, s = cutDigits(s[1:])
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return s == ""
	}
	exponent, s := cutDigits(cutSign(s[1:]))
	return exponent > 0 && s == ""
}

// cutSign returns what follows a sign.
func cutSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

// cutDigits counts the digits that s begins with, and returns what follows.
func cutDigits(s string) (int, string) {
	rest := strings.TrimLeft(s, "0123456789")
	return len(s) - len(rest), rest
}

// parseInt32 reads the digits of a 32-bit number, whose highest bit is a sign.
func parseInt32(digits string, base int) float64 {
	n, err := strconv.ParseUint(digits, base, 32) // takes no sign
	if err != nil {
		return math.NaN()
	}
	return float64(int32(uint32(n)))
}

// formatNumber writes a number with up to 15 significant digits, as .NET's
// format G15 does. Minus zero is 0.
func formatNumber(n float64) string {
	switch {
	case n != n:
		return "NaN"
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case n == 0:
		return "0"
	}
	s := strconv.FormatFloat(n, 'e', 14, 64)
	mantissa, exponentText, _ := strings.Cut(s, "e")
	exponent, _ := strconv.Atoi(exponentText)
	if exponent > -5 && exponent < 15 {
		return trimZeros(strconv.FormatFloat(n, 'f', 14-exponent, 64))
	}
	sign, size := "+", exponent
	if exponent < 0 {
		sign, size = "-", -exponent
	}
	text := strconv.Itoa(size)
	if size < 10 {
		text = "0" + text
	}
	return trimZeros(mantissa) + "E" + sign + text
}

// trimZeros cuts the zeros off the end of a fraction.
func trimZeros(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// equal compares as == does: values of different kinds as numbers, strings without regard
// to case, lists and objects by identity.
func equal(a, b any) bool {
	a, b = alike(a, b)
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		b, same := b.(bool)
		return same && a == b
	case float64:
		b, same := b.(float64)
		return same && a == b
	case string:
		b, same := b.(string)
		return same && (a == b || upper(a) == upper(b))
	case *Object:
		b, same := b.(*Object)
		return same && a == b
	case []any:
		b, same := b.([]any)
		return same && sameList(a, b)
	case filtered:
		b, same := b.(filtered)
		return same && sameList(a, b)
	}
	return false
}

// compare returns -1, 0 or 1 for the order of a and b by < and >, and whether they have one.
func compare(a, b any) (int, bool) {
	a, b = alike(a, b)
	switch a := a.(type) {
	case bool:
		if b, same := b.(bool); same {
			return int(toNumber(a) - toNumber(b)), true
		}
	case float64:
		b, same := b.(float64)
		switch {
		case !same || a != a || b != b:
			return 0, false
		case a < b:
			return -1, true
		case a > b:
			return 1, true
		}
		return 0, true
	case string:
		if b, same := b.(string); same {
			return compareUTF16(upper(a), upper(b)), true
		}
	}
	return 0, false
}

// alike converts two values of different kinds to numbers, where that is possible.
func alike(a, b any) (any, any) {
	if kind := kindOf(a); kind == kindOf(b) {
		if kind == "Null" {
			return nil, nil
		}
		return a, b
	}
	a, b = loose(a), loose(b)
	if _, number := a.(float64); number {
		if s, is := b.(string); is {
			return a, parseNumber(s)
		}
	}
	if _, number := b.(float64); number {
		if s, is := a.(string); is {
			return parseNumber(s), b
		}
	}
	return a, b
}

// loose converts null and booleans to numbers.
func loose(v any) any {
	switch v.(type) {
	case nil, absent, bool:
		return toNumber(v)
	}
	return v
}

// sameList reports whether two lists are the same list, not only equal ones.
func sameList(a, b []any) bool {
	if len(a) != len(b) || cap(a) == 0 || cap(b) == 0 {
		return len(a) == len(b) && cap(a) == cap(b)
	}
	return &a[:1][0] == &b[:1][0]
}
