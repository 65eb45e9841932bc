package daemon

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"time"
)

// healthTimeout bounds a health check. A busy part may be slow.
const healthTimeout = 5 * time.Second

// serves returns nil if the part's health check returns 200.
func serves(ctx context.Context, url string, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	maps.Copy(request.Header, header)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s returns %s", url, response.Status)
	}
	return nil
}

// accepts returns nil if the part accepts connections.
func accepts(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
