// Command bare makes only the database and cache calls of a hit and a miss, with the usual clients, under the Runtime
// API: it parses no event, builds no response and connects its clients before the first request.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// calls is a lambda.Handler, which receives the unparsed payload: "hit KEY" is one GET, "miss ID" one SELECT and one
// SET.
type calls struct {
	redis    *redis.ClusterClient
	database *pgx.Conn
}

func main() {
	ctx := context.Background()
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(os.Getenv("BARE_USER"), os.Getenv("BARE_PASSWORD")),
		Host: os.Getenv("DB_HOST") + ":" + os.Getenv("DB_PORT"), Path: "/" + os.Getenv("DB_NAME"),
		RawQuery: "sslmode=" + os.Getenv("DB_SSLMODE"),
	}
	database, err := pgx.Connect(ctx, address.String())
	if err != nil {
		log.Fatal(err)
	}
	lambda.Start(calls{
		redis:    redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{os.Getenv("REDIS_ADDR")}}),
		database: database,
	})
}

// Invoke implements lambda.Handler.
func (c calls) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	response := []byte("null")
	what, key, _ := bytes.Cut(bytes.Trim(payload, `"`), []byte(" "))
	switch string(what) {
	case "hit":
		return response, c.redis.Get(ctx, string(key)).Err()
	case "miss":
		return response, c.fill(ctx, string(key))
	default:
		return nil, fmt.Errorf("payload %q", payload)
	}
}

// fill uses no prepared statement, like the function behind RDS Proxy.
func (c calls) fill(ctx context.Context, id string) error {
	var body []byte
	var revision string
	var updated time.Time
	row := c.database.QueryRow(ctx, `SELECT body::text, revision, updated_at FROM items WHERE id = $1`, pgx.QueryExecModeExec, id)
	if err := row.Scan(&body, &revision, &updated); err != nil {
		return err
	}
	return c.redis.Set(ctx, "bare:"+id, body, time.Hour).Err()
}
