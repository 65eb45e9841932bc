package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Swap is code that runs in place of a function's deployed code.
type Swap struct {
	Function string // name
	// Binary is the path of the new code: the executable bootstrap. It is copied.
	Binary string
	// Owner has the swap removed by Restore. It must have been admitted.
	Owner string
	// Debugger runs the code under it; nil: the code runs as deployed code does.
	Debugger *Debugger
}

// swapped is a swap in effect: it holds for the versions of the function whose code is the one that it replaced. So it
// ends by itself when another version is deployed, for each alias as it moves.
type swapped struct {
	owner     string
	qualifier string // alias or version whose code was replaced
	replaces  string // CodeSHA256
	root      string // directory with bootstrap
	debug     *debugging
	// users are the invocations and environments that may still start or run the code. Once it is replaced, the last of
	// them removes it.
	users users
}

// errNoOwner is the error of a swap whose owner has not been admitted, or has ended meanwhile.
var errNoOwner = errors.New("the session of the new code has ended")

// Admit lets an owner swap code until Restore.
func (h *Host) Admit(owner string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.owners[owner] = true
}

// Swap replaces the code that the alias or version leads to. It returns when the new code has initialized, and new
// invocations run it from then on; those that run end with the code with which they began. If the new code does not
// initialize, it returns a *FunctionError and nothing changes. Under a debugger the new code cannot start before the
// old one has ended, since both have one port: new invocations wait meanwhile, and a failure is theirs too.
func (h *Host) Swap(ctx context.Context, qualifier string, s Swap) error {
	f, err := h.config.Source.Function(ctx, s.Function, qualifier)
	if err != nil {
		return fmt.Errorf("look up function %s: %w", s.Function, err)
	}
	code := &swapped{owner: s.Owner, qualifier: qualifier, replaces: f.CodeSHA256}
	if code.root, err = keepBinary(h.swaps, s.Binary); err != nil {
		return fmt.Errorf("keep the new code of %s: %w", s.Function, err)
	}
	if s.Debugger != nil {
		code.debug = newDebugging(*s.Debugger)
	}
	f = code.adapt(f)
	p := &pool{host: h, function: f, fingerprint: fingerprint(f), code: code}
	release, err := h.use(code)
	if err != nil {
		return errors.Join(err, os.RemoveAll(code.root))
	}
	defer release()
	if !code.debugged() {
		if failure := p.warm(); failure != nil {
			p.retire()
			code.replaced()
			return failure
		}
	}
	if err := h.activate(f, code, p); err != nil {
		return err
	}
	if !code.debugged() {
		return nil
	}
	select {
	case failure := <-h.warmLater(code, p):
		if failure != nil {
			return failure
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// use keeps the host and the code until release is called.
func (h *Host) use(code *swapped) (release func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosing
	}
	h.work.Add(1)
	code.users.add()
	return func() {
		code.users.done()
		h.work.Done()
	}, nil
}

// activate has new invocations run the code.
func (h *Host) activate(f Function, code *swapped, p *pool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var refused error
	switch {
	case h.closed:
		refused = errClosing
	case !h.owners[code.owner]:
		refused = errNoOwner
	}
	if refused != nil {
		p.retire()
		code.replaced()
		return refused
	}
	if before := h.swapped[f.Name]; before != nil {
		before.replaced()
	}
	h.swapped[f.Name] = code
	if old := h.pools[poolKey(f)]; old != nil {
		old.retire()
	}
	h.pools[poolKey(f)] = p
	return nil
}

// warmLater starts an environment in the background, and sends why it failed or nil.
func (h *Host) warmLater(code *swapped, p *pool) <-chan *FunctionError {
	warmed := make(chan *FunctionError, 1)
	release, err := h.use(code)
	if err != nil {
		warmed <- newFailure("", "ServiceException", "%v", err)
		return warmed
	}
	go func() {
		defer release()
		warmed <- p.warm()
	}()
	return warmed
}

// Restore ends the owner's swaps: new invocations run the deployed code. It ends invocations under a debugger, which
// would wait without end.
func (h *Host) Restore(owner string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.owners, owner)
	for name, code := range h.swapped {
		if code.owner != owner {
			continue
		}
		delete(h.swapped, name)
		code.replaced()
		for key, p := range h.pools {
			if p.code == code {
				p.retire()
				delete(h.pools, key)
			}
		}
		h.endDebugged(code)
	}
}

// swappedCode returns the code that runs in place of the function's, or nil. h.mu is held.
func (h *Host) swappedCode(f Function) *swapped {
	if code := h.swapped[f.Name]; code != nil && code.replaces == f.CodeSHA256 {
		return code
	}
	return nil
}

// Debugged reports whether the function runs under a debugger, where no timeouts apply. Code that was deployed after the
// swap does not.
func (h *Host) Debugged(function string) bool {
	h.mu.Lock()
	code := h.swapped[function]
	h.mu.Unlock()
	if !code.debugged() {
		return false
	}
	f, err := h.config.Source.Function(context.Background(), function, code.qualifier)
	return err == nil && f.CodeSHA256 == code.replaces
}

// keepBinary copies the executable to a new directory under dir, as bootstrap, and returns that directory.
func keepBinary(dir, path string) (root string, err error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if root, err = os.MkdirTemp(dir, ""); err != nil {
		return "", err
	}
	out, err := os.OpenFile(filepath.Join(root, "bootstrap"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(root))
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return "", errors.Join(err, os.RemoveAll(root))
	}
	return root, nil
}

// replaced removes the code when its last user is done.
func (c *swapped) replaced() {
	c.users.afterLast(func() { _ = os.RemoveAll(c.root) }) // New removes leftovers
}

// adapt returns the function as it runs with the code.
func (c *swapped) adapt(f Function) Function {
	if c.debugged() {
		f.Timeout = debugTimeout
	}
	return f
}

// debugged reports whether the code runs under a debugger. The code may be nil: the deployed code.
func (c *swapped) debugged() bool { return c != nil && c.debug != nil }
