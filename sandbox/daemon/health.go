package daemon

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"time"
)

// healthTimeout bounds the look at one part; a part at work may be slow.
const healthTimeout = 5 * time.Second

// serves says why a part's health check is not answered with 200; nil: it is.
func serves(ctx context.Context, url string, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	maps.Copy(request.Header, header)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is answered with %s", url, answer.Status)
	}
	return nil
}

// accepts says why a part takes no connections; nil: it does.
func accepts(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}
