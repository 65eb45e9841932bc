// Command plain is a straightforward implementation of the function: clients as in their guides, created at the start
// of the process; a read-through cache with one key per item, which a write deletes.
package main

import (
	"context"
	"encoding/json"
	"log"
	"net"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

func main() {
	h, err := connect(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(h.serve)
}

func connect(ctx context.Context) (*handler, error) {
	cloud, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	user, err := credentials(ctx, secretsmanager.NewFromConfig(cloud), os.Getenv("DB_SECRET_ARN"))
	if err != nil {
		return nil, err
	}
	address := url.URL{
		Scheme: "postgres", User: user, Host: net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT")),
		Path: "/" + os.Getenv("DB_NAME"), RawQuery: "sslmode=" + os.Getenv("DB_SSLMODE"),
	}
	pool, err := pgxpool.New(ctx, address.String())
	if err != nil {
		return nil, err
	}
	ttl, err := time.ParseDuration(os.Getenv("CACHE_TTL"))
	if err != nil {
		return nil, err
	}
	return &handler{
		pool: pool, bucket: os.Getenv("BUCKET"), ttl: ttl, files: s3.NewFromConfig(cloud),
		redis: redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{os.Getenv("REDIS_ADDR")}, IsClusterMode: true}),
	}, nil
}

func credentials(ctx context.Context, client *secretsmanager.Client, arn string) (*url.Userinfo, error) {
	out, err := client.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return nil, err
	}
	var secret struct{ Username, Password string }
	if err := json.Unmarshal([]byte(aws.ToString(out.SecretString)), &secret); err != nil {
		return nil, err
	}
	return url.UserPassword(secret.Username, secret.Password), nil
}
