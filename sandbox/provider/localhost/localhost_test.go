package localhost

import (
	"context"
	"net"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func TestNamesUnderLocalhostResolveToLoopback(t *testing.T) {
	before := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = before })
	Install()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for _, name := range []string{"000000000000.s3-control.localhost", "S3-Control.LOCALHOST"} {
		t.Run(name, func(t *testing.T) {
			addresses, err := net.DefaultResolver.LookupHost(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(addresses, []string{"127.0.0.1"}) {
				t.Errorf("want 127.0.0.1 alone, got %v", addresses)
			}
		})
	}
}

func query(t *testing.T, name string, kind dnsmessage.Type) []byte {
	t.Helper()
	message := dnsmessage.Message{
		Header: dnsmessage.Header{ID: 7},
		Questions: []dnsmessage.Question{{
			Name: dnsmessage.MustNewName(name), Type: kind, Class: dnsmessage.ClassINET,
		}},
	}
	packed, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packed
}

func TestLoopback(t *testing.T) {
	tests := []struct {
		name    string
		ask     string
		kind    dnsmessage.Type
		ours    bool
		answers int
	}{
		{"an address of a name under localhost is answered", "a.localhost.", dnsmessage.TypeA, true, 1},
		{"localhost itself is answered", "localhost.", dnsmessage.TypeA, true, 1},
		{"other records of a name under localhost are empty", "a.localhost.", dnsmessage.TypeAAAA, true, 0},
		{"a name that merely ends alike is not ours", "notlocalhost.", dnsmessage.TypeA, false, 0},
		{"any other name is not ours", "example.test.", dnsmessage.TypeA, false, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reply, ours, err := loopback(query(t, test.ask, test.kind))
			if err != nil || ours != test.ours {
				t.Fatalf("want ours %t, got %t, %v", test.ours, ours, err)
			}
			if !ours {
				return
			}
			var message dnsmessage.Message
			if err := message.Unpack(reply); err != nil {
				t.Fatal(err)
			}
			if message.ID != 7 || len(message.Answers) != test.answers {
				t.Errorf("want id 7 and %d answers, got %d and %v", test.answers, message.ID, message.Answers)
			}
		})
	}
}

func TestOtherNamesGoToTheServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		server, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = server.Close() }()
		if asked, err := readMessage(server); err == nil {
			_ = writeMessage(server, append(asked, "answered"...))
		}
	}()
	client, far := net.Pipe()
	go answer(t.Context(), far, func() (net.Conn, error) { return net.Dial("tcp", listener.Addr().String()) })

	asked := query(t, "example.test.", dnsmessage.TypeA)
	if err := writeMessage(client, asked); err != nil {
		t.Fatal(err)
	}
	reply, err := readMessage(client)
	if err != nil || string(reply) != string(asked)+"answered" {
		t.Errorf("want the server's reply, got %q, %v", reply, err)
	}
}
