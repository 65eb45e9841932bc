package diagram

import (
	"fmt"
	"html"
	"strings"
)

// style has colours for both themes. The diagram has its own background, so it is legible even where the page's
// theme differs from the system's.
const style = `
  text { font: 12px ui-sans-serif, system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #3d444d }
  .page { fill: #ffffff; stroke: #d1d9e0 }
  .heading { font-size: 15px; font-weight: 600; fill: #1f2328 }
  .title { font-size: 13px; font-weight: 600; fill: #1f2328 }
  .box { fill: #eef4ff; stroke: #4a7fd4 }
  .aside { fill: #f6f8fa; stroke: #8b949e; stroke-dasharray: 4 3 }
  .vpc { fill: none; stroke: #8250df }
  .tier { fill: none; stroke: #2da44e; stroke-dasharray: 2 3 }
  .frame { font-size: 11px; fill: #59636e }
  .arrow { fill: none; stroke: #1f2328; stroke-width: 1.3; marker-end: url(#head) }
  .late { stroke: #8b949e; stroke-dasharray: 4 3; marker-end: url(#latehead) }
  .head { fill: #1f2328 }
  .latehead { fill: #8b949e }
  .port { font-size: 11px; fill: #59636e }
  @media (prefers-color-scheme: dark) {
    text { fill: #c9d1d9 }
    .page { fill: #0d1117; stroke: #3d444d }
    .heading, .title { fill: #f0f6fc }
    .box { fill: #13233f; stroke: #6ea0f0 }
    .aside { fill: #161b22; stroke: #8b949e }
    .vpc { stroke: #a475f9 }
    .tier { stroke: #3fb950 }
    .frame, .port { fill: #9198a1 }
    .arrow { stroke: #f0f6fc }
    .late { stroke: #8b949e }
    .head { fill: #f0f6fc }
  }
`

type point struct{ x, y int }

// heading starts a section of the diagram.
func (c *canvas) heading(text string) {
	c.bottom += headingSpace
	c.boxes = append(c.boxes, label("heading", margin, c.bottom-8, "start", text))
	c.bottom += rowGap / 2
}

func label(class string, x, y int, anchor, text string) string {
	return fmt.Sprintf(`<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(text))
}

// box draws a node where it has been placed.
func (c *canvas) box(n *node) {
	class := "box"
	if n.aside {
		class = "aside"
	}
	c.boxes = append(c.boxes, fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="6"/>`, class, n.x, n.y, n.w, n.h))
	middle, y := n.x+n.w/2, n.y+boxPadding+13
	c.boxes = append(c.boxes, label("title", middle, y, "middle", n.title))
	for i, line := range n.lines {
		c.boxes = append(c.boxes, label("line", middle, y+titleHeight-2+i*lineHeight, "middle", line))
	}
}

// frame draws a frame around boxes.
func (c *canvas) frame(text string, left, top, right, bottom int, class string) {
	if text == "" {
		return
	}
	c.frames = append(c.frames,
		fmt.Sprintf(`<rect class="%s" x="%d" y="%d" width="%d" height="%d" rx="8"/>`, class, left, top, right-left, bottom-top),
		label("frame", left+8, top+14, "start", text))
}

// arrow draws a line through the points, with the edge's label before its head.
func (c *canvas) arrow(e edge, points ...point) {
	class := "arrow"
	if e.aside {
		class = "arrow late"
	}
	path := make([]string, len(points))
	for i, p := range points {
		path[i] = fmt.Sprintf("%d,%d", p.x, p.y)
	}
	c.arrows = append(c.arrows, fmt.Sprintf(`<polyline class="%s" points="%s"/>`, class, strings.Join(path, " ")))
	if e.label == "" {
		return
	}
	last, before := points[len(points)-1], points[len(points)-2]
	if last.x == before.x {
		c.arrows = append(c.arrows, label("port", last.x+5, last.y-7, "start", e.label))
	} else {
		c.arrows = append(c.arrows, label("port", last.x-9, last.y-4, "end", e.label))
	}
}

// svg is the whole diagram, frames below arrows below boxes.
func (c *canvas) svg(title string) []byte {
	height := c.bottom + margin
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&out, "<title>%s, drawn from its Pulumi state</title>\n<style>%s</style>\n<defs>\n", html.EscapeString(title), style)
	for _, head := range []string{"head", "latehead"} {
		fmt.Fprintf(&out, `<marker id="%s" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path class="%s" d="M0 0 L8 4 L0 8 z"/></marker>`+"\n", head, head)
	}
	fmt.Fprintf(&out, `</defs>`+"\n"+`<rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="10"/>`+"\n", width-1, height-1)
	for _, layer := range [][]string{c.frames, c.arrows, c.boxes} {
		for _, element := range layer {
			out.WriteString(element + "\n")
		}
	}
	out.WriteString("</svg>\n")
	return []byte(out.String())
}
