package daemon

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// readHeaderTimeout bounds the time in which a client sends its request's header.
const readHeaderTimeout = 30 * time.Second

// server is a running daemon.
type server struct {
	layout     layout.Layout
	generation string
	region     string
	since      time.Time
	account    *account
	stop       context.CancelFunc
}

// Serve opens an empty account and serves it, with the page about it, until ctx is done, a client requests a stop on the control socket, or an
// essential part exits.
func Serve(ctx context.Context, l layout.Layout, region string, page http.Handler, log *slog.Logger) (err error) {
	if err := prepare(l); err != nil {
		return err
	}
	account, err := openAccount(ctx, l, region, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, account.close(), os.RemoveAll(l.Data())) }()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s := &server{layout: l, generation: rand.Text(), region: region, since: time.Now(), account: account, stop: stop}
	failed := make(chan error, 5)
	for _, part := range []struct {
		network, addr string
		handler       http.Handler
	}{
		{"tcp", l.GatewayAddr(), account.faults.Handler(account.gateway, faultyPart)},
		{"tcp", l.APIAddr(), restapi.New(account.api())},
		{"tcp", l.PageAddr(), page},
		// Last: a client of the control socket can rely on the others.
		{"unix", l.Socket(), s.control()},
	} {
		closeServer, err := listen(part.network, part.addr, part.handler, account.faults.ConnContext, failed)
		if err != nil {
			return err
		}
		defer closeServer()
	}
	log.Info("the sandbox is served", "generation", s.generation, "endpoint", l.GatewayAddr(), "api", l.APIAddr(), "page", l.PageAddr())
	select {
	case <-ctx.Done():
		log.Info("the sandbox is stopping")
		return nil
	case <-account.emulator.Ended():
		return ended("ministack", account.emulator.Err(), l.Log("ministack"))
	case err := <-failed:
		return err
	}
}

// ended is the error of a part that exited unexpectedly. err is nil if it exited with status 0.
func ended(part string, err error, log string) error {
	if err == nil {
		return fmt.Errorf("%s ended without an error: see %s", part, log)
	}
	return fmt.Errorf("%s ended: %w: see %s", part, err, log)
}

// prepare creates the directories, without the data of an earlier daemon.
func prepare(l layout.Layout) error {
	if err := CheckPorts(l); err != nil {
		return err
	}
	for _, dir := range []string{l.Data(), l.Temp()} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("clear the data of an earlier sandbox: %w", err)
		}
	}
	if err := layout.PrivateDir(l.Temp()); err != nil {
		return err
	}
	for _, dir := range []string{l.Data(), l.Run()} {
		// PostgreSQL may run as another user, who must be able to traverse them.
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return fmt.Errorf("create the sandbox's directories: %w", err)
		}
	}
	if err := os.Remove(l.Socket()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("clear the control socket of an earlier sandbox: %w", err)
	}
	return nil
}

// listen serves the handler and returns a function that stops it.
func listen(network, addr string, handler http.Handler, connContext func(context.Context, net.Conn) context.Context, failed chan<- error) (func(), error) {
	listener, err := listenOn(network, addr)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ConnContext: connContext}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve %s: %w", addr, err)
		}
	}()
	return func() { _ = server.Close() }, nil
}
