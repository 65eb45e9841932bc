// Package localhost resolves names under .localhost to the loopback address, as
// RFC 6761 recommends; Go's resolver does not. S3 Control needs it: its calls go
// to {account}.host, where host cannot be an IP address.
package localhost

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Install makes the process's default resolver resolve .localhost itself. Other
// names are resolved as before.
func Install() {
	var dialer net.Dialer
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, network, server string) (net.Conn, error) {
			near, far := net.Pipe()
			go answer(ctx, far, func() (net.Conn, error) { return dialer.DialContext(ctx, "tcp", server) })
			return near, nil
		},
	}
}

// answer serves one query on a stream connection, in the framing of DNS over TCP.
// It forwards a query for a name not under .localhost.
func answer(ctx context.Context, client net.Conn, forward func() (net.Conn, error)) {
	defer func() { _ = client.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = client.Close() })
	defer stop()

	query, err := readMessage(client)
	if err != nil {
		return
	}
	reply, ours, err := loopback(query)
	if err != nil {
		return
	}
	if !ours {
		if reply, err = exchange(query, forward); err != nil {
			return
		}
	}
	// The resolver itself reports a connection that ends early.
	_ = writeMessage(client, reply)
}

// loopback returns the reply to a query for a name under .localhost; ours is
// false for any other name.
func loopback(query []byte) (reply []byte, ours bool, err error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil {
		return nil, false, fmt.Errorf("parse the query: %w", err)
	}
	question, err := parser.Question()
	if err != nil {
		return nil, false, fmt.Errorf("parse the question: %w", err)
	}
	name := strings.ToLower(question.Name.String())
	if name != "localhost." && !strings.HasSuffix(name, ".localhost.") {
		return nil, false, nil
	}
	message := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true,
			RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{question},
	}
	if question.Type == dnsmessage.TypeA {
		message.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	reply, err = message.Pack()
	return reply, true, err
}

func exchange(query []byte, forward func() (net.Conn, error)) ([]byte, error) {
	server, err := forward()
	if err != nil {
		return nil, err
	}
	defer func() { _ = server.Close() }()
	if err := writeMessage(server, query); err != nil {
		return nil, err
	}
	return readMessage(server)
}

func readMessage(from io.Reader) ([]byte, error) {
	var length uint16
	if err := binary.Read(from, binary.BigEndian, &length); err != nil {
		return nil, fmt.Errorf("read a message's length: %w", err)
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(from, message); err != nil {
		return nil, fmt.Errorf("read a message: %w", err)
	}
	return message, nil
}

func writeMessage(to io.Writer, message []byte) error {
	framed := binary.BigEndian.AppendUint16(nil, uint16(len(message)))
	if _, err := to.Write(append(framed, message...)); err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	return nil
}
