// Package quick writes source code as it is: the sandbox's Pulumi CLI is built without what colours 250 languages in texts
// that it prints.
package quick

import "io"

// Highlight writes the source.
func Highlight(w io.Writer, source, _, _, _ string) error {
	_, err := io.WriteString(w, source)
	return err
}
