// Command empty is the smallest Go function on Lambda. Its figures are the platform's share of all others.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(context.Context) error { return nil })
}
