package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Query is an expression of the cluster query language of placement constraints of the type
// memberOf and of ListContainerInstances:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
type Query interface {
	// Match reports whether the query is true. values returns the values of a subject, such
	// as "attribute:ecs.os-type" or "runningTasksCount"; nil if it does not exist.
	Match(values func(subject string) []string) bool
}

type (
	anyOf      []Query
	allOf      []Query
	negation   struct{ Query }
	comparison struct {
		subject, operator string
		arguments         []string
		pattern           *regexp.Regexp // of matches
	}
)

func (q anyOf) Match(values func(string) []string) bool {
	return slices.ContainsFunc(q, func(q Query) bool { return q.Match(values) })
}

func (q allOf) Match(values func(string) []string) bool {
	return !slices.ContainsFunc(q, func(q Query) bool { return !q.Match(values) })
}

func (q negation) Match(values func(string) []string) bool { return !q.Query.Match(values) }

func (q comparison) Match(values func(string) []string) bool {
	found := values(q.subject)
	switch q.operator {
	case "exists":
		return len(found) > 0
	case "==", "in":
		return slices.ContainsFunc(found, func(v string) bool { return slices.Contains(q.arguments, v) })
	case "=~":
		return slices.ContainsFunc(found, q.pattern.MatchString)
	}
	return slices.ContainsFunc(found, func(v string) bool {
		order := compareValues(v, q.arguments[0])
		switch q.operator {
		case ">":
			return order > 0
		case ">=":
			return order >= 0
		case "<":
			return order < 0
		}
		return order <= 0
	})
}

// compareValues orders two dates, two versions or numbers, or else two texts.
func compareValues(a, b string) int {
	if x, err := parseDate(a); err == nil {
		if y, err := parseDate(b); err == nil {
			return x.Compare(y)
		}
	}
	return slices.CompareFunc(strings.Split(a, "."), strings.Split(b, "."), func(a, b string) int {
		x, err1 := strconv.Atoi(a)
		y, err2 := strconv.Atoi(b)
		if err1 != nil || err2 != nil {
			return strings.Compare(a, b)
		}
		return x - y
	})
}

func parseDate(text string) (at time.Time, err error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err = time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return at, err
}

var (
	// operators are the operators by all their names; those with "!" negate.
	operators = map[string]string{
		"==": "==", "equals": "==", "!=": "!==", "not_equals": "!==", "exists": "exists", "!exists": "!exists",
		"not_exists": "!exists",
		"in":         "in", "!in": "!in", "not_in": "!in", "=~": "=~", "matches": "=~", "!~": "!=~", "not_matches": "!=~",
		">": ">", "greater_than": ">", ">=": ">=", "greater_than_equal": ">=",
		"<": "<", "less_than": "<", "<=": "<=", "less_than_equal": "<=",
	}
	fields = []string{"agentConnected", "agentVersion", "ec2InstanceId", "registeredAt", "runningTasksCount", "task:group"}

	queryTokens = pattern(`^(?:"[^"]*"|'[^']*'|&&|\|\||==|!=|=~|!~|>=|<=|[()\[\],<>]|![a-z]+\b|!|[^\s()\[\],` +
		`<>=!&|"']+)`)
)

// ParseQuery reads an expression.
func ParseQuery(text string) (Query, error) {
	p := &queryParser{}
	for rest := strings.TrimSpace(text); rest != ""; rest = strings.TrimSpace(rest) {
		token := queryTokens().FindString(rest)
		if token == "" {
			return nil, fmt.Errorf("%q is not of the cluster query language", rest)
		}
		p.tokens = append(p.tokens, token)
		rest = rest[len(token):]
	}
	q, err := p.either()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("%q is not expected after a complete expression", p.tokens[0])
	}
	if err != nil {
		return nil, err
	}
	return q, nil
}

type queryParser struct{ tokens []string }

// accept takes the next token if it is one of these.
func (p *queryParser) accept(tokens ...string) bool {
	if len(p.tokens) == 0 || !slices.Contains(tokens, p.tokens[0]) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *queryParser) next() string {
	if len(p.tokens) == 0 {
		return ""
	}
	token := p.tokens[0]
	p.tokens = p.tokens[1:]
	return token
}

func (p *queryParser) either() (Query, error) { return p.list(p.both, "or", "||") }

func (p *queryParser) both() (Query, error) {
	q, err := p.list(p.unary, "and", "&&")
	if all, ok := q.(anyOf); ok {
		return allOf(all), err
	}
	return q, err
}

// list reads queries with an operator between them.
func (p *queryParser) list(item func() (Query, error), operator ...string) (Query, error) {
	var all anyOf
	for {
		q, err := item()
		if err != nil {
			return nil, err
		}
		all = append(all, q)
		if p.accept(operator...) {
			continue
		}
		return all, nil
	}
}

func (p *queryParser) unary() (Query, error) {
	switch {
	case p.accept("not", "!", "!not"):
		q, err := p.unary()
		return negation{q}, err
	case p.accept("("):
		q, err := p.either()
		if err == nil && !p.accept(")") {
			err = fmt.Errorf("a parenthesis is not closed")
		}
		return q, err
	}
	return p.comparison()
}

func (p *queryParser) comparison() (Query, error) {
	subject := p.next()
	attribute, isAttribute := strings.CutPrefix(subject, "attribute:")
	if !slices.Contains(fields, subject) && (!isAttribute || attribute == "") {
		return nil, fmt.Errorf("%q is no subject: want attribute:NAME, %s", subject, strings.Join(fields, ", "))
	}
	name := p.next()
	operator, known := operators[name]
	if !known {
		return nil, fmt.Errorf("%q is no operator", name)
	}
	operator, negated := strings.CutPrefix(operator, "!")
	c := comparison{subject: subject, operator: operator}
	if err := p.arguments(&c); err != nil {
		return nil, err
	}
	if negated {
		return negation{c}, nil
	}
	return c, nil
}

// arguments reads the arguments of a comparison: none, a list, or one.
func (p *queryParser) arguments(c *comparison) (err error) {
	switch {
	case c.operator == "exists":
		return nil
	case c.operator == "in":
		if !p.accept("[") {
			return fmt.Errorf("in wants a list: [a, b]")
		}
		for !p.accept("]") {
			if len(p.tokens) == 0 {
				return fmt.Errorf("a list is not closed")
			}
			c.arguments = append(c.arguments, unquote(p.next()))
			p.accept(",")
		}
		return nil
	}
	argument := unquote(p.next())
	if argument == "" {
		return fmt.Errorf("%s %s wants an argument", c.subject, c.operator)
	}
	c.arguments = []string{argument}
	if c.operator == "=~" {
		c.pattern, err = regexp.Compile("^(?:" + argument + ")$")
	}
	return err
}

func unquote(token string) string {
	if len(token) >= 2 && (token[0] == '"' || token[0] == '\'') {
		return token[1 : len(token)-1]
	}
	return token
}
