package note

import (
	"fmt"
	"regexp"
	"strings"
)

// seal returns the line with the fingerprint of a stack's preview, a comment that GitLab does not show.
func seal(stack, fingerprint string) string {
	return fmt.Sprintf("<!-- didomi:preview %s %s -->", stack, fingerprint)
}

var (
	sealed  = regexp.MustCompile(`^<!-- didomi:preview (\S+) ([0-9a-f]{64}) -->$`)
	opening = regexp.MustCompile("^```[a-z]*$")
)

// sealOf returns the note's fingerprint of the stack, or "". A seal is a line of its own outside code blocks. This program
// writes one for each stack, so a second one is an error.
func sealOf(body, stack string) (string, error) {
	found, inBlock := "", false
	for _, line := range strings.Split(strings.ReplaceAll(body, "\r\n", "\n"), "\n") {
		if inBlock {
			inBlock = line != "```"
			continue
		}
		if inBlock = opening.MatchString(line); inBlock {
			continue
		}
		match := sealed.FindStringSubmatch(line)
		if match == nil || match[1] != stack {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("the note has more than one seal of stack %s, which ops note does not write: find out who changed the note, delete it and run the merge request's pipeline again", stack)
		}
		found = match[2]
	}
	if inBlock {
		return "", fmt.Errorf("the note ends within a code block, which ops note does not write: delete the note and run the merge request's pipeline again")
	}
	return found, nil
}
