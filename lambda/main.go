// Command lambda is the function of the API, the handler "api": it answers
// requests of API Gateway. What is done with the database and the passwords is
// another program, [github.com/didomi/serverless-api/lambda/operations].
package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/environment"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/later"
	"github.com/didomi/serverless-api/lambda/program"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

func main() { program.Run(build) }

const (
	// conns is how many connections an instance may hold to the database and to
	// each node of Redis; it serves one request at a time, and may have one
	// refresh of a stale entry beside it, which it waits for after its answer.
	conns = 4
	// maxIdle is how long a connection may have idled when it is used. An
	// instance is frozen between requests, and networks forget silent connections
	// without a word: AWS' after 350 s (Amazon EC2 API reference,
	// "ConnectionTrackingConfiguration", the default of its newest hosts). The
	// request that finds out would wait for a timeout.
	maxIdle = 5 * time.Minute
)

// build returns the function. It makes no connection: each is made by the first
// request that needs it.
func build(env func(string) string, log *slog.Logger) (program.Program, error) {
	if name := env("_HANDLER"); name != "api" {
		return program.Program{}, fmt.Errorf("_HANDLER is %q, want api", name)
	}
	settings, err := readAPI(env, log)
	if err != nil {
		return program.Program{}, err
	}
	cloud := settings.Cloud
	meter := telemetry.Meter{Function: settings.Function}
	vault := secrets.New(func() secrets.API {
		return countedSecrets{secretsmanager.NewFromConfig(cloud), meter.Failures(log, telemetry.SecretsFailures)}
	})
	items := openStore(settings.Database, vault)
	database := newConnecting(items, items.Connect)
	redis := cache.NewBreaker(openRedis(settings.Redis, vault))
	bucket := files.New(settings.Bucket, func() files.Client { return files.Connect(cloud) })
	h := &handler.Handler{
		Items: firstRead{cache.NewItems(database, cache.New(redis, settings.Cache, meter.Failures(log, telemetry.CacheFailures))), database},
		Files: bucket,
		Health: handler.NewCheckup(map[string]func(context.Context) error{
			"database": items.Ping, "cache": redis.Ping, "files": bucket.Ping,
		}),
		Version: settings.Version,
		Origins: settings.Origins,
		Public:  settings.Public,
		Log:     log,
		Meter:   meter,

		StreamMax: settings.StreamMax,
	}
	// Until the first answer there are more calls to make at once than a part of
	// one processor would do.
	settle := sync.OnceFunc(func() { fit(settings.Memory, env) })
	answer := func(ctx context.Context, event []byte) (runtimeapi.Answer, error) {
		later.Do(ctx, settle)
		return h.Handle(ctx, event)
	}
	prepare := func() {
		vault.Prepare()
		items.Prepare()
	}
	return program.Program{Answer: answer, Prepare: prepare}, nil
}

// countedSecrets counts the reads of secrets that fail, which otherwise show
// as failures of the parts whose credentials they are.
type countedSecrets struct {
	secrets.API
	failures *slog.Logger
}

func (s countedSecrets) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	out, err := s.API.GetSecretValue(ctx, in, opts...)
	if err != nil {
		s.failures.WarnContext(ctx, "secret not read", "error", err)
	}
	return out, err
}

func openStore(db environment.Database, vault *secrets.Source) *store.Store {
	return store.Open(store.Config{
		Host: db.Host, Port: db.Port, Database: db.Name, SSLMode: db.SSLMode,
		MaxConns:    conns,
		MaxIdle:     maxIdle,
		User:        db.User,
		Credentials: func(ctx context.Context) (secrets.Credentials, error) { return vault.Get(ctx, db.Secret) },
		Refused:     func(used secrets.Credentials) { vault.Refused(db.Secret, used) },
	})
}

func openRedis(redis redisConfig, vault *secrets.Source) *cache.Redis {
	settings := cache.RedisConfig{Address: redis.Address, Cluster: redis.Cluster, TLS: redis.TLS, Conns: conns, MaxIdle: maxIdle}
	if redis.Secret != "" {
		settings.Credentials = func(ctx context.Context) (secrets.Credentials, error) { return vault.Get(ctx, redis.Secret) }
		settings.Refused = func(used secrets.Credentials) { vault.Refused(redis.Secret, used) }
	}
	return cache.OpenRedis(settings)
}
