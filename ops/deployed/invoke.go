package deployed

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Invoker is the part of Lambda's client that an invocation uses.
type Invoker interface {
	Invoke(context.Context, *lambda.InvokeInput, ...func(*lambda.Options)) (*lambda.InvokeOutput, error)
}

// Invoke has a function of the stack handle an event and returns its response. The error of a function that fails has its
// message as show returns it: a terminal must not interpret it.
func Invoke(ctx context.Context, client Invoker, function string, event any, show func(string) string) ([]byte, error) {
	payload, err := json.Marshal(event)
	if err != nil {
		return nil, fmt.Errorf("encode the event of %s: %w", function, err)
	}
	out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: payload})
	if err != nil {
		return nil, Failed(err, "invoke the function "+function, "lambda:InvokeFunction")
	}
	if out.FunctionError != nil {
		var failure struct{ ErrorMessage string }
		_ = json.Unmarshal(out.Payload, &failure) // without a message the kind of error is left
		return nil, fmt.Errorf("the function %s failed: %s: %s", function, aws.ToString(out.FunctionError), show(failure.ErrorMessage))
	}
	return out.Payload, nil
}
