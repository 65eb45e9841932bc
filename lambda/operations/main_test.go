package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/lambda/environment"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

func TestMain(m *testing.M) { testservices.Main(m, main) }

func complete() map[string]string {
	return map[string]string{
		"DB_HOST": "proxy.example", "DB_PORT": "5432", "DB_NAME": "app", "DB_SECRET_ARN": "arn:app", "DB_MASTER_SECRET_ARN": "arn:master",
		"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	}
}

func lookup(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

func TestMigrateAndRotateReadTheDatabaseAndItsMasterUser(t *testing.T) {
	config, err := readDatabase(lookup(complete()), nil)
	if err != nil || config.MasterSecret != "arn:master" || config.Database.Secret != "arn:app" || config.Database.Postgres().Port != 5432 {
		t.Errorf("got %+v, %v", config.Database, err)
	}
	_, err = readDatabase(lookup(nil), nil)
	if err == nil || strings.Count(err.Error(), ", must be ") != 8 {
		t.Errorf("got %v", err)
	}
}

func TestMigrateReadsTheCacheWhereItIsSet(t *testing.T) {
	config, err := readDatabase(lookup(complete()), nil)
	if err != nil || config.Redis != nil {
		t.Errorf("got %+v, %v, want none", config.Redis, err)
	}
	env := complete()
	env["REDIS_ADDR"], env["REDIS_SECRET_ARN"] = "cache.example:6379", "arn:cache"
	config, err = readDatabase(lookup(env), nil)
	if err != nil || *config.Redis != (environment.Redis{Address: "cache.example:6379", Secret: "arn:cache", TLS: true, Cluster: true}) {
		t.Errorf("got %+v, %v", config.Redis, err)
	}
	env["REDIS_ADDR"] = "cache.example"
	if _, err = readDatabase(lookup(env), nil); err == nil || !strings.Contains(err.Error(), "REDIS_ADDR") {
		t.Errorf("got %v", err)
	}
}

func TestCacheUserReadsOnlyItsSecret(t *testing.T) {
	env := complete()
	env["REDIS_SECRET_ARN"], env["REDIS_USER_ID"] = "arn:cache", "stack-cache-app"
	config, err := readCacheUser(lookup(env), nil)
	if err != nil || config.Secret != "arn:cache" || config.UserID != "stack-cache-app" {
		t.Errorf("got %s, %s, %v", config.Secret, config.UserID, err)
	}
	_, err = readCacheUser(lookup(nil), nil)
	if err == nil || strings.Count(err.Error(), ", must be ") != 5 {
		t.Errorf("got %v", err)
	}
}

func TestQueryReadsTheDatabasesAddressAndItsUserAndNoSecret(t *testing.T) {
	handler, err := readQuery(lookup(map[string]string{
		"DB_HOST": "readers.example", "DB_PORT": "5432", "DB_NAME": "app", "DB_QUERY_USER": "stack-query",
	}), nil)
	if err != nil || handler.User != "stack-query" || handler.Database.Host != "readers.example" || handler.Limits.Rows != 1000 {
		t.Errorf("got %+v, %v", handler, err)
	}
	_, err = readQuery(lookup(nil), nil)
	if err == nil || strings.Count(err.Error(), ", must be ") != 4 {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownHandlerIsRejectedByName(t *testing.T) {
	_, err := build(lookup(map[string]string{"_HANDLER": "apo"}), nil)
	if err == nil || !strings.Contains(err.Error(), `"apo", must be one of authorizer, `) {
		t.Fatalf("got %v", err)
	}
	for handler := range builders {
		if !strings.Contains(err.Error(), handler) {
			t.Errorf("%v does not name %s", err, handler)
		}
	}
}

func TestMigrateRunsUnderTheRuntimeAPI(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	endpoint := httptest.NewServer(d.Secrets)
	t.Cleanup(endpoint.Close)
	runtime, address := testservices.NewRuntimeAPI(t)
	testservices.Start(t, "migrate", address,
		"DB_HOST="+d.Admin.Host, fmt.Sprintf("DB_PORT=%d", d.Admin.Port), "DB_NAME="+d.Admin.Database, "DB_SSLMODE=disable",
		"DB_SECRET_ARN="+testservices.AppSecret, "DB_MASTER_SECRET_ARN="+testservices.MasterSecret,
		"AWS_REGION=eu-west-1", "AWS_ENDPOINT_URL="+endpoint.URL, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret")
	payload, err := testservices.Exclusively(t, func(context.Context) (payload []byte, err error) {
		runtime.Invoke(map[string]string{"hash": "x"}, func(r *http.Request) { payload, err = io.ReadAll(r.Body) })
		return payload, err
	})
	if want := `{"applied":[],"version":1,"role":"app"}`; err != nil || string(payload) != want {
		t.Fatalf("got %s, %v, want %s", payload, err, want)
	}
}
