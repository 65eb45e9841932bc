package main

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/postgres"
)

// apiConfig is what the handler "api" is told by its environment.
type apiConfig struct {
	Cloud    aws.Config
	Database database
	Redis    redisConfig
	Bucket   string
	Cache    cache.Config
	Memory   int64  // of the function, bytes; 0: not known
	Function string // its name
	Version  string
	Origins  []string // whose pages may call the API
	Public   bool     // no key is asked for
	// StreamMax is the largest file that is streamed, in bytes.
	StreamMax int64
}

// migrateConfig is what the handler "migrate" is told by its environment.
type migrateConfig struct {
	Cloud        aws.Config
	Database     database
	MasterSecret string
}

type database struct {
	Host    string
	Port    int
	Name    string
	Secret  string // ARN of the secret of the application's user
	SSLMode string
}

// login is the database for who logs in to it once.
func (d database) login() postgres.Database {
	return postgres.Database{Host: d.Host, Port: d.Port, Name: d.Name, SSLMode: d.SSLMode}
}

// rotateConfig is what the handler "rotate" is told by its environment.
type rotateConfig struct {
	Cloud        aws.Config
	Database     database
	MasterSecret string
}

// cacheUserConfig is what the handler "cache-user" is told by its environment.
type cacheUserConfig struct {
	Cloud  aws.Config
	Secret string // ARN of the secret of the cache's user
	UserID string // in ElastiCache
}

type redisConfig struct {
	Address string
	Secret  string // ARN; empty: no login
	TLS     bool
	Cluster bool
}

// environment reads variables and collects what is wrong with them.
type environment struct {
	lookup   func(string) string
	problems []string
}

// readAPI reads the environment of the handler "api"; the error lists
// everything that is missing or bad.
func readAPI(lookup func(string) string, log *slog.Logger) (apiConfig, error) {
	env := &environment{lookup: lookup}
	config := apiConfig{
		Cloud:    env.cloud(log),
		Database: env.database(),
		Redis: redisConfig{
			Address: env.address("REDIS_ADDR"),
			Secret:  lookup("REDIS_SECRET_ARN"),
			TLS:     env.oneOf("REDIS_TLS", "true", "false") == "true",
			Cluster: env.oneOf("REDIS_CLUSTER", "true", "false") == "true",
		},
		Bucket: env.required("BUCKET", "the name of the bucket with the files"),
		Cache: cache.Config{
			Fresh:    env.duration("CACHE_TTL", time.Millisecond),
			Stale:    env.duration("STALE_TTL", 0),
			Negative: env.duration("NEGATIVE_TTL", 0),
		},
		Memory:    env.megabytes("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
		Function:  lookup("AWS_LAMBDA_FUNCTION_NAME"),
		Version:   lookup("AWS_LAMBDA_FUNCTION_VERSION"),
		Public:    env.oneOf("REQUIRE_API_KEY", "true", "false") == "false",
		StreamMax: env.streamMax("STREAM_MAX_MB"),
	}
	if origins := lookup("CORS_ORIGINS"); origins != "" {
		config.Origins = strings.Split(origins, ",")
	}
	return config, env.err()
}

// readMigrate reads the environment of the handler "migrate".
func readMigrate(lookup func(string) string, log *slog.Logger) (migrateConfig, error) {
	env := &environment{lookup: lookup}
	config := migrateConfig{
		Cloud:        env.cloud(log),
		Database:     env.database(),
		MasterSecret: env.masterSecret(),
	}
	return config, env.err()
}

// readRotate reads the environment of the handler "rotate".
func readRotate(lookup func(string) string, log *slog.Logger) (rotateConfig, error) {
	env := &environment{lookup: lookup}
	config := rotateConfig{Cloud: env.cloud(log), Database: env.database(), MasterSecret: env.masterSecret()}
	return config, env.err()
}

// readCacheUser reads the environment of the handler "cache-user".
func readCacheUser(lookup func(string) string, log *slog.Logger) (cacheUserConfig, error) {
	env := &environment{lookup: lookup}
	config := cacheUserConfig{
		Cloud:  env.cloud(log),
		Secret: env.required("REDIS_SECRET_ARN", "the ARN of the secret of the cache's user"),
		UserID: env.required("REDIS_USER_ID", "the id of the cache's user"),
	}
	return config, env.err()
}

func (e *environment) database() database {
	return database{
		Host:    e.required("DB_HOST", "a host name"),
		Port:    e.port("DB_PORT"),
		Name:    e.required("DB_NAME", "the name of a database"),
		Secret:  e.required("DB_SECRET_ARN", "the ARN of the application user's secret"),
		SSLMode: e.oneOf("DB_SSLMODE", "verify-full", "disable"),
	}
}

func (e *environment) masterSecret() string {
	return e.required("DB_MASTER_SECRET_ARN", "the ARN of the master user's secret")
}

func (e *environment) bad(name, want string) {
	e.problems = append(e.problems, fmt.Sprintf("%s is %q, want %s", name, e.lookup(name), want))
}

func (e *environment) required(name, want string) string {
	value := e.lookup(name)
	if value == "" {
		e.bad(name, want)
	}
	return value
}

// secret reads a variable that a problem must not quote.
func (e *environment) secret(name, want string) string {
	value := e.lookup(name)
	if value == "" {
		e.problems = append(e.problems, fmt.Sprintf("%s is missing, want %s", name, want))
	}
	return value
}

// oneOf reads a variable that has one of some values, the first by default.
func (e *environment) oneOf(name string, allowed ...string) string {
	value := e.lookup(name)
	if value == "" {
		return allowed[0]
	}
	for _, one := range allowed {
		if value == one {
			return value
		}
	}
	e.bad(name, strings.Join(allowed, " or "))
	return allowed[0]
}

func (e *environment) port(name string) int {
	port, err := strconv.ParseUint(e.lookup(name), 10, 16)
	if err != nil || port == 0 {
		e.bad(name, "a port from 1 to 65535")
	}
	return int(port)
}

func (e *environment) address(name string) string {
	value := e.lookup(name)
	host, port, err := net.SplitHostPort(value)
	if n, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || host == "" || n == 0 {
		e.bad(name, "host:port")
	}
	return value
}

func (e *environment) duration(name string, least time.Duration) time.Duration {
	value, err := time.ParseDuration(e.lookup(name))
	if err != nil || value < least {
		e.bad(name, fmt.Sprintf(`a duration such as "90s", at least %s`, least))
	}
	return value
}

// megabytes reads what the platform sets; without it there is no limit.
func (e *environment) megabytes(name string) int64 {
	value := e.lookup(name)
	if value == "" {
		return 0
	}
	megabytes, err := strconv.ParseInt(value, 10, 32)
	if err != nil || megabytes < 1 {
		e.bad(name, "a number of megabytes")
	}
	return megabytes << 20
}

// streamMax reads the size in megabytes (10^6 bytes, as Lambda's quotas count
// them) up to which files are streamed; without it the platform's limit holds.
func (e *environment) streamMax(name string) int64 {
	const megabyte, most = 1_000_000, files.MaxStream / 1_000_000
	value := e.lookup(name)
	if value == "" {
		return files.MaxStream
	}
	megabytes, err := strconv.ParseInt(value, 10, 64)
	if err != nil || megabytes < 1 || megabytes > most {
		e.bad(name, fmt.Sprintf("a number of megabytes from 1 to %d", most))
	}
	return megabytes * megabyte
}

// err returns all problems as one error.
func (e *environment) err() error {
	if len(e.problems) == 0 {
		return nil
	}
	return fmt.Errorf("the function's environment is wrong: %s", strings.Join(e.problems, "; "))
}
