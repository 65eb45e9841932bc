package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

type handler struct {
	pool   *pgxpool.Pool
	redis  redis.UniversalClient
	files  *s3.Client
	bucket string
	ttl    time.Duration
}

type item struct {
	ID        string          `json:"id"`
	Body      json.RawMessage `json:"body"`
	Revision  string          `json:"revision"`
	UpdatedAt time.Time       `json:"updated_at"`
}

func (h *handler) serve(ctx context.Context, event events.APIGatewayProxyRequest) (any, error) {
	switch {
	case event.Resource == "/files/{key+}":
		return h.file(ctx, event.PathParameters["key"])
	case event.HTTPMethod == http.MethodPut:
		return h.put(ctx, event.PathParameters["id"], event.Body)
	default:
		return h.get(ctx, event.PathParameters["id"])
	}
}

func key(id string) string { return "plain:" + id }

func (h *handler) get(ctx context.Context, id string) (any, error) {
	cached, err := h.redis.Get(ctx, key(id)).Bytes()
	if err == nil {
		return respond(http.StatusOK, cached), nil
	}
	if !errors.Is(err, redis.Nil) {
		return nil, err
	}
	found := item{ID: id}
	row := h.pool.QueryRow(ctx, `SELECT body, revision, updated_at FROM items WHERE id = $1`, id)
	err = row.Scan(&found.Body, &found.Revision, &found.UpdatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return respond(http.StatusNotFound, []byte(`{"message":"not found"}`)), nil
	}
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(found)
	if err != nil {
		return nil, err
	}
	return respond(http.StatusOK, encoded), h.redis.Set(ctx, key(id), encoded, h.ttl).Err()
}

const upsert = `INSERT INTO items (id, body, revision, created_at, updated_at) VALUES ($1, $2::json, $3, now(), now())
ON CONFLICT (id) DO UPDATE SET body = excluded.body, revision = excluded.revision, updated_at = now() RETURNING updated_at`

func (h *handler) put(ctx context.Context, id, body string) (any, error) {
	written := item{ID: id, Body: json.RawMessage(body), Revision: rand.Text()}
	if err := h.pool.QueryRow(ctx, upsert, id, body, written.Revision).Scan(&written.UpdatedAt); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(written)
	if err != nil {
		return nil, err
	}
	return respond(http.StatusOK, encoded), h.redis.Del(ctx, key(id)).Err()
}

func respond(status int, body []byte) events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{
		StatusCode: status, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(body),
	}
}

func (h *handler) file(ctx context.Context, key string) (any, error) {
	out, err := h.files.GetObject(ctx, &s3.GetObjectInput{Bucket: &h.bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode: http.StatusOK,
		Headers: map[string]string{
			"Content-Length": strconv.FormatInt(aws.ToInt64(out.ContentLength), 10), "ETag": aws.ToString(out.ETag),
		},
		Body: out.Body,
	}, nil
}
