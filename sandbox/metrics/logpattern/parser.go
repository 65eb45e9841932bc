package logpattern

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds nested parentheses.
const maxDepth = 50

// parser parses the inside of { ... }; && binds stronger than ||.
type parser struct {
	lexer lexer
	token token
	depth int
}

func (p *parser) parse() (condition, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	c, err := p.either()
	if err != nil {
		return nil, err
	}
	if p.token.kind != endToken {
		return nil, fmt.Errorf("unexpected %s", p.token)
	}
	return c, nil
}

func (p *parser) advance() (err error) {
	p.token, err = p.lexer.next()
	return err
}

func (p *parser) either() (condition, error) {
	return p.chain("||", p.both, func(left, right condition) condition { return either{left, right} })
}

func (p *parser) both() (condition, error) {
	return p.chain("&&", p.term, func(left, right condition) condition { return both{left, right} })
}

// chain parses operands with an operator between them.
func (p *parser) chain(operator string, operand func() (condition, error), join func(left, right condition) condition) (condition, error) {
	left, err := operand()
	for err == nil && p.token.is(operator) {
		if err = p.advance(); err != nil {
			break
		}
		var right condition
		if right, err = operand(); err == nil {
			left = join(left, right)
		}
	}
	return left, err
}

func (p *parser) term() (condition, error) {
	if p.token.is("(") {
		return p.parenthesis()
	}
	if p.token.kind != selectorToken {
		return nil, fmt.Errorf("unexpected %s: a condition begins with a selector, such as $.name", p.token)
	}
	path := p.token.path
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch {
	case p.token.kind == wordToken && p.token.text == "IS":
		return p.is(path)
	case p.token.kind == wordToken && p.token.text == "NOT":
		return p.notExists(path)
	case p.token.kind == operatorToken && strings.ContainsAny(p.token.text, "=<>"):
		return p.compares(path)
	}
	return nil, fmt.Errorf("unexpected %s: after a selector follows =, !=, <, <=, >, >=, IS or NOT EXISTS", p.token)
}

func (p *parser) parenthesis() (condition, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("more than %d nested parentheses", maxDepth)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	c, err := p.either()
	if err != nil {
		return nil, err
	}
	if !p.token.is(")") {
		return nil, fmt.Errorf("unexpected %s: a parenthesis is not closed", p.token)
	}
	p.depth--
	return c, p.advance()
}

func (p *parser) is(path []any) (condition, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind == wordToken {
		switch p.token.text {
		case "NULL":
			return is{path, nil}, p.advance()
		case "TRUE":
			return is{path, true}, p.advance()
		case "FALSE":
			return is{path, false}, p.advance()
		}
	}
	return nil, fmt.Errorf("unexpected %s: after IS follows NULL, TRUE or FALSE", p.token)
}

func (p *parser) notExists(path []any) (condition, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind != wordToken || p.token.text != "EXISTS" {
		return nil, fmt.Errorf("unexpected %s: after NOT follows EXISTS", p.token)
	}
	return notExists{path}, p.advance()
}

func (p *parser) compares(path []any) (condition, error) {
	c := compares{path: path, operator: p.token.text}
	if err := p.advance(); err != nil {
		return nil, err
	}
	switch p.token.kind {
	case stringToken:
	case wordToken:
		if number, err := strconv.ParseFloat(p.token.text, 64); err == nil && isNumber(p.token.text) {
			c.number = &number
		}
	default:
		return nil, fmt.Errorf("unexpected %s: after %s follows a string or a number", p.token, c.operator)
	}
	c.text = p.token.text
	if c.number == nil && c.operator != "=" && c.operator != "!=" {
		return nil, fmt.Errorf("%s compares numbers, and %q is none", c.operator, c.text)
	}
	if inner := strings.Trim(c.text, "*"); c.number == nil && strings.Contains(inner, "*") {
		return nil, errors.New("an asterisk is supported at the beginning and the end of a string only: " + c.text)
	}
	return c, p.advance()
}

// isNumber excludes the words of strconv.ParseFloat, such as inf, and hexadecimal numbers.
func isNumber(text string) bool { return strings.Trim(text, "0123456789+-.eE") == "" }
