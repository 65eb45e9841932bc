// Command lambda is the API's function (handler "api"): it serves requests of API Gateway. The
// other functions are another program, [github.com/didomi/serverless-api/lambda/operations].
package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/docs"
	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/environment"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/program"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/steps"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

func main() { program.Run(build) }

const (
	// maxConns is how many connections an execution environment holds to the database and to each Redis
	// node. It serves one request at a time, plus possibly the refresh of a stale entry, which it awaits
	// after the response.
	maxConns = 4
	// maxIdle is the longest idle time of a connection that is still used. An execution environment is
	// frozen between requests, and networks drop idle connections silently: AWS's after 350 s (Amazon EC2
	// API reference, "ConnectionTrackingConfiguration", the default of its newest hosts). A request on
	// such a connection would only fail by timeout.
	maxIdle = 5 * time.Minute
)

// build returns the function. Connections are opened by the first request that needs them.
func build(env func(string) string, log *slog.Logger) (program.Program, error) {
	if name := env("_HANDLER"); name != contract.HandlerAPI {
		return program.Program{}, fmt.Errorf("_HANDLER is %q, must be api", name)
	}
	config, err := readAPI(env, log)
	if err != nil {
		return program.Program{}, err
	}
	awsConfig := config.AWS
	meter := telemetry.Meter{Namespace: config.Namespace, Function: config.Function}
	secretCache := secrets.New(func() secrets.API {
		return countingSecrets{secretsmanager.NewFromConfig(awsConfig), meter.FailureLogger(log, telemetry.SecretsFailures)}
	})
	items := openStore(config.Database, secretCache)
	database := newPreconnectedStore(items, items.Connect)
	redis := cache.NewBreaker(openRedis(config.Redis, secretCache))
	bucket := files.New(config.Bucket, func() files.Client { return files.Connect(awsConfig) })
	h := &handler.Handler{
		Items: preconnectingItems{cache.NewItems(database, cache.New(redis, config.Cache, meter.FailureLogger(log, telemetry.CacheFailures)), config.Generation), database},
		Files: bucket,
		Health: handler.NewHealthChecker(map[string]func(context.Context) error{
			"database": items.Ping, "cache": redis.Ping, "files": bucket.Ping,
		}),
		Contract: handler.NewContract(docs.Contract),
		Version:  config.Version,
		Origins:  config.Origins,
		Public:   config.Public,
		Log:      log,
		Meter:    meter,

		StreamMax: config.StreamMax,
	}
	// The limits are set after the first response: a cold start makes more calls in parallel than a
	// fraction of a processor can handle.
	tuneRuntime := sync.OnceFunc(func() { setRuntimeLimits(config.Memory, env) })
	handle := func(ctx context.Context, event []byte) (runtimeapi.Response, error) {
		postresponse.Do(ctx, tuneRuntime)
		return h.Handle(ctx, event)
	}
	warmup := func() {
		secretCache.Prepare()
		items.Prepare()
	}
	return program.Program{Handler: handle, Warmup: warmup}, nil
}

// countingSecrets records reads of secrets, and counts failed ones, which would otherwise only show as failures of the
// dependencies that the credentials are for.
type countingSecrets struct {
	secrets.API
	failures *slog.Logger
}

func (s countingSecrets) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	defer steps.Begin(ctx, steps.Secrets).End()
	out, err := s.API.GetSecretValue(ctx, in, opts...)
	if err != nil {
		s.failures.WarnContext(ctx, "secret not read", "error", err)
	}
	return out, err
}

func openStore(db environment.Database, secretCache *secrets.Cache) *store.Store {
	return store.Open(store.Config{
		Host: db.Host, Port: db.Port, Database: db.Name, SSLMode: db.SSLMode,
		MaxConns:      maxConns,
		MaxIdle:       maxIdle,
		User:          db.User,
		Credentials:   func(ctx context.Context) (secrets.Credentials, error) { return secretCache.Get(ctx, db.Secret) },
		OnAuthFailure: func(used secrets.Credentials) { secretCache.Invalidate(db.Secret, used) },
	})
}

func openRedis(redis environment.Redis, secretCache *secrets.Cache) *cache.Redis {
	config := cache.RedisConfig{Address: redis.Address, Cluster: redis.Cluster, TLS: redis.TLS, Conns: maxConns, MaxIdle: maxIdle}
	if redis.Secret != "" {
		config.Credentials = func(ctx context.Context) (secrets.Credentials, error) { return secretCache.Get(ctx, redis.Secret) }
		config.OnAuthFailure = func(used secrets.Credentials) { secretCache.Invalidate(redis.Secret, used) }
	}
	return cache.OpenRedis(config)
}
