// Package contract holds the names that the functions, the program that deploys them and the sandbox must agree on.
// It has constants and types alone, so it costs no cold start.
package contract

// Handlers of the functions: a binary runs the one that its function's handler names.
const (
	HandlerAPI       = "api"
	HandlerMigrate   = "migrate"
	HandlerRotate    = "rotate"
	HandlerCacheUser = "cache-user"
	// HandlerAuthorizer checks tokens for API Gateway.
	HandlerAuthorizer = "authorizer"
	// HandlerQuery runs operators' queries to the database.
	HandlerQuery = "query"
	// HandlerDrill migrates a restored database and compares it with the stack's.
	HandlerDrill = "drill"
)

// LiveAlias is the alias through which requests reach a version of the function api.
const LiveAlias = "live"

// Environment variables of the functions; docs/reference/environment-variables.md says what each means.
const (
	Bucket           = "BUCKET"
	CacheGeneration  = "CACHE_GENERATION"
	CacheTTL         = "CACHE_TTL"
	CORSOrigins      = "CORS_ORIGINS"
	DBHost           = "DB_HOST"
	DBMasterSecret   = "DB_MASTER_SECRET_ARN"
	DBName           = "DB_NAME"
	DBPort           = "DB_PORT"
	DBQueryUser      = "DB_QUERY_USER"
	DBSecret         = "DB_SECRET_ARN"
	DBSSLMode        = "DB_SSLMODE"
	JWTAlgorithm     = "JWT_ALGORITHM"
	JWTAudience      = "JWT_AUDIENCE"
	JWTClockSkew     = "JWT_CLOCK_SKEW"
	JWTIssuer        = "JWT_ISSUER"
	JWTScopes        = "JWT_SCOPES"
	MetricsNamespace = "METRICS_NAMESPACE"
	NegativeTTL      = "NEGATIVE_TTL"
	RedisAddress     = "REDIS_ADDR"
	RedisCluster     = "REDIS_CLUSTER"
	RedisSecret      = "REDIS_SECRET_ARN"
	RedisTLS         = "REDIS_TLS"
	RedisUserID      = "REDIS_USER_ID"
	RequireAPIKey    = "REQUIRE_API_KEY"
	StaleTTL         = "STALE_TTL"
	StreamMaxMB      = "STREAM_MAX_MB"
)

// Fields of the log lines that metric filters and the dashboard read.
const (
	LogLevel     = "level"
	LogCache     = "cache"
	LogCaller    = "caller"
	LogError     = "error"
	LogMethod    = "method"
	LogRequestID = "request_id"
	LogResource  = "resource"
	LogStatus    = "status"
	LogSteps     = "steps"
	LogTraceID   = "trace_id"
)

// LevelError is the level of a line that reports an error.
const LevelError = "ERROR"

// Where the response to a read of an item came from: the header X-Cache and the field LogCache.
const (
	CacheHit    = "hit"
	CacheMiss   = "miss"
	CacheStale  = "stale"
	CacheBypass = "bypass"
)
