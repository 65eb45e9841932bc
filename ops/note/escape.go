package note

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names and values come from anyone who may push a branch. GitLab renders the note as Markdown with HTML, and acts on
// mentions and quick actions outside code. So all of them are written as code, on one line, and without the characters
// that end code or begin a comment.

// quoted returns a string as a Go literal: differences in spaces, in characters without a glyph and in those that
// change the direction of the text are visible.
func quoted(s string) string { return inert.Replace(strconv.Quote(s)) }

// inert escapes what ends code or begins a comment.
var inert = strings.NewReplacer("`", `\x60`, "<", `\x3c`)

// escaped is the same for a name, which needs no quotation marks.
func escaped(s string) string {
	q := quoted(s)
	return q[1 : len(q)-1]
}

// code formats a name outside a code block. An empty name would be two backticks, which begin another span.
func code(s string) string {
	if s == "" {
		return "`" + quoted(s) + "`"
	}
	return "`" + escaped(s) + "`"
}

// visible escapes text that is no value: its line breaks, tabs and quotation marks stay.
func visible(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '`' || r == '<' || r != '\n' && r != '\t' && !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// message escapes the output of a tool, which has commands in backticks.
func message(s string) string { return visible(strings.ReplaceAll(s, "`", "'")) }

// block is a code block of a text without backticks. The fence has three of them, whatever is in the text:
// the parser of quick actions reads a longer one as the text of a block that a line of three ends
// (lib/gitlab/quick_actions/extractor.rb of GitLab).
func block(language, text string) string {
	return "```" + language + "\n" + strings.TrimSuffix(text, "\n") + "\n```\n"
}

// cut shortens a text to at most so many bytes, in whole lines if there are any, and counts what it leaves out.
func cut(text string, most int, where string) string {
	text = strings.TrimSuffix(text, "\n")
	if len(text) <= most {
		return text
	}
	end := max(0, most)
	if line := strings.LastIndexByte(text[:end], '\n'); line > 0 {
		end = line + 1
	}
	for !utf8.RuneStart(text[end]) {
		end--
	}
	kept, rest := text[:end], text[end:]
	if kept != "" && !strings.HasSuffix(kept, "\n") {
		kept += "\n"
	}
	return fmt.Sprintf("%s... cut: %d more lines (%d bytes), see %s", kept, strings.Count(rest, "\n")+1, len(rest), where)
}

// stackName matches the names of stacks that Pulumi accepts.
var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// checkStack rejects a name that could not stand in the note or a seal unchanged.
func checkStack(name string) error {
	if !stackName.MatchString(name) {
		return fmt.Errorf("the stack's name %q is not valid in Pulumi: use letters, digits, hyphens, underscores and periods", name)
	}
	return nil
}
