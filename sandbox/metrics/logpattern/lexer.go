package logpattern

import (
	"fmt"
	"strconv"
	"strings"
)

type tokenKind int

const (
	endToken      tokenKind = iota
	selectorToken           // $.name
	operatorToken           // = != < <= > >= && || ( )
	stringToken             // "text"
	wordToken               // text, a number or a keyword
)

type token struct {
	kind tokenKind
	text string
	path []any // of a selector
}

func (t token) is(operator string) bool { return t.kind == operatorToken && t.text == operator }

func (t token) String() string {
	if t.kind == endToken {
		return "end"
	}
	return strconv.Quote(t.text)
}

// lexer splits the text of a pattern into tokens.
type lexer struct {
	text string
	at   int
}

func (l *lexer) rest() string { return strings.TrimLeft(l.text[l.at:], " \t\r\n") }

// operators, the longer of two with one beginning first.
var operators = []string{"&&", "||", "!=", "<=", ">=", "=", "<", ">", "(", ")"}

func (l *lexer) next() (token, error) {
	rest := l.rest()
	l.at = len(l.text) - len(rest)
	switch {
	case rest == "":
		return token{}, nil
	case rest[0] == '$':
		return l.selector(rest)
	case rest[0] == '"':
		return l.quoted(rest)
	case rest[0] == '%':
		return token{}, fmt.Errorf("regular expressions (%%...%%) are not supported")
	}
	for _, operator := range operators {
		if strings.HasPrefix(rest, operator) {
			l.at += len(operator)
			return token{kind: operatorToken, text: operator}, nil
		}
	}
	word := rest[:len(rest)-len(strings.TrimLeftFunc(rest, isWord))]
	if word == "" {
		return token{}, fmt.Errorf("unexpected character %q", []rune(rest)[0])
	}
	l.at += len(word)
	return token{kind: wordToken, text: word}, nil
}

// isWord are the characters of strings without quotes, with those of numbers and addresses, as in AWS's examples.
func isWord(r rune) bool { return isName(r) || strings.ContainsRune("*.+:/", r) }

// isName are the characters of the names in a selector.
func isName(r rune) bool {
	return r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// selector reads $.name, $.name.name and $.name[0].name.
func (l *lexer) selector(rest string) (token, error) {
	found := token{kind: selectorToken}
	for at := 1; ; {
		switch {
		case strings.HasPrefix(rest[at:], "."):
			name := rest[at+1:]
			name = name[:len(name)-len(strings.TrimLeftFunc(name, isName))]
			if name == "" {
				return token{}, fmt.Errorf("selector %s: a name must follow the dot", rest[:at+1])
			}
			found.path = append(found.path, name)
			at += 1 + len(name)
		case strings.HasPrefix(rest[at:], "["):
			number, _, closed := strings.Cut(rest[at+1:], "]")
			index, err := strconv.ParseUint(number, 10, 31)
			if err != nil || !closed || len(found.path) == 0 {
				return token{}, fmt.Errorf("selector %s: only a number in brackets after a name is supported", rest[:at+1])
			}
			found.path = append(found.path, int(index))
			at += len(number) + 2
		case len(found.path) == 0:
			return token{}, fmt.Errorf("a selector begins with $. and a name")
		default:
			found.text = rest[:at]
			l.at += at
			return found, nil
		}
	}
}

func (l *lexer) quoted(rest string) (token, error) {
	end := strings.IndexByte(rest[1:], '"')
	if end < 0 {
		return token{}, fmt.Errorf("a string is not closed: %s", rest)
	}
	text := rest[1 : end+1]
	if strings.Contains(text, `\`) {
		return token{}, fmt.Errorf("a backslash in a string is not supported: %s", text)
	}
	l.at += end + 2
	return token{kind: stringToken, text: text}, nil
}
