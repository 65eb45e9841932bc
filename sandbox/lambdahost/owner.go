package lambdahost

import "net"

// Owner returns the function whose process, or a descendant of it, holds the other end of a connection. It finds a
// process that is frozen, and none that has exited.
func (h *Host) Owner(conn net.Conn) (Function, bool) {
	socket := peerSocket(conn)
	if socket == "" {
		return Function{}, false
	}
	for _, e := range h.live.list() {
		for _, process := range tree(e.process.PID()) {
			if holds(process, socket) {
				return e.function, true
			}
		}
	}
	return Function{}, false
}

// list returns the current members.
func (r *register) list() []*environment {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*environment, 0, len(r.members))
	for e := range r.members {
		all = append(all, e)
	}
	return all
}
