package document

import (
	"math/big"
	"strings"
)

// resolve returns the kind of a plain scalar by the core schema of YAML 1.2, and its text in
// JSON. The text is empty for a number that JSON does not have.
func resolve(s string) (Kind, string) {
	if s != "" && !strings.ContainsRune("~nNtTfF.+-0123456789", rune(s[0])) {
		return String, s // most scalars
	}
	switch s {
	case "", "~", "null", "Null", "NULL":
		return Null, ""
	case "true", "True", "TRUE":
		return Bool, "true"
	case "false", "False", "FALSE":
		return Bool, "false"
	case ".nan", ".NaN", ".NAN":
		return Number, ""
	}
	if literal, ok := integer(s); ok {
		return Number, literal
	}
	switch _, unsigned := cutSign(s); unsigned {
	case ".inf", ".Inf", ".INF":
		return Number, ""
	}
	if literal, ok := float(s); ok {
		return Number, literal
	}
	return String, s
}

// integer returns the decimal digits of an integer of the core schema.
func integer(s string) (string, bool) {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0o") {
		digits, base := s[2:], 16
		if s[1] == 'o' {
			base = 8
		}
		if len(digits) > maxNumber { // too long to convert: the caller reports it
			return digits, strings.Trim(digits, "0123456789abcdefABCDEF") == ""
		}
		if strings.ContainsAny(digits, "+-_") {
			return "", false
		}
		i, ok := new(big.Int).SetString(digits, base)
		if !ok {
			return "", false
		}
		return i.String(), true
	}
	sign, digits := cutSign(s)
	if !isDigits(digits) {
		return "", false
	}
	return sign + cutZeros(digits), true
}

// float returns a number with a fraction or an exponent as JSON spells it.
func float(s string) (string, bool) {
	sign, s := cutSign(s)
	mantissa, exponent := s, ""
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exponent = s[:i], s[i:]
	}
	whole, fraction, point := strings.Cut(mantissa, ".")
	if !isDigits(whole+fraction) || exponent == "" && !point {
		return "", false
	}
	literal := sign + cutZeros(whole)
	if point {
		literal += "." + fraction
	}
	if point && fraction == "" {
		literal += "0"
	}
	literal += exponent
	return literal, isNumber(literal)
}

// isDigits reports whether s is decimal digits and nothing else.
func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// cutSign splits the sign of a number, as JSON has it, from the rest.
func cutSign(s string) (sign, rest string) {
	if rest, found := strings.CutPrefix(s, "-"); found {
		return "-", rest
	}
	return "", strings.TrimPrefix(s, "+")
}

// cutZeros removes leading zeros. It returns 0 if no other digit is left.
func cutZeros(digits string) string {
	if rest := strings.TrimLeft(digits, "0"); rest != "" {
		return rest
	}
	return "0"
}
