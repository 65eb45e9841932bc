package main

import (
	"encoding/json"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/go-jose/go-jose/v4"

	"github.com/didomi/serverless-api/lambda/authorize"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/environment"
	"github.com/didomi/serverless-api/lambda/query"
)

// databaseConfig is the configuration of the handlers "migrate", "rotate" and "drill".
type databaseConfig struct {
	AWS          aws.Config
	Database     environment.Database
	MasterSecret string             // not of "drill"
	QueryUser    string             // of the handler "migrate"; empty: there is none
	Redis        *environment.Redis // of "migrate", where the stack's database was restored; nil: not set
}

// cacheUserConfig is the configuration of the handler "cache-user".
type cacheUserConfig struct {
	AWS    aws.Config
	Secret string // ARN of the cache user's secret
	UserID string // of the ElastiCache user
}

// readAuthorizer reads the environment of the handler "authorizer". No token is accepted unless everything is there.
func readAuthorizer(lookup func(string) string, log *slog.Logger) (*authorize.Handler, error) {
	env := environment.New(lookup)
	issuer := env.Required(contract.JWTIssuer, "the claim iss of tokens")
	verifier := &authorize.Verifier{
		Issuer:    issuer,
		Audience:  env.Required(contract.JWTAudience, "the claim aud of tokens"),
		Algorithm: jose.SignatureAlgorithm(env.Required(contract.JWTAlgorithm, "the algorithm of tokens, such as RS256")),
		ClockSkew: env.Duration(contract.JWTClockSkew, 0),
		Keys:      &authorize.RemoteKeys{Issuer: issuer, Client: authorize.Client(), Now: time.Now},
		Now:       time.Now,
	}
	var operations authorize.Operations
	if err := json.Unmarshal([]byte(lookup(contract.JWTScopes)), &operations); err != nil || len(operations) == 0 {
		env.Invalid(contract.JWTScopes, `the scopes of operations, such as {"GET/items":["items:read"]}`)
	}
	return &authorize.Handler{Verifier: verifier, Operations: operations, Log: log}, env.Err()
}

// readDatabase reads the environment of the handlers "migrate" and "rotate".
func readDatabase(lookup func(string) string, log *slog.Logger) (databaseConfig, error) {
	env := environment.New(lookup)
	config := databaseConfig{AWS: env.AWSConfig(log), Database: env.Database(), MasterSecret: env.MasterSecret(), QueryUser: lookup(contract.DBQueryUser)}
	if lookup(contract.RedisAddress) != "" {
		redis := env.Redis()
		config.Redis = &redis
	}
	return config, env.Err()
}

// readQuery reads the environment of the handler "query", which has no secret.
func readQuery(lookup func(string) string, log *slog.Logger) (query.Handler, error) {
	env := environment.New(lookup)
	handler := query.Handler{
		Database: env.Server(), User: env.Required(contract.DBQueryUser, "the database user of queries"), Limits: query.Default, Log: log,
	}
	return handler, env.Err()
}

// readDrill reads the environment of the handler "drill". Its event names the restored database.
func readDrill(lookup func(string) string, log *slog.Logger) (databaseConfig, error) {
	env := environment.New(lookup)
	config := databaseConfig{AWS: env.AWSConfig(log), Database: env.Database()}
	return config, env.Err()
}

// readCacheUser reads the environment of the handler "cache-user".
func readCacheUser(lookup func(string) string, log *slog.Logger) (cacheUserConfig, error) {
	env := environment.New(lookup)
	config := cacheUserConfig{
		AWS:    env.AWSConfig(log),
		Secret: env.Required(contract.RedisSecret, "the ARN of the secret of the cache's user"),
		UserID: env.Required(contract.RedisUserID, "the id of the cache's user"),
	}
	return config, env.Err()
}
