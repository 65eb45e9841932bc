// Command operations has the functions beside the API's, selected by their handler: "migrate" applies database
// migrations during a deployment, "rotate" rotates the database user's password for Secrets Manager, "cache-user"
// rotates the cache user's and sets it during a deployment, "authorizer" checks tokens for API Gateway, "query" runs
// operators' queries to the database, and "drill" compares a restored database with the stack's. It is a separate program because the API's function starts
// while a client waits, and should not start with dependencies that only these need.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/cache/access"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/drill"
	"github.com/didomi/serverless-api/lambda/environment"
	"github.com/didomi/serverless-api/lambda/migrate"
	"github.com/didomi/serverless-api/lambda/program"
	"github.com/didomi/serverless-api/lambda/rotate"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/secrets"
)

func main() { program.Run(build) }

// builders are by handler: one for each function whose code this is.
var builders = map[string]func(env func(string) string, log *slog.Logger) (program.Program, error){
	contract.HandlerMigrate:    buildMigrate,
	contract.HandlerRotate:     buildRotate,
	contract.HandlerCacheUser:  buildCacheUser,
	contract.HandlerAuthorizer: buildAuthorizer,
	contract.HandlerQuery:      buildQuery,
	contract.HandlerDrill:      buildDrill,
}

// build returns the program that _HANDLER selects. It opens no connections.
func build(env func(string) string, log *slog.Logger) (program.Program, error) {
	name := env("_HANDLER")
	builder, ok := builders[name]
	if !ok {
		return program.Program{}, fmt.Errorf("_HANDLER is %q, must be one of %s", name, strings.Join(slices.Sorted(maps.Keys(builders)), ", "))
	}
	return builder(env, log)
}

func buildMigrate(env func(string) string, log *slog.Logger) (program.Program, error) {
	config, err := readDatabase(env, log)
	if err != nil {
		return program.Program{}, err
	}
	db := config.Database
	migration := migrate.Migration{
		Secrets:      secretsmanager.NewFromConfig(config.AWS),
		MasterSecret: config.MasterSecret,
		AppSecret:    db.Secret,
		Database:     db.Postgres(),
		QueryUser:    config.QueryUser,
		Log:          log,
	}
	if config.Redis != nil {
		migration.Cache = openCache(*config.Redis, migration.Secrets)
	}
	return program.Program{Handler: asJSON(migration.Handle)}, nil
}

// purgeConns is how many connections a purge opens to each node of the cache.
const purgeConns = 16

// openCache returns the cache; the first command connects. Each login reads the secret, which may have changed since the last one.
func openCache(redis environment.Redis, api secrets.API) *cache.Redis {
	config := cache.RedisConfig{Address: redis.Address, Cluster: redis.Cluster, TLS: redis.TLS, Conns: purgeConns}
	if redis.Secret != "" {
		config.Credentials = func(ctx context.Context) (secrets.Credentials, error) {
			return secrets.New(func() secrets.API { return api }).Get(ctx, redis.Secret)
		}
	}
	return cache.OpenRedis(config)
}

// pollInterval is the time between two checks during a rotation: whether ElastiCache has changed its user,
// or RDS Proxy accepts the new password. Both take AWS seconds.
const pollInterval = time.Second

func buildRotate(env func(string) string, log *slog.Logger) (program.Program, error) {
	config, err := readDatabase(env, log)
	if err != nil {
		return program.Program{}, err
	}
	db := config.Database
	secretsManager := secretsmanager.NewFromConfig(config.AWS)
	rotation := rotate.Rotation{
		Secrets: secretsManager,
		Secret:  db.Secret,
		Target:  rotate.Database{Database: db.Postgres(), Secrets: secretsManager, MasterSecret: config.MasterSecret, PollInterval: pollInterval},
		Log:     log,
	}
	return program.Program{Handler: asJSON(rotation.Run)}, nil
}

func buildCacheUser(env func(string) string, log *slog.Logger) (program.Program, error) {
	config, err := readCacheUser(env, log)
	if err != nil {
		return program.Program{}, err
	}
	rotation := rotate.Rotation{
		Secrets: secretsmanager.NewFromConfig(config.AWS),
		Secret:  config.Secret,
		Target: rotate.Cache{
			Users: elasticache.NewFromConfig(config.AWS), ID: config.UserID, Username: access.User, PollInterval: pollInterval,
		},
		Log: log,
	}
	return program.Program{Handler: asJSON(rotation.Run)}, nil
}

func buildAuthorizer(env func(string) string, log *slog.Logger) (program.Program, error) {
	handler, err := readAuthorizer(env, log)
	if err != nil {
		return program.Program{}, err
	}
	return program.Program{Handler: asJSON(handler.Handle)}, nil
}

func buildQuery(env func(string) string, log *slog.Logger) (program.Program, error) {
	handler, err := readQuery(env, log)
	if err != nil {
		return program.Program{}, err
	}
	return program.Program{Handler: asJSON(handler.Handle)}, nil
}

func buildDrill(env func(string) string, log *slog.Logger) (program.Program, error) {
	config, err := readDrill(env, log)
	if err != nil {
		return program.Program{}, err
	}
	handler := drill.Handler{
		Secrets: secretsmanager.NewFromConfig(config.AWS), AppSecret: config.Database.Secret, Production: config.Database.Postgres(), Log: log,
	}
	return program.Program{Handler: asJSON(handler.Handle)}, nil
}

// asJSON decodes the event from JSON and encodes the result as JSON.
func asJSON(run any) runtimeapi.Function {
	handler := lambda.NewHandler(run)
	return func(ctx context.Context, event []byte) (runtimeapi.Response, error) {
		payload, err := handler.Invoke(ctx, event)
		return runtimeapi.Response{Payload: payload}, err
	}
}
