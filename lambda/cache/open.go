package cache

import (
	"context"
	"crypto/tls"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/didomi/serverless-api/lambda/secrets"
)

const (
	// dialTimeout bounds one connection with TLS and AUTH, also in a cold
	// start on a small share of a processor.
	dialTimeout = time.Second
	// commandTimeout bounds one command. A healthy answer takes about a
	// millisecond; past this the database is the faster way.
	commandTimeout = 500 * time.Millisecond
)

// RedisConfig says where Redis is and how to talk to it.
type RedisConfig struct {
	Address string // host:port; of a cluster its configuration endpoint
	Cluster bool
	TLS     bool // with the system's roots
	Conns   int  // how many connections one process may hold to one node
	// Credentials returns what to log in with; nil: no login.
	Credentials func(context.Context) (secrets.Credentials, error)
	// Refused is told of credentials that Redis did not accept; may be nil.
	Refused func(secrets.Credentials)
}

// OpenRedis prepares a Redis; the first command makes the first connection.
func OpenRedis(config RedisConfig) *Redis {
	options := &redis.UniversalOptions{
		Addrs:                 []string{config.Address},
		IsClusterMode:         config.Cluster,
		MaxRetries:            1, // a connection that died while the instance was frozen
		MinRetryBackoff:       time.Millisecond,
		MaxRetryBackoff:       10 * time.Millisecond,
		DialTimeout:           dialTimeout,
		DialerRetries:         1,
		ReadTimeout:           commandTimeout,
		WriteTimeout:          commandTimeout,
		PoolTimeout:           commandTimeout,
		PoolSize:              config.Conns,
		ContextTimeoutEnabled: true,
		DisableIdentity:       true, // saves a round trip at every connection
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	if config.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	last := &login{config: config}
	if config.Credentials != nil {
		options.CredentialsProviderContext = last.provide
	}
	return &Redis{client: redis.NewUniversalClient(options), refused: last.refuse}
}

// login remembers which credentials were used last, since an error of Redis
// does not tell.
type login struct {
	config RedisConfig
	mu     sync.Mutex
	used   secrets.Credentials
}

func (l *login) provide(ctx context.Context) (username, password string, err error) {
	credentials, err := l.config.Credentials(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = credentials
	return credentials.Username, credentials.Password, err
}

func (l *login) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.config.Refused != nil {
		l.config.Refused(l.used)
	}
}
