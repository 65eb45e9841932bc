package contract

// The bounds of a query's result.
const (
	QueryRows  = 1000
	QueryBytes = 512 << 10
)

// Query is the event of the function query.
type Query struct {
	Statement string `json:"statement"`
	// Reason and Caller are what the caller says; STS has checked both when it issued the token's credentials.
	Reason string `json:"reason"`
	Caller string `json:"caller"`
	// Token is the caller's token of IAM database authentication.
	Token string `json:"token"`
}

// QueryResult is its response.
type QueryResult struct {
	Columns []QueryColumn `json:"columns"`
	// Rows have PostgreSQL's text of each value; nil: NULL.
	Rows [][]*string `json:"rows"`
	// Truncated is the limit that was reached; empty: the result is complete.
	Truncated    string          `json:"truncated,omitempty"`
	Milliseconds int64           `json:"milliseconds"`
	Rejected     *QueryRejection `json:"rejected,omitempty"`
}

// QueryColumn is a column of a result.
type QueryColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// QueryRejection is why a query was rejected; Code is PostgreSQL's SQLSTATE, or the function's own word.
type QueryRejection struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}
