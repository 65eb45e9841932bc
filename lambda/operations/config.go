package main

import (
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/environment"
)

// databaseConfig is the configuration of the handlers "migrate" and "rotate".
type databaseConfig struct {
	AWS          aws.Config
	Database     environment.Database
	MasterSecret string
}

// cacheUserConfig is the configuration of the handler "cache-user".
type cacheUserConfig struct {
	AWS    aws.Config
	Secret string // ARN of the cache user's secret
	UserID string // of the ElastiCache user
}

// readDatabase reads the environment of the handlers "migrate" and "rotate".
func readDatabase(lookup func(string) string, log *slog.Logger) (databaseConfig, error) {
	env := environment.New(lookup)
	config := databaseConfig{AWS: env.AWSConfig(log), Database: env.Database(), MasterSecret: env.MasterSecret()}
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
