package logs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A pattern is a filter pattern for unstructured lines:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type pattern struct {
	all, any, none []term
}

type term struct {
	text  string
	regex *regexp.Regexp
}

func (t term) in(message string) bool {
	if t.regex != nil {
		return t.regex.MatchString(message)
	}
	return strings.Contains(message, t.text)
}

func (p pattern) matches(message string) bool {
	in := func(t term) bool { return t.in(message) }
	return !slices.ContainsFunc(p.all, func(t term) bool { return !in(t) }) &&
		(len(p.any) == 0 || slices.ContainsFunc(p.any, in)) &&
		!slices.ContainsFunc(p.none, in)
}

var patternTerms = regexp.MustCompile(`^([?-]?)(?:"([^"]*)"|%([^%]*)%|(\S+))`)

func parsePattern(text string) (p pattern, err error) {
	invalid := func(format string, args ...any) error {
		return wire.InvalidParameter("Invalid filter pattern: "+format, args...)
	}
	text = strings.TrimSpace(text)
	if len(text) > 1024 {
		return p, invalid("it has more than 1024 characters")
	}
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return p, invalid("the local CloudWatch Logs has no JSON patterns and no patterns of fields, only terms: word \"a " +
			"phrase\" ?any -none %%regex%%")
	}
	for text != "" {
		m := patternTerms.FindStringSubmatch(text)
		if m == nil {
			return p, invalid("%s", text)
		}
		t := term{text: m[2] + m[4]}
		if m[3] != "" {
			if t.regex, err = regexp.Compile(m[3]); err != nil {
				return p, invalid("%v", err)
			}
		}
		switch m[1] {
		case "?":
			p.any = append(p.any, t)
		case "-":
			p.none = append(p.none, t)
		default:
			p.all = append(p.all, t)
		}
		text = strings.TrimSpace(text[len(m[0]):])
	}
	return p, nil
}

// describeDropped returns a text about dropped events of a stream.
func describeDropped(s *stream) string {
	return fmt.Sprintf("[local ECS: %d older lines of this stream were dropped; it holds %d MiB of compressed logs]",
		s.dropped, maxStored>>20)
}
