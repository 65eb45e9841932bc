// Command lambda is the function of the API. One binary serves four Lambda
// functions, told apart by their handler: "api" answers requests of API
// Gateway, "migrate" brings the database up to date when a stack is deployed,
// "rotate" changes the database user's password when Secrets Manager says so,
// and "cache-user" the cache user's, which it sets when a stack is deployed.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/cache/access"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/later"
	"github.com/didomi/serverless-api/lambda/migrate"
	"github.com/didomi/serverless-api/lambda/rotate"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout)
	address := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	program, err := build(os.Getenv, log)
	if err != nil {
		reportInitError(address, err)
		log.Error("init failed", "error", err.Error())
		os.Exit(1)
	}
	client := runtimeapi.New(address, log)
	client.Meanwhile = program.prepare
	err = client.Serve(context.Background(), program.answer)
	log.Error("the runtime API failed", "error", err.Error())
	os.Exit(1)
}

// program is what this process runs.
type program struct {
	answer runtimeapi.Function
	// prepare makes what an answer mostly needs and what takes a processor alone:
	// an instance may be frozen before its first event comes, and a connection
	// would not survive that. It may be nil.
	prepare func()
}

// build returns the program that _HANDLER names. It makes no connection:
// each is made by the first request that needs it.
func build(env func(string) string, log *slog.Logger) (program, error) {
	switch name := env("_HANDLER"); name {
	case "api":
		return buildAPI(env, log)
	case "migrate":
		return buildMigrate(env, log)
	case "rotate":
		return buildRotate(env, log)
	case "cache-user":
		return buildCacheUser(env, log)
	default:
		return program{}, fmt.Errorf("_HANDLER is %q, want api, migrate, rotate or cache-user", name)
	}
}

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

func buildAPI(env func(string) string, log *slog.Logger) (program, error) {
	settings, err := readAPI(env, log)
	if err != nil {
		return program{}, err
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
	return program{answer, prepare}, nil
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

func openStore(db database, vault *secrets.Source) *store.Store {
	return store.Open(store.Config{
		Host: db.Host, Port: db.Port, Database: db.Name, SSLMode: db.SSLMode,
		MaxConns:    conns,
		MaxIdle:     maxIdle,
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

func buildMigrate(env func(string) string, log *slog.Logger) (program, error) {
	settings, err := readMigrate(env, log)
	if err != nil {
		return program{}, err
	}
	db := settings.Database
	migration := migrate.Migration{
		Secrets:      secretsmanager.NewFromConfig(settings.Cloud),
		MasterSecret: settings.MasterSecret,
		AppSecret:    db.Secret,
		Database:     db.login(),
		Log:          log,
	}
	return program{answer: asJSON(migration.Handle)}, nil
}

// look is how long a rotation waits before it looks again whether the cache's
// user has changed, or the database's is let in, which takes AWS seconds.
const look = time.Second

func buildRotate(env func(string) string, log *slog.Logger) (program, error) {
	settings, err := readRotate(env, log)
	if err != nil {
		return program{}, err
	}
	db := settings.Database
	vault := secretsmanager.NewFromConfig(settings.Cloud)
	rotation := rotate.Rotation{
		Secrets: vault,
		Secret:  db.Secret,
		Part:    rotate.Database{Database: db.login(), Secrets: vault, MasterSecret: settings.MasterSecret, Pause: look},
		Log:     log,
	}
	return program{answer: asJSON(rotation.Run)}, nil
}

func buildCacheUser(env func(string) string, log *slog.Logger) (program, error) {
	settings, err := readCacheUser(env, log)
	if err != nil {
		return program{}, err
	}
	rotation := rotate.Rotation{
		Secrets: secretsmanager.NewFromConfig(settings.Cloud),
		Secret:  settings.Secret,
		Part: rotate.Cache{
			Users: elasticache.NewFromConfig(settings.Cloud), ID: settings.UserID, Username: access.User, Pause: look,
		},
		Log: log,
	}
	return program{answer: asJSON(rotation.Run)}, nil
}

// asJSON reads the event and writes the answer as JSON.
func asJSON(run any) runtimeapi.Function {
	handler := lambda.NewHandler(run)
	return func(ctx context.Context, event []byte) (runtimeapi.Answer, error) {
		whole, err := handler.Invoke(ctx, event)
		return runtimeapi.Answer{Whole: whole}, err
	}
}
