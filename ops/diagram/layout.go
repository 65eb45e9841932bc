package diagram

// Sizes of the diagram, in pixels. The width is a README's column.
const (
	width        = 920
	margin       = 16
	titleHeight  = 20
	lineHeight   = 16
	boxPadding   = 9
	rowGap       = 18
	headingSpace = 34
	// tierPadding and vpcPadding are between a frame and its contents; an arrow fits between the two frames.
	tierPadding = 12
	vpcPadding  = 36
	frameTitle  = 22
)

// canvas collects what is drawn, from the top downwards.
type canvas struct {
	frames, arrows, boxes []string
	bottom                int
}

// height is that of a box with a title and so many lines.
func height(lines int) int { return 2*boxPadding + titleHeight + lines*lineHeight - 4 }

// components draws the components in columns, left to right in the order of their creation.
func (c *canvas) components(cs components) {
	columns := 1
	for _, r := range cs.all {
		columns = max(columns, r.column+1)
	}
	const gap = 34
	w := (width - 2*margin - columns*gap) / (columns + 1)
	boxes := map[*component]*node{}
	filled := make([]int, columns)
	top, bottom := c.bottom, c.bottom
	for _, r := range cs.all {
		n := &node{title: r.name, lines: r.contents, w: w, h: height(len(r.contents))}
		n.x, n.y = margin+r.column*(w+gap), top+filled[r.column]
		filled[r.column] += n.h + rowGap
		bottom = max(bottom, n.y+n.h)
		boxes[r] = n
		c.box(n)
	}
	outputs := &node{title: "outputs", x: margin + columns*(w+gap), y: top, w: w, h: height(0), aside: true}
	c.box(outputs)
	for _, to := range cs.all {
		for _, from := range to.after {
			c.across(edge{from: boxes[from], to: boxes[to]}, boxes, gap)
		}
		if to.column == columns-1 {
			c.across(edge{from: boxes[to], to: outputs, aside: true}, boxes, gap)
		}
	}
	c.bottom = bottom + rowGap
}

// across draws an arrow to a box in a later column, below the boxes in between.
func (c *canvas) across(e edge, boxes map[*component]*node, gap int) {
	start := point{e.from.x + e.from.w, e.from.y + height(0)/2}
	lane := 0
	for _, n := range boxes {
		if n.x > e.from.x && n.x < e.to.x {
			lane = max(lane, n.y+n.h+rowGap/2)
		}
	}
	turn, target := e.to.x-gap/2, e.to.y+height(0)/2
	if lane == 0 {
		c.arrow(e, start, point{turn, start.y}, point{turn, target}, point{e.to.x, target})
		return
	}
	// It ends where the lane meets the box, or at the box's lower end.
	target = min(lane, e.to.y+e.to.h-boxPadding)
	c.arrow(e, start, point{start.x + gap/2, start.y}, point{start.x + gap/2, lane},
		point{turn, lane}, point{turn, target}, point{e.to.x, target})
}

// Columns of the request: left of the VPC, and its private and isolated tiers.
const (
	clientX, clientW   = margin, 54
	aclX, aclW         = 112, 142
	apiX, apiW         = 280, 140
	privateX, privateW = 482, 150
	storeX, storeW     = 722, 160
	outsideX           = 318 // between the legend and what lies below the VPC
)

