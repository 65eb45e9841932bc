package faults

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// echo serves lines back on connections of a part, with the faults of a registry in which every client is the function of
// stack dev, and returns its address.
func echo(t *testing.T, r *Registry, server Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			raw, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				conn := r.Track(raw, server)
				defer func() { _ = conn.Close() }()
				if conn.Admit() == nil {
					_, _ = io.Copy(conn, conn)
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func ofDev(net.Conn) string { return "dev" }

type client struct {
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

func (c *client) ask(line string) error {
	if _, err := fmt.Fprintln(c, line); err != nil {
		return err
	}
	got, err := c.lines.ReadString('\n')
	if err == nil && got != line+"\n" {
		return fmt.Errorf("got %q, want %q", got, line)
	}
	return err
}

func set(t *testing.T, r *Registry, s Spec) {
	t.Helper()
	if err := r.Set(s, nil); err != nil {
		t.Fatal(err)
	}
}

func wantReset(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		t.Errorf("%v, want a reset connection", err)
	}
}

func TestDown(t *testing.T) {
	r := New(ofDev)
	addr := echo(t, r, Server{Part: Database})
	current := dial(t, addr)
	if err := current.ask("before"); err != nil {
		t.Fatal(err)
	}
	set(t, r, Spec{Stack: "dev", Part: Database, How: Down})
	t.Run("a current connection is reset", func(t *testing.T) { wantReset(t, current.ask("during")) })
	t.Run("a new connection is reset", func(t *testing.T) {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			err = (&client{conn, bufio.NewReader(conn)}).ask("during")
			_ = conn.Close()
		}
		wantReset(t, err)
	})
	t.Run("after ok a new connection works", func(t *testing.T) {
		set(t, r, Spec{Stack: "dev", Part: Database, How: OK})
		if err := dial(t, addr).ask("after"); err != nil {
			t.Error(err)
		}
	})
}

func TestReadOnlySessionsEndWithTheFault(t *testing.T) {
	r := New(ofDev)
	addr := echo(t, r, Server{Part: Database})
	set(t, r, Spec{Stack: "dev", Part: Database, How: ReadOnly})
	session := dial(t, addr)
	if err := session.ask("during"); err != nil {
		t.Fatal(err)
	}
	set(t, r, Spec{Stack: "dev", Part: Database, How: OK})
	wantReset(t, session.ask("after"))
}

func TestAFaultHitsOneStackAndPart(t *testing.T) {
	for name, spec := range map[string]Spec{
		"not another stack": {Stack: "prod", Part: Database, How: Down},
		"not another part":  {Stack: "dev", Part: Cache, How: Down},
	} {
		t.Run(name, func(t *testing.T) {
			r := New(ofDev)
			conn := dial(t, echo(t, r, Server{Part: Database}))
			set(t, r, spec)
			if err := conn.ask("during"); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("not a client that is no function", func(t *testing.T) {
		r := New(func(net.Conn) string { return "" })
		set(t, r, Spec{Stack: "dev", Part: Database, How: Down})
		if err := dial(t, echo(t, r, Server{Part: Database})).ask("during"); err != nil {
			t.Error(err)
		}
	})
}

func TestHalf(t *testing.T) {
	t.Run("every second request that counts is reset after it arrived", func(t *testing.T) {
		r := New(ofDev)
		addr := echo(t, r, Server{Part: Database, Counts: func(b []byte) bool { return b[0] != 'l' }})
		set(t, r, Spec{Stack: "dev", Part: Database, How: Half})
		for i := range 4 {
			conn := dial(t, addr)
			if err := conn.ask("login"); err != nil {
				t.Fatal(err)
			}
			if err := conn.ask("statement"); (err != nil) != (i%2 == 0) {
				t.Errorf("request %d: %v", i, err)
			}
		}
	})
	t.Run("of several shards every second one is down", func(t *testing.T) {
		r := New(ofDev)
		set(t, r, Spec{Stack: "dev", Part: Cache, How: Half})
		for shard := range 3 {
			conn, err := net.Dial("tcp", echo(t, r, Server{Part: Cache, Shard: shard, Shards: 3}))
			for range 2 {
				if err == nil {
					err = (&client{conn, bufio.NewReader(conn)}).ask("command")
				}
			}
			if (err != nil) != (shard == 1) {
				t.Errorf("shard %d: %v", shard, err)
			}
		}
	})
}

func TestTheEndOfAFaultReleasesAHeldReply(t *testing.T) {
	r := New(ofDev)
	conn := dial(t, echo(t, r, Server{Part: Cache}))
	if err := conn.ask("before"); err != nil {
		t.Fatal(err)
	}
	set(t, r, Spec{Stack: "dev", Part: Cache, How: Slow, Latency: maxLatency})
	answered := make(chan error)
	go func() { answered <- conn.ask("during") }()
	select {
	case err := <-answered:
		t.Fatalf("answered although the part is silent: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	set(t, r, Spec{Stack: "dev", How: OK})
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestAFaultReleasesWhatItHolds(t *testing.T) {
	r := New(ofDev)
	held := false
	hold := func() (func(), error) { held = true; return func() { held = false }, nil }
	if err := r.Set(Spec{Stack: "dev", Part: Database, How: Locked}, hold); err != nil || !held {
		t.Fatalf("%v, held: %v", err, held)
	}
	set(t, r, Spec{Stack: "dev", Part: Database, How: Down})
	if held {
		t.Error("another fault of the part has not released the locks")
	}
}

func TestRequestsToAnAPI(t *testing.T) {
	for _, c := range []struct {
		how, part string
		want      []int // status of each request; 0: reset
		code      string
	}{
		{Down, Files, []int{0, 0}, ""},
		{Half, Files, []int{503, 200, 503}, "SlowDown"},
		{Full, Files, []int{503, 503}, "SlowDown"},
		{Full, Secrets, []int{400, 400}, "ThrottlingException"},
		{OK, Files, []int{200}, ""},
	} {
		t.Run(c.part+" "+c.how, func(t *testing.T) {
			r := New(ofDev)
			server := httptest.NewUnstartedServer(r.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), func(*http.Request) string { return c.part }))
			server.Config.ConnContext = r.ConnContext
			server.Start()
			defer server.Close()
			set(t, r, Spec{Stack: "dev", Part: c.part, How: c.how})
			for i, want := range c.want {
				response, err := http.Post(server.URL, "", nil) // a POST, which net/http does not repeat
				if want == 0 {
					if err == nil {
						t.Errorf("request %d: %s, want a reset", i, response.Status)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(response.Body)
				_ = response.Body.Close()
				if response.StatusCode != want || want != 200 && !strings.Contains(string(body), c.code) {
					t.Errorf("request %d: %s %s, want %d %s", i, response.Status, body, want, c.code)
				}
			}
		})
	}
}

func TestInvalidFaultsAreRejectedWithAllProblemsAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		spec Spec
		want []string
	}{
		"an unknown part and an unknown fault": {Spec{Stack: "dev", Part: "disk", How: "gone"}, []string{
			"PART=disk: must be one of database, cache, files, secrets",
			"HOW=gone: must be one of down, slow, half, full, ok; with PART=database also readonly, locked; with PART=cache also failover",
		}},
		"no part":                          {Spec{Stack: "dev", How: Down}, []string{"PART is missing"}},
		"no fault":                         {Spec{Stack: "dev", Part: Cache}, []string{"HOW=: must be one of down, slow, half, full, ok, failover"}},
		"a fault of another part":          {Spec{Stack: "dev", Part: Files, How: ReadOnly}, []string{"HOW=readonly: must be one of down, slow, half, full, ok"}},
		"a latency of a part that is down": {Spec{Stack: "dev", Part: Files, How: Down, Latency: time.Second}, []string{"LATENCY=1s: is for HOW=slow only"}},
		"a negative latency":               {Spec{Stack: "dev", Part: Files, How: Slow, Latency: -1}, []string{"must be a duration above 0s"}},
		"no stack":                         {Spec{Part: Files, How: Down}, []string{"STACK is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.spec.Normalize()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
		})
	}
}

func TestConcurrentFaultsOfAPartReleaseWhatTheyHold(t *testing.T) {
	r := New(ofDev)
	var held atomic.Int32
	hold := func() (func(), error) {
		held.Add(1)
		for range 1000 { // gives the other one the time to hold, too
			runtime.Gosched()
		}
		return func() { held.Add(-1) }, nil
	}
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			if err := r.Set(Spec{Stack: "dev", Part: Database, How: Locked}, hold); err != nil {
				t.Error(err)
			}
		})
	}
	clients.Wait()
	r.EndAll()
	if held.Load() != 0 {
		t.Errorf("%d faults have not released what they held", held.Load())
	}
}
