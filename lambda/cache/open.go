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

	"github.com/didomi/serverless-api/lambda/secrets"
)

const (
	// dialTimeout bounds one connection with TLS and AUTH, also in a cold
	// start on a small share of a processor.
	dialTimeout = time.Second
	// commandTimeout bounds one command in production. A healthy answer takes about a
	// millisecond; past this the database is the faster way.
	commandTimeout = 500 * time.Millisecond
	// readBuffer and writeBuffer (bytes) hold what most answers and commands
	// have; longer ones go past them. go-redis' own 32 KiB each are memory that
	// a new connection touches first.
	readBuffer  = 4 << 10
	writeBuffer = 4 << 10
)

// RedisConfig says where Redis is and how to talk to it.
type RedisConfig struct {
	Address string // host:port; of a cluster its configuration endpoint
	Cluster bool
	TLS     bool // with the system's roots
	Conns   int  // how many connections one process may hold to one node
	// MaxIdle is how long a connection may have idled when it is used, 0: half an
	// hour. Under TLS nothing but a timeout tells the client that one is dead.
	MaxIdle time.Duration
	// CommandTimeout bounds one command, 0: 500 ms.
	CommandTimeout time.Duration
	// Dial makes the connections; nil: TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Credentials returns what to log in with; nil: no login.
	Credentials func(context.Context) (secrets.Credentials, error)
	// Refused is told of credentials that Redis did not accept; may be nil.
	OnAuthFailure func(secrets.Credentials)
}

// quiet ends go-redis' own log: its lines are no JSON and say what its errors
// say.
var disableClientLog = sync.OnceFunc(logging.Disable)

// OpenRedis prepares a Redis; the first command makes the first connection.
func OpenRedis(config RedisConfig) *Redis {
	disableClientLog()
	timeout := cmp.Or(config.CommandTimeout, commandTimeout)
	options := &redis.UniversalOptions{
		Addrs:                 []string{config.Address},
		Dialer:                config.Dial,
		MaxRetries:            1, // a connection that died while the instance was frozen; not of a tag, see Store
		MinRetryBackoff:       time.Millisecond,
		MaxRetryBackoff:       10 * time.Millisecond,
		DialTimeout:           dialTimeout,
		DialerRetries:         1,
		ReadTimeout:           timeout,
		WriteTimeout:          timeout,
		PoolTimeout:           timeout,
		PoolSize:              config.Conns,
		ConnMaxIdleTime:       config.MaxIdle,
		ContextTimeoutEnabled: true,
		DisableIdentity:       true, // saves a round trip at every connection
		Protocol:              2,    // nothing is pushed, so that nobody need look for it before each answer
		PipelinePoolSize:      -1,   // there are no pipelines
		ReadBufferSize:        readBuffer,
		WriteBufferSize:       writeBuffer,
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
	if !config.Cluster {
		return &Redis{client: redis.NewClient(options.Simple()), onAuthFailure: last.reportAuthFailure}
	}
	sharded := options.Cluster()
	// Saves fetching the table of all commands before the first one: those
	// used here have their key in the place where it is looked for.
	sharded.DisableRoutingPolicies = true
	client := redis.NewClusterClient(sharded)
	return &Redis{client: client, cluster: client, onAuthFailure: last.reportAuthFailure}
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

func (l *login) reportAuthFailure() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.config.OnAuthFailure != nil {
		l.config.OnAuthFailure(l.used)
	}
}
