package masks_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/masks"
)

// A secret is masked in every form.
func TestHide(t *testing.T) {
	const secret = `p"ss/w<rd & ümlaut+1`
	std, raw := base64.StdEncoding, base64.RawURLEncoding
	quoted, _ := json.Marshal(secret)
	for name, form := range map[string]string{
		"as it is":              secret,
		"JSON":                  string(quoted),
		"plain JSON":            strings.ReplaceAll(secret, `"`, `\"`),
		"query":                 url.QueryEscape(secret),
		"path":                  url.PathEscape(secret),
		"JSON in ASCII":         "p\\\"ss/w<rd & \\u00fcmlaut+1",
		"JSON in ASCII, upper":  "p\\\"ss\\/w\\u003Crd \\u0026 \\u00FCmlaut+1",
		"JSON of .NET":          "p\\u0022ss/w\\u003Crd \\u0026 \\u00FCmlaut\\u002B1",
		"JSON of PHP":           "p\\\"ss\\/w<rd & \\u00fcmlaut+1",
		"encodeURIComponent":    "p%22ss%2Fw%3Crd%20%26%20%C3%BCmlaut%2B1",
		"quote of Python":       "p%22ss/w%3Crd%20%26%20%C3%BCmlaut%2B1",
		"lower digits":          "p%22ss%2fw%3crd+%26+%c3%bcmlaut%2b1",
		"base64":                std.EncodeToString([]byte(secret)),
		"base64 for URLs":       raw.EncodeToString([]byte(secret)),
		"base64 of a line":      std.EncodeToString([]byte(secret + "\n")),
		"basic authorization":   std.EncodeToString([]byte("me:" + secret)),
		"basic authorization 2": std.EncodeToString([]byte("you:" + secret + "!")),
		"basic authorization 3": std.EncodeToString([]byte("user:" + secret)),
	} {
		var m masks.Masks
		if _, ok := m.Add(secret); !ok {
			t.Fatal("Add is false, want true")
		}
		if got := m.Hide("value=" + form + ";"); !strings.Contains(got, "***") || strings.Contains(got, form) {
			t.Errorf("%s: Hide(%q) = %q", name, form, got)
		}
	}
}

func TestHideLines(t *testing.T) {
	for _, tt := range []struct {
		name     string
		secrets  []string
		in, want string
	}{
		{"none", nil, "secret", "secret"},
		{"each line", []string{"-----BEGIN KEY-----\r\nMIIEvQIBADAN\n-----END KEY-----\n"},
			"x -----END KEY-----, MIIEvQIBADAN", "x ***, ***"},
		{"the longer of two as a whole", []string{"secret", "secret-and-more"}, "secret-and-more secret", "*** ***"},
	} {
		var m masks.Masks
		for _, secret := range tt.secrets {
			m.Add(secret)
		}
		if got := m.Hide(tt.in); got != tt.want {
			t.Errorf("%s: Hide(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// Each form is returned once. A secret that would mask half of a text is ignored.
func TestAdd(t *testing.T) {
	var m masks.Masks
	if forms, ok := m.Add("a%\nlonger"); !ok || len(forms) == 0 || forms[0] != "longer" {
		t.Errorf("Add = %q, %v, want the long line first", forms, ok)
	}
	if forms, ok := m.Add("longer"); !ok || len(forms) == 0 || forms[0] == "longer" {
		t.Errorf("Add of a masked value = %q, %v, want its other forms", forms, ok)
	}
	for _, short := range []string{"", " ", "abc", " abc\n"} {
		if forms, ok := m.Add(short); ok || forms != nil {
			t.Errorf("Add(%q) = %q, %v, want none", short, forms, ok)
		}
	}
	if got := m.Hide("abc"); got != "abc" {
		t.Errorf("Hide = %q, want what it was given", got)
	}
}
