package query

import (
	"net/url"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/contract"
)

// maxStatement is the longest statement, in bytes. It is logged, and a log event has at most 256 KB.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxStatement = 16 << 10

// kinds are the statements that read. Others are rejected here, where the message can say so: SET and COMMIT would
// change the transaction that limits a query, COPY has no rows, and the rest writes or waits.
var kinds = []string{"EXPLAIN", "SELECT", "SHOW", "TABLE", "VALUES", "WITH"}

// check rejects an event that is no query.
func check(event contract.Query) error {
	switch word := firstWord(event.Statement); {
	case len(event.Statement) > maxStatement:
		return reject("size", "the statement has %d bytes, at most %d are accepted", len(event.Statement), maxStatement)
	case !slices.Contains(kinds, word):
		return reject("statement", "the statement begins with %q, must begin with one of %s", word, strings.Join(kinds, ", "))
	case strings.TrimSpace(event.Reason) == "" || strings.TrimSpace(event.Caller) == "":
		return reject("caller", "the event has no reason or no caller")
	case accessKey(event.Token) == "":
		return reject("caller", "the event has no token of IAM database authentication")
	}
	return nil
}

// firstWord is the statement's first word in upper case, after comments and parentheses.
func firstWord(statement string) string {
	for {
		statement = strings.TrimLeft(statement, " \t\r\n\f\v(")
		switch {
		case strings.HasPrefix(statement, "--"):
			_, statement, _ = strings.Cut(statement, "\n")
		case strings.HasPrefix(statement, "/*"):
			statement = afterComment(statement)
		default:
			end := strings.IndexFunc(statement, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
			if end < 0 {
				end = len(statement)
			}
			return strings.ToUpper(statement[:end])
		}
	}
}

// afterComment is what follows a comment, which may contain others.
// https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-COMMENTS
func afterComment(statement string) string {
	depth := 0
	for i := 0; i+1 < len(statement); i++ {
		switch statement[i : i+2] {
		case "/*":
			depth, i = depth+1, i+1
		case "*/":
			depth, i = depth-1, i+1
		}
		if depth == 0 {
			return statement[i+1:]
		}
	}
	return ""
}

// accessKey is the id of the access key that signed the token. Once the database has accepted the token, it is the
// caller's: CloudTrail has the AssumeRole call that returned it.
func accessKey(token string) string {
	_, query, _ := strings.Cut(token, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	key, _, _ := strings.Cut(values.Get("X-Amz-Credential"), "/")
	return key
}
