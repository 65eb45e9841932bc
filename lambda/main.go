// Command lambda is the function of the API. One binary serves two Lambda
// functions, told apart by their handler: "api" answers requests of API
// Gateway, "migrate" brings the database up to date when a stack is deployed.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/smithy-go/logging"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/migrate"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	function, err := build(os.Getenv, log)
	if err != nil {
		reportInitError(os.Getenv("AWS_LAMBDA_RUNTIME_API"), err)
		log.Error("init failed", "error", err.Error())
		os.Exit(1)
	}
	lambda.Start(function)
}

// build returns the function that _HANDLER names. It makes no connection:
// each is made by the first request that needs it.
func build(env func(string) string, log *slog.Logger) (any, error) {
	switch name := env("_HANDLER"); name {
	case "api":
		return buildAPI(env, log)
	case "migrate":
		return buildMigrate(env, log)
	default:
		return nil, fmt.Errorf("_HANDLER is %q, want api or migrate", name)
	}
}

const (
	// conns is how many connections an instance may hold to the database and
	// to each node of Redis; it serves one request at a time, and may have
	// one refresh of a stale entry beside it.
	conns = 4
	// heapShare is the part of the function's memory (in per cent) that Go
	// may fill before it collects harder; the rest is code, stacks and TLS.
	heapShare = 75
)

func buildAPI(env func(string) string, log *slog.Logger) (any, error) {
	settings, err := readAPI(env)
	if err != nil {
		return nil, err
	}
	if settings.Memory > 0 {
		debug.SetMemoryLimit(settings.Memory * heapShare / 100)
	}
	cloud, err := awsConfig(log)
	if err != nil {
		return nil, err
	}
	vault := secrets.New(func() secrets.API { return secretsmanager.NewFromConfig(cloud) })
	items, err := openStore(settings.Database, vault)
	if err != nil {
		return nil, err
	}
	redis := cache.NewBreaker(openRedis(settings.Redis, vault))
	bucket := files.New(settings.Bucket, func() files.Client { return files.Connect(cloud) })
	h := &handler.Handler{
		Items: cache.NewItems(items, cache.New(redis, settings.Cache, log)),
		Files: bucket,
		Health: map[string]func(context.Context) error{
			"database": items.Ping, "cache": redis.Ping, "files": bucket.Ping,
		},
		Version: settings.Version,
		Origins: settings.Origins,
		Log:     log,
	}
	return h.Serve, nil
}

// awsConfig reads the standard AWS_* variables.
func awsConfig(log *slog.Logger) (aws.Config, error) {
	toLog := logging.LoggerFunc(func(_ logging.Classification, format string, args ...any) {
		log.Warn("aws sdk", "said", fmt.Sprintf(format, args...))
	})
	cloud, err := config.LoadDefaultConfig(context.Background(), config.WithLogger(toLog))
	if err != nil {
		return cloud, fmt.Errorf("reading the AWS settings of the environment: %w", err)
	}
	return cloud, nil
}

func openStore(db database, vault *secrets.Source) (*store.Store, error) {
	return store.Open(store.Config{
		Host: db.Host, Port: db.Port, Database: db.Name, SSLMode: db.SSLMode,
		MaxConns:    conns,
		Credentials: func(ctx context.Context) (secrets.Credentials, error) { return vault.Get(ctx, db.Secret) },
		Refused:     func(used secrets.Credentials) { vault.Refused(db.Secret, used) },
	})
}

func openRedis(redis redisConfig, vault *secrets.Source) *cache.Redis {
	settings := cache.RedisConfig{Address: redis.Address, Cluster: redis.Cluster, TLS: redis.TLS, Conns: conns}
	if redis.Secret != "" {
		settings.Credentials = func(ctx context.Context) (secrets.Credentials, error) { return vault.Get(ctx, redis.Secret) }
		settings.Refused = func(used secrets.Credentials) { vault.Refused(redis.Secret, used) }
	}
	return cache.OpenRedis(settings)
}

func buildMigrate(env func(string) string, log *slog.Logger) (any, error) {
	settings, err := readMigrate(env)
	if err != nil {
		return nil, err
	}
	cloud, err := awsConfig(log)
	if err != nil {
		return nil, err
	}
	return migrateFunction(settings, cloud, log), nil
}

func migrateFunction(settings migrateConfig, cloud aws.Config, log *slog.Logger) any {
	db := settings.Database
	migration := migrate.Migration{
		Secrets:      secretsmanager.NewFromConfig(cloud),
		MasterSecret: settings.MasterSecret,
		AppSecret:    db.Secret,
		Host:         db.Host, Port: db.Port, Database: db.Name, SSLMode: db.SSLMode,
		Log: log,
	}
	return migration.Run
}
