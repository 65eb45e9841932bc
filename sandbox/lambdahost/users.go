package lambdahost

import "sync"

// users counts the users of something that is removed after the last of them. The zero value has none.
type users struct {
	mu    sync.Mutex
	count int
	last  func()
}

func (u *users) add() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count++
}

func (u *users) done() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.count--
	u.end()
}

// afterLast calls remove once there is no user.
func (u *users) afterLast(remove func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = remove
	u.end()
}

func (u *users) end() {
	if u.count == 0 && u.last != nil {
		u.last()
		u.last = nil
	}
}
