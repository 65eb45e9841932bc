// Package xmltree parses, changes and writes responses of the Query protocol.
package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Node is an element of a Query protocol response. Such responses use one
// namespace, declared on the root, and never mix text with elements.
type Node struct {
	Name     string
	attrs    []xml.Attr
	Text     string
	Children []*Node
}

// Parse parses a response.
func Parse(data []byte) (*Node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var open []*Node
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the response is not an XML document")
		}
		if err != nil {
			return nil, fmt.Errorf("parse the response: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			n := &Node{Name: t.Name.Local, attrs: t.Copy().Attr}
			if len(open) > 0 {
				open[len(open)-1].Children = append(open[len(open)-1].Children, n)
			}
			open = append(open, n)
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].Text += string(t)
			}
		case xml.EndElement:
			done := open[len(open)-1]
			if len(done.Children) > 0 {
				done.Text = ""
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return done, nil
			}
		}
	}
}

// Bytes writes the tree as a document.
func (n *Node) Bytes() []byte {
	var out strings.Builder
	out.WriteString(xml.Header)
	n.write(&out)
	return []byte(out.String())
}

func (n *Node) write(out *strings.Builder) {
	out.WriteString("<" + n.Name)
	for _, a := range n.attrs {
		name := a.Name.Local
		if a.Name.Space != "" && a.Name.Space != "xmlns" {
			continue // Query responses have no prefixed attributes
		}
		out.WriteString(" " + name + `="` + escape(a.Value) + `"`)
	}
	out.WriteString(">" + escape(n.Text))
	for _, child := range n.Children {
		child.write(out)
	}
	out.WriteString("</" + n.Name + ">")
}

func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // writes to a Buffer do not fail
	return out.String()
}

// Child returns the first child of that name, or nil.
func (n *Node) Child(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// Value returns the text of the first child of that name, or the empty string.
func (n *Node) Value(name string) string {
	if c := n.Child(name); c != nil {
		return strings.TrimSpace(c.Text)
	}
	return ""
}

// Set sets the text of the child of that name, which it adds if there is none.
func (n *Node) Set(name, text string) {
	c := n.Child(name)
	if c == nil {
		c = &Node{Name: name}
		n.Children = append(n.Children, c)
	}
	c.Text, c.Children = text, nil
}

// Put replaces the children of the element's name by the element.
func (n *Node) Put(element *Node) {
	n.Remove(element.Name)
	n.Children = append(n.Children, element)
}

// Remove removes the children of that name.
func (n *Node) Remove(name string) {
	rest := n.Children[:0]
	for _, c := range n.Children {
		if c.Name != name {
			rest = append(rest, c)
		}
	}
	n.Children = rest
}

// List returns <name><item>..</item>..</name> of strings.
func List(name, item string, values []string) *Node {
	n := &Node{Name: name}
	for _, v := range values {
		n.Children = append(n.Children, &Node{Name: item, Text: v})
	}
	return n
}

// First returns the first element of that name in the tree, or nil.
func (n *Node) First(name string) *Node {
	var found *Node
	n.Each(name, func(e *Node) {
		if found == nil {
			found = e
		}
	})
	return found
}

// Each calls visit for every element of that name, parents before children.
func (n *Node) Each(name string, visit func(*Node)) {
	if n == nil {
		return
	}
	if n.Name == name {
		visit(n)
	}
	for _, c := range n.Children {
		c.Each(name, visit)
	}
}

// Texts returns the texts of the element's children, which are none for nil.
func (n *Node) Texts() []string {
	if n == nil {
		return nil
	}
	values := make([]string, len(n.Children))
	for i, c := range n.Children {
		values[i] = c.Text
	}
	return values
}

// Items returns the element's children, which are none for nil.
func (n *Node) Items() []*Node {
	if n == nil {
		return nil
	}
	return n.Children
}

// Visit calls visit for every element of the tree, parents before children.
func (n *Node) Visit(visit func(*Node)) {
	visit(n)
	for _, c := range n.Children {
		c.Visit(visit)
	}
}

// Element returns an element with children in pairs of name and text.
func Element(name string, pairs ...string) *Node {
	n := &Node{Name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Set(pairs[i], pairs[i+1])
	}
	return n
}

// ListResult returns a result with one list.
func ListResult(list string, items []*Node) *Node {
	return &Node{Children: []*Node{{Name: list, Children: items}}}
}

// ChildTexts returns the texts of all elements of that name in the tree.
func ChildTexts(tree *Node, name string) []string {
	var all []string
	tree.Visit(func(n *Node) {
		if n.Name == name {
			all = append(all, n.Text)
		}
	})
	return all
}
