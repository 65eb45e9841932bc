package metricmath

import (
	"fmt"
	"slices"
	"strconv"
	"unicode"
)

// Expression is a parsed expression.
type Expression struct {
	root node
	// IDs are the queries that it names.
	IDs []string
	// AllMetrics is whether it contains METRICS().
	AllMetrics bool
}

// node evaluates a part of an expression.
type node func(in Input) (Value, error)

// parser parses tokens by recursive descent.
type parser struct {
	tokens     []token
	expression *Expression
	depth      int
}

const (
	// maxLength is that of MetricDataQuery's member Expression.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
	maxLength = 2048
	// maxDepth bounds the parser's stack.
	maxDepth = 100
)

// Parse parses an expression. Its errors are those that a caller of AWS can mend.
func Parse(text string) (*Expression, error) {
	if len(text) > maxLength {
		return nil, fmt.Errorf("it has %d characters, more than %d", len(text), maxLength)
	}
	list, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: list, expression: &Expression{}}
	if p.expression.root, err = p.binary(0); err != nil {
		return nil, err
	}
	if next := p.next(); next.kind != endToken {
		return nil, fmt.Errorf("unexpected %s", next)
	}
	return p.expression, nil
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) expect(operator string) error {
	if t := p.next(); !t.is(operator) {
		return fmt.Errorf("unexpected %s, expected %q", t, operator)
	}
	return nil
}

// levels are the binary operators, the weakest first.
var levels = [][]string{{"||"}, {"&&"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/"}}

// binary parses operands that are joined by operators of this level.
func (p *parser) binary(level int) (node, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for p.peek().kind == operatorToken && slices.Contains(levels[level], p.peek().text) {
		operator := p.next().text
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		left = operation(operator, left, right)
	}
	return left, nil
}

// unary parses an operand with its minus signs and its power, which binds closer.
func (p *parser) unary() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d times", maxDepth)
	}
	defer func() { p.depth-- }()
	if p.peek().is("-") {
		p.next()
		operand, err := p.unary()
		return operation("-", number(0), operand), err
	}
	operand, err := p.operand()
	if err != nil || !p.peek().is("^") {
		return operand, err
	}
	p.next()
	exponent, err := p.unary()
	return operation("^", operand, exponent), err
}

func (p *parser) operand() (node, error) {
	switch t := p.next(); {
	case t.kind == numberToken:
		value, err := strconv.ParseFloat(t.text, 64)
		return number(value), err
	case t.kind == stringToken:
		return constant(Value{kind: textKind, text: t.text}), nil
	case t.kind == nameToken && p.peek().is("("):
		return p.call(t.text)
	case t.kind == nameToken && unicode.IsLower(rune(t.text[0])):
		p.expression.IDs = append(p.expression.IDs, t.text)
		return func(in Input) (Value, error) { return in.Query(t.text) }, nil
	case t.kind == nameToken && (t.text == repeat || t.text == linear):
		return constant(Value{kind: wordKind, text: t.text}), nil
	case t.is("["):
		return p.array()
	case t.is("("):
		inner, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	default:
		return nil, fmt.Errorf("unexpected %s", t)
	}
}

// call parses the arguments of a function.
func (p *parser) call(name string) (node, error) {
	f, ok := functions[name]
	if !ok {
		return nil, notFound(name)
	}
	p.expression.AllMetrics = p.expression.AllMetrics || name == metricsFunction
	p.next()
	arguments, err := p.list(")")
	if err != nil {
		return nil, err
	}
	if len(arguments) < f.least || len(arguments) > f.most {
		return nil, fmt.Errorf("%s has %d arguments; it takes %s", name, len(arguments), f.takes())
	}
	return func(in Input) (Value, error) {
		values, err := evaluateAll(in, arguments)
		if err != nil {
			return Value{}, err
		}
		value, err := f.of(in, values)
		if err != nil {
			return Value{}, fmt.Errorf("%s: %w", name, err)
		}
		return value, nil
	}, nil
}

// array parses [m1, m2], whose members are series or arrays of them.
func (p *parser) array() (node, error) {
	members, err := p.list("]")
	if err != nil {
		return nil, err
	}
	return func(in Input) (Value, error) {
		values, err := evaluateAll(in, members)
		if err != nil {
			return Value{}, err
		}
		all := Value{kind: arrayKind}
		for _, v := range values {
			if v.kind != seriesKind && v.kind != arrayKind {
				return Value{}, fmt.Errorf("an array of %s; its members must be time series", v.kind)
			}
			all.series = append(all.series, v.series...)
		}
		return all, nil
	}, nil
}

// list parses operands between commas, up to the closing operator.
func (p *parser) list(closing string) (list []node, err error) {
	if p.peek().is(closing) {
		p.next()
		return nil, nil
	}
	for {
		member, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		list = append(list, member)
		if p.peek().is(",") {
			p.next()
			continue
		}
		return list, p.expect(closing)
	}
}

func evaluateAll(in Input, nodes []node) ([]Value, error) {
	values := make([]Value, len(nodes))
	for i, n := range nodes {
		var err error
		if values[i], err = n(in); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func constant(v Value) node { return func(Input) (Value, error) { return v, nil } }

func number(n float64) node { return constant(scalar(n)) }
