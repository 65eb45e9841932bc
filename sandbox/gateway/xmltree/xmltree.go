// Package xmltree reads, changes and writes responses of the Query protocol.
package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Node is an element of a Query protocol answer. Such answers use one
// namespace, declared on the root, and never mix text with elements.
type Node struct {
	Name     string
	attrs    []xml.Attr
	Text     string
	Children []*Node
}

// Parse reads an answer into a tree.
func Parse(data []byte) (*Node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var open []*Node
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the answer is not an XML document")
		}
		if err != nil {
			return nil, fmt.Errorf("parse the answer: %w", err)
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
			continue // no Query answer has a prefixed attribute
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
	_ = xml.EscapeText(&out, []byte(s)) // a Buffer takes every write
	return out.String()
}

// Child is the direct child of that name, or nil.
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

// Value is the text of the direct child of that name.
func (n *Node) Value(name string) string {
	if c := n.Child(name); c != nil {
		return strings.TrimSpace(c.Text)
	}
	return ""
}

// Set gives the child of that name this text, making it when missing.
func (n *Node) Set(name, text string) {
	c := n.Child(name)
	if c == nil {
		c = &Node{Name: name}
		n.Children = append(n.Children, c)
	}
	c.Text, c.Children = text, nil
}

// Put replaces the child of that name by this element.
func (n *Node) Put(element *Node) {
	n.Remove(element.Name)
	n.Children = append(n.Children, element)
}

// Remove drops the children of that name.
func (n *Node) Remove(name string) {
	kept := n.Children[:0]
	for _, c := range n.Children {
		if c.Name != name {
			kept = append(kept, c)
		}
	}
	n.Children = kept
}

// List makes <name><item>..</item>..</name> of strings.
func List(name, item string, values []string) *Node {
	n := &Node{Name: name}
	for _, v := range values {
		n.Children = append(n.Children, &Node{Name: item, Text: v})
	}
	return n
}

// First is the first element of that name in the tree, or nil.
func (n *Node) First(name string) *Node {
	var found *Node
	n.Each(name, func(e *Node) {
		if found == nil {
			found = e
		}
	})
	return found
}

// Each calls visit for every element of that name, outer ones first.
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

// Texts are the texts of the element's children; none for nil.
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

// Items are the element's children; none for nil.
func (n *Node) Items() []*Node {
	if n == nil {
		return nil
	}
	return n.Children
}

// Visit calls see for every element of the tree, outer ones first.
func (n *Node) Visit(see func(*Node)) {
	see(n)
	for _, c := range n.Children {
		c.Visit(see)
	}
}

// Element is an element of texts, in pairs of name and text.
func Element(name string, pairs ...string) *Node {
	n := &Node{Name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.Set(pairs[i], pairs[i+1])
	}
	return n
}

// Holding is a result with one list.
func ListResult(list string, items []*Node) *Node {
	return &Node{Children: []*Node{{Name: list, Children: items}}}
}

// ChildTexts are the texts of all elements of that name in the tree.
func ChildTexts(tree *Node, name string) []string {
	var all []string
	tree.Visit(func(n *Node) {
		if n.Name == name {
			all = append(all, n.Text)
		}
	})
	return all
}
