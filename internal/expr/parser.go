package expr

import (
	"fmt"
	"strings"
)

// The limits of GitHub's runner for an expression.
const (
	maxLength = 21_000 // UTF-16 code units
	maxDepth  = 50     // nested operators and calls
)

// binaryOperators are the operators between two operands with their precedence. All of them
// are left-associative.
var binaryOperators = map[string]struct {
	op         op
	precedence int
}{
	"||": {opOr, 1},
	"&&": {opAnd, 2},
	"==": {opEqual, 3}, "!=": {opNotEqual, 3},
	"<": {opLess, 4}, "<=": {opLessOrEqual, 4}, ">": {opGreater, 4}, ">=": {opGreaterOrEqual, 4},
}

// A signature says how many arguments a function takes.
type signature struct {
	least, most int
	odd         bool // their number must be odd
}

// signatures are those of the language's functions, by name in lower case.
var signatures = map[string]signature{
	"case":       {least: 3, most: 255, odd: true},
	"contains":   {least: 2, most: 2},
	"endswith":   {least: 2, most: 2},
	"format":     {least: 1, most: 255},
	"fromjson":   {least: 1, most: 1},
	"hashfiles":  {least: 1, most: 255},
	"join":       {least: 1, most: 2},
	"startswith": {least: 2, most: 2},
	"tojson":     {least: 1, most: 1},
}

// parser builds the tree of an expression. It stops at the first fault, which
// is the leftmost one.
type parser struct {
	lexer lexer
	token token
	last  token                  // the one before token
	known func(name string) bool // whether there is a context of this name
}

// parse returns the tree of an expression, nil if there is nothing but space.
func parse(source string, known func(name string) bool) (*node, *Error) {
	if utf16Length(source) > maxLength {
		return nil, &Error{Kind: Parsing, Message: fmt.Sprintf("Exceeded max expression length %d", maxLength)}
	}
	p := &parser{lexer: lexer{source: source}, known: known}
	if err := p.advance(); err != nil || p.token.kind == tokenEnd {
		return nil, err
	}
	n, err := p.binary(1)
	if err != nil {
		return nil, err
	}
	if n.depth > maxDepth {
		return nil, &Error{Kind: Parsing, Message: fmt.Sprintf("Exceeded max expression depth %d", maxDepth)}
	}
	return n, nil
}

func (p *parser) advance() *Error {
	next, err := p.lexer.next()
	if err != nil {
		return err
	}
	p.last, p.token = p.token, next
	return nil
}

// binary parses operands with operators between them that have at least the precedence.
func (p *parser) binary(precedence int) (*node, *Error) {
	left, err := p.unary()
	if err != nil {
		return nil, err
	}
	for p.token.kind == tokenOperator {
		operator := binaryOperators[p.token.text]
		if operator.precedence < precedence {
			break
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.binary(operator.precedence + 1)
		if err != nil {
			return nil, err
		}
		left = join(operator.op, left, right)
	}
	return left, nil
}

func (p *parser) unary() (*node, *Error) {
	if p.token.kind != tokenOperator {
		return p.postfix()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	operand, err := p.unary()
	if err != nil {
		return nil, err
	}
	return branch(opNot, operand), nil
}

// postfix parses an operand with the .name and [index] after it.
func (p *parser) postfix() (*node, *Error) {
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	for {
		var index *node
		switch p.token.kind {
		case tokenDot:
			index, err = p.property()
		case tokenStartIndex:
			index, err = p.enclosed()
		default:
			return left, nil
		}
		if err != nil {
			return nil, err
		}
		left = branch(opIndex, left, index)
	}
}

// property parses what follows a dot.
func (p *parser) property() (*node, *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch p.token.kind {
	case tokenStar:
		return leaf(node{op: opStar}), p.advance()
	case tokenProperty:
		return leaf(node{op: opLiteral, value: p.token.text}), p.advance()
	}
	return nil, p.unexpectedEnd()
}

// enclosed parses an expression in brackets or parentheses.
func (p *parser) enclosed() (*node, *Error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.binary(1)
	if err != nil {
		return nil, err
	}
	if p.token.kind == tokenEnd {
		return nil, p.unexpectedEnd()
	}
	return n, p.advance()
}

func (p *parser) operand() (*node, *Error) {
	t := p.token
	switch t.kind {
	case tokenLiteral:
		return leaf(node{op: opLiteral, value: t.value}), p.advance()
	case tokenStar: // the lexer allows it after [ only
		return leaf(node{op: opStar}), p.advance()
	case tokenName:
		if !p.known(t.text) {
			err := p.lexer.fault(Parsing, "Unrecognized named-value", t)
			err.unknown = t.text
			return nil, err
		}
		return leaf(node{op: opName, name: t.text}), p.advance()
	case tokenFunction:
		return p.call()
	case tokenStartGroup:
		return p.enclosed()
	}
	return nil, p.unexpectedEnd()
}

func (p *parser) call() (*node, *Error) {
	name := p.token
	f, known := signatures[strings.ToLower(name.text)]
	if !known {
		err := p.lexer.fault(Parsing, "Unrecognized function", name)
		err.Hint = "the known functions are case, contains, endsWith, format, fromJSON, hashFiles, join, startsWith, toJSON"
		return nil, err
	}
	if err := p.advance(); err != nil { // to the parenthesis: the lexer has checked it
		return nil, err
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	switch {
	case len(args) < f.least:
		return nil, p.lexer.fault(Parsing, "Too few parameters supplied", name)
	case len(args) > f.most:
		return nil, p.lexer.fault(Parsing, "Too many parameters supplied", name)
	case f.odd && len(args)%2 == 0:
		return nil, p.lexer.fault(Parsing, "Even number of parameters supplied, requires an odd number of parameters", name)
	}
	n := branch(opCall, args...)
	n.name = name.text
	return n, p.advance()
}

// arguments parses up to the closing parenthesis of a call, which remains the token.
func (p *parser) arguments() ([]*node, *Error) {
	var args []*node
	for {
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.token.kind == tokenEndCall {
			return args, nil
		}
		arg, err := p.binary(1)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
		switch p.token.kind {
		case tokenEndCall:
			return args, nil
		case tokenEnd:
			return nil, p.unexpectedEnd()
		}
	}
}

// unexpectedEnd is the only fault that the lexer does not find.
func (p *parser) unexpectedEnd() *Error {
	return p.lexer.fault(Parsing, "Unexpected end of expression", p.last)
}
