package store

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// dialled is a connection that knows whether it was closed.
type dialled struct {
	net.Conn
	closed bool
}

func (d *dialled) Close() error { d.closed = true; return nil }

// dials counts and hands out connections, the first only after wait or with err.
type dials struct {
	wait  time.Duration
	err   error
	conns []*dialled
}

func (d *dials) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn := &dialled{}
	if d.conns = append(d.conns, conn); len(d.conns) > 1 {
		return conn, nil
	}
	select {
	case <-time.After(d.wait):
		return conn, d.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestAConnectionIsOpenedAhead(t *testing.T) {
	for name, test := range map[string]struct {
		dials
		taken int // which one the first dial gets
		takes time.Duration
	}{
		"and taken when it is there": {dials{wait: time.Second}, 0, time.Second},
		"or else as if nobody had":   {dials{err: errors.New("refused")}, 1, 0},
		"and given up like another":  {dials{wait: time.Hour}, 1, connectTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, early := time.Now(), &ahead{dial: test.dial}
				early.open(t.Context(), "db:5432")
				synctest.Wait()
				conn, err := early.connect(t.Context(), "tcp", "10.0.0.1:5432")
				if err != nil || conn != test.conns[test.taken] || time.Since(began) != test.takes {
					t.Errorf("%v, %v after %s", conn, err, time.Since(began))
				}
				if next, err := early.connect(t.Context(), "tcp", "10.0.0.1:5432"); err != nil || next == conn {
					t.Errorf("a second one is %v, %v", next, err)
				}
				if early.drop(); test.conns[test.taken].closed {
					t.Error("it was closed while it was used")
				}
			})
		})
	}
}

func TestAConnectionThatNobodyTookIsClosed(t *testing.T) {
	d := &dials{}
	early := &ahead{dial: d.dial}
	early.open(t.Context(), "db:5432")
	early.drop()
	if len(d.conns) != 1 || !d.conns[0].closed {
		t.Errorf("%d connections", len(d.conns))
	}
}
