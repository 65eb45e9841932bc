package gateway

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// node is an element of a Query protocol answer. Such answers use one
// namespace, declared on the root, and never mix text with elements.
type node struct {
	name     string
	attrs    []xml.Attr
	text     string
	children []*node
}

// parseXML reads an answer into a tree.
func parseXML(data []byte) (*node, error) {
	decoder := xml.NewDecoder(bytes.NewReader(data))
	var open []*node
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
			n := &node{name: t.Name.Local, attrs: t.Copy().Attr}
			if len(open) > 0 {
				open[len(open)-1].children = append(open[len(open)-1].children, n)
			}
			open = append(open, n)
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text += string(t)
			}
		case xml.EndElement:
			done := open[len(open)-1]
			if len(done.children) > 0 {
				done.text = ""
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return done, nil
			}
		}
	}
}

// bytes writes the tree as a document.
func (n *node) bytes() []byte {
	var out strings.Builder
	out.WriteString(xml.Header)
	n.write(&out)
	return []byte(out.String())
}

func (n *node) write(out *strings.Builder) {
	out.WriteString("<" + n.name)
	for _, a := range n.attrs {
		name := a.Name.Local
		if a.Name.Space != "" && a.Name.Space != "xmlns" {
			continue // no Query answer has a prefixed attribute
		}
		out.WriteString(" " + name + `="` + escape(a.Value) + `"`)
	}
	out.WriteString(">" + escape(n.text))
	for _, child := range n.children {
		child.write(out)
	}
	out.WriteString("</" + n.name + ">")
}

func escape(s string) string {
	var out bytes.Buffer
	_ = xml.EscapeText(&out, []byte(s)) // a Buffer takes every write
	return out.String()
}

// child is the direct child of that name, or nil.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// value is the text of the direct child of that name.
func (n *node) value(name string) string {
	if c := n.child(name); c != nil {
		return strings.TrimSpace(c.text)
	}
	return ""
}

// set gives the child of that name this text, making it when missing.
func (n *node) set(name, text string) {
	c := n.child(name)
	if c == nil {
		c = &node{name: name}
		n.children = append(n.children, c)
	}
	c.text, c.children = text, nil
}

// put replaces the child of that name by this element.
func (n *node) put(element *node) {
	n.remove(element.name)
	n.children = append(n.children, element)
}

// remove drops the children of that name.
func (n *node) remove(name string) {
	kept := n.children[:0]
	for _, c := range n.children {
		if c.name != name {
			kept = append(kept, c)
		}
	}
	n.children = kept
}

// list makes <name><item>..</item>..</name> of strings.
func list(name, item string, values []string) *node {
	n := &node{name: name}
	for _, v := range values {
		n.children = append(n.children, &node{name: item, text: v})
	}
	return n
}

// first is the first element of that name in the tree, or nil.
func (n *node) first(name string) *node {
	var found *node
	n.each(name, func(e *node) {
		if found == nil {
			found = e
		}
	})
	return found
}

// each calls visit for every element of that name, outer ones first.
func (n *node) each(name string, visit func(*node)) {
	if n == nil {
		return
	}
	if n.name == name {
		visit(n)
	}
	for _, c := range n.children {
		c.each(name, visit)
	}
}

// texts are the texts of the element's children; none for nil.
func (n *node) texts() []string {
	if n == nil {
		return nil
	}
	values := make([]string, len(n.children))
	for i, c := range n.children {
		values[i] = c.text
	}
	return values
}

// items are the element's children; none for nil.
func (n *node) items() []*node {
	if n == nil {
		return nil
	}
	return n.children
}

// visit calls see for every element of the tree, outer ones first.
func (n *node) visit(see func(*node)) {
	see(n)
	for _, c := range n.children {
		c.visit(see)
	}
}

// element is an element of texts, in pairs of name and text.
func element(name string, pairs ...string) *node {
	n := &node{name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.set(pairs[i], pairs[i+1])
	}
	return n
}

// holding is a result with one list.
func holding(list string, items []*node) *node {
	return &node{children: []*node{{name: list, children: items}}}
}

func childTexts(tree *node, name string) []string {
	var all []string
	tree.visit(func(n *node) {
		if n.name == name {
			all = append(all, n.text)
		}
	})
	return all
}