// request draws the path of a request: left to right to the function, from there to the right to cache and
// database and down to AWS services.
func (c *canvas) request(r request) {
	top := c.bottom + frameTitle
	row := top + frameTitle
	place := func(n *node, x, w, y int) int {
		if n == nil {
			return y
		}
		n.x, n.y, n.w, n.h = x, y, w, height(len(n.lines))
		return y + n.h + rowGap
	}
	place(r.client, clientX, clientW, row)
	aclBottom := place(r.acl, aclX, aclW, row)
	place(r.api, apiX, apiW, row)
	place(r.name, aclX, aclW, max(aclBottom, row+height(3)+rowGap))
	private := place(r.others, privateX, privateW, place(r.function, privateX, privateW, row))
	isolated := row
	for _, n := range []*node{r.cache, r.proxy, r.database, r.former} {
		isolated = place(n, storeX, storeW, isolated)
	}
	below := max(private, isolated) + tierPadding + rowGap
	public := private + tierPadding + frameTitle + rowGap
	place(r.nat, privateX, privateW, public)
	if r.nat != nil {
		below = max(below, public+r.nat.h+rowGap+tierPadding+rowGap)
	}
	ways := max(place(r.gatewayEndpoint, privateX, privateW, below), place(r.interfaces, storeX, storeW, below))
	outside := ways + vpcPadding + rowGap
	end := max(place(r.bucket, privateX, privateW, outside), place(r.services, storeX-26, storeW+26+16, outside),
		place(r.outside, outsideX, privateW, outside))

	c.frame(r.vpc, privateX-tierPadding-vpcPadding, top-frameTitle, storeX+storeW+tierPadding+8, ways-rowGap+tierPadding, "vpc")
	c.tier(r.private, r.function, r.others)
	c.tier(r.isolated, r.cache, r.proxy, r.database, r.former)
	c.tier(r.publicTier, r.nat)
	for _, n := range []*node{r.client, r.name, r.acl, r.api, r.function, r.others, r.outside, r.cache, r.proxy, r.database, r.former,
		r.gatewayEndpoint, r.interfaces, r.bucket, r.services, r.nat} {
		if n != nil {
			c.box(n)
		}
	}
	c.edges(r)
	c.legend(end)
	c.bottom = end
}

// legend explains the arrows, left of what lies below the VPC.
func (c *canvas) legend(end int) {
	for i, line := range []string{
		"Solid: on the request path. Dashed: not on it.",
		"A number is the port that the security groups on",
		"both sides open.",
	} {
		c.boxes = append(c.boxes, label("frame", margin, end-rowGap-(2-i)*lineHeight, "start", line))
	}
}

// tier draws a frame around the boxes of one kind of subnets.
func (c *canvas) tier(label string, nodes ...*node) {
	var around []*node
	for _, n := range nodes {
		if n != nil {
			around = append(around, n)
		}
	}
	if label == "" || len(around) == 0 {
		return
	}
	first, last := around[0], around[len(around)-1]
	c.frame(label, first.x-tierPadding, first.y-frameTitle, first.x+first.w+tierPadding, last.y+last.h+tierPadding, "tier")
}

// edges draws the request's arrows, each along its own lane.
func (c *canvas) edges(r request) {
	out := 0 // arrows that have left the function's right side
	for _, e := range r.edges {
		from, to := e.from, e.to
		middle := point{from.x + from.w, from.y + titleHeight}
		switch {
		case from.x == to.x && from.y < to.y && !between(r, from, to):
			c.arrow(e, point{from.x + from.w/2, from.y + from.h}, point{to.x + to.w/2, to.y})
		case from.x == to.x:
			x := from.x - tierPadding - vpcPadding/2
			c.arrow(e, point{from.x, from.y + from.h/2}, point{x, from.y + from.h/2}, point{x, to.y + to.h/2}, point{to.x, to.y + to.h/2})
		case to.y >= from.y+from.h && to.x < from.x+from.w+aclW && from != r.function && from != r.others:
			c.arrow(e, point{from.x + from.w/2, from.y + from.h}, point{from.x + from.w/2, to.y})
		case from == r.name:
			c.arrow(e, point{from.x + from.w, from.y + from.h/2}, point{to.x + to.w/2, from.y + from.h/2}, point{to.x + to.w/2, to.y + to.h})
		case from == r.function && to != r.cache:
			out++
			middle.y += 14 * out
			x := privateX + privateW + tierPadding + 34 - 9*out
			target := to.y + titleHeight
			c.arrow(e, middle, point{x, middle.y}, point{x, target}, point{to.x, target})
		default:
			target := to.y + titleHeight
			if from == r.others {
				target = to.y + to.h - titleHeight
			}
			x := to.x - tierPadding - vpcPadding
			if from == r.others {
				x = privateX + privateW + tierPadding + 34
			}
			c.arrow(e, middle, point{x, middle.y}, point{x, target}, point{to.x, target})
		}
	}
}

// between reports whether another box of the request is between two of one column.
func between(r request, from, to *node) bool {
	for _, n := range []*node{r.others, r.nat, r.proxy, r.gatewayEndpoint, r.interfaces} {
		if n != nil && n != from && n != to && n.x == from.x && n.y > from.y && n.y < to.y {
			return true
		}
	}
	return false
}
