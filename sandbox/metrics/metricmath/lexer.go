package metricmath

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

type tokenKind int

const (
	endToken      tokenKind = iota
	numberToken             // 5, 0.25
	nameToken               // an id, a function or a keyword
	stringToken             // "errors" or 'errors'
	operatorToken           // + - * / ^ == != <= >= < > && || ( ) [ ] ,
)

type token struct {
	kind tokenKind
	text string
}

func (t token) is(operator string) bool { return t.kind == operatorToken && t.text == operator }

func (t token) String() string {
	if t.kind == endToken {
		return "the end"
	}
	return strconv.Quote(t.text)
}

// lexeme matches a token after white space; the order of its groups is that of the kinds.
var lexeme = regexp.MustCompile(`^\s*(?:([0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)|([A-Za-z][A-Za-z0-9_]*)|"([^"]*)"|'([^']*)'|(==|!=|<=|>=|&&|\|\||[-+*/^<>()\[\],]))`)

// tokens splits the text of an expression. The last token is the end.
func tokens(text string) ([]token, error) {
	var list []token
	for strings.TrimSpace(text) != "" {
		match := lexeme.FindStringSubmatchIndex(text)
		if match == nil {
			return nil, fmt.Errorf("unexpected character %q", []rune(strings.TrimSpace(text))[0])
		}
		for group, kind := range []tokenKind{numberToken, nameToken, stringToken, stringToken, operatorToken} {
			if begin := match[2*group+2]; begin >= 0 {
				list = append(list, token{kind, text[begin:match[2*group+3]]})
			}
		}
		text = text[match[1]:]
	}
	for i := range list { // the words of two operators
		if operator := map[string]string{"AND": "&&", "OR": "||"}[list[i].text]; operator != "" && list[i].kind == nameToken {
			list[i] = token{operatorToken, operator}
		}
	}
	return append(list, token{}), nil
}
