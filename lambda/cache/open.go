package cache

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/didomi/serverless-api/lambda/internal/limit"
	"github.com/didomi/serverless-api/lambda/secrets"
)

const (
	// dialTimeout bounds one connection with TLS and AUTH, also in a cold start on a fraction of a processor.
	dialTimeout = time.Second
	// commandTimeout bounds one command. A healthy response takes about a millisecond; beyond this, the database is
	// faster.
	commandTimeout = 500 * time.Millisecond
	// readBuffer and writeBuffer (bytes) hold most responses and commands; longer ones bypass them. go-redis's default of
	// 32 KiB each is memory that a new connection would touch first.
	readBuffer  = 4 << 10
	writeBuffer = 4 << 10
)

// RedisConfig is the configuration of a Redis.
type RedisConfig struct {
	Address string // host:port; the configuration endpoint of a cluster
	Cluster bool
	TLS     bool // with the system's root certificates
	Conns   int  // most connections of the process to one node
	// MaxIdle is the longest idle time of a connection that is still used; 0: 30 minutes. Under TLS, only a timeout shows
	// the client that a connection is dead.
	MaxIdle time.Duration
	// CommandTimeout bounds one command, 0: 500 ms.
	CommandTimeout time.Duration
	// Dial opens connections; nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Credentials returns the login; nil: no login.
	Credentials func(context.Context) (secrets.Credentials, error)
	// OnAuthFailure is called with credentials that Redis rejected; may be nil.
	OnAuthFailure func(secrets.Credentials)
}

// disableClientLog disables go-redis's own log: its lines are not JSON, and repeat its errors.
var disableClientLog = sync.OnceFunc(logging.Disable)

// OpenRedis returns a Redis; the first command connects.
func OpenRedis(config RedisConfig) *Redis {
	disableClientLog()
	options, last := redisOptions(config), &login{config: config}
	if config.Credentials != nil {
		options.CredentialsProviderContext = last.provide
	}
	if !config.Cluster {
		return &Redis{client: redis.NewClient(options.Simple()), onAuthFailure: last.reportAuthFailure}
	}
	sharded := options.Cluster()
	// Without routing policies, the client does not fetch the table of all commands before the first one: those used here
	// have their key in the default position.
	sharded.DisableRoutingPolicies = true
	client := redis.NewClusterClient(sharded)
	return &Redis{client: client, cluster: client, onAuthFailure: last.reportAuthFailure}
}

// redisOptions are the client's, but for the login.
func redisOptions(config RedisConfig) *redis.UniversalOptions {
	timeout := limit.Of(cmp.Or(config.CommandTimeout, commandTimeout))
	options := &redis.UniversalOptions{
		Addrs:                 []string{config.Address},
		MaxRetries:            1, // for a connection that died while the environment was frozen; see Store for tags
		MinRetryBackoff:       time.Millisecond,
		MaxRetryBackoff:       10 * time.Millisecond,
		DialTimeout:           limit.Of(dialTimeout),
		DialerRetries:         1,
		ReadTimeout:           timeout,
		WriteTimeout:          timeout,
		PoolTimeout:           timeout,
		PoolSize:              config.Conns,
		ConnMaxIdleTime:       config.MaxIdle,
		ContextTimeoutEnabled: true,
		DisableIdentity:       true, // saves a round trip at every connection
		Protocol:              2,    // RESP2 has no push messages, so the client need not check for them before each response
		PipelinePoolSize:      -1,   // pipelines are not used
		ReadBufferSize:        readBuffer,
		WriteBufferSize:       writeBuffer,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
	if config.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	dial := dialFunc(config.Dial)
	if dial == nil {
		dial = redis.NewDialer(&redis.Options{DialTimeout: dialTimeout, TLSConfig: options.TLSConfig})
	}
	options.Dialer = withoutDialErrors(dial)
	return options
}

// login keeps the last credentials, because Redis's error does not contain them.
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

func (l *login) reportAuthFailure() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.config.OnAuthFailure != nil {
		l.config.OnAuthFailure(l.used)
	}
}
