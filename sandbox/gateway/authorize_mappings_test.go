package gateway

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Each call on an event source mapping has a permission of its own, on the mapping.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func TestACallOnAnEventSourceMappingRequiresItsOwnPermission(t *testing.T) {
	s := newTestEnv(t, nil)
	id := aws.String("6a7c4d2e-1f5b-4b6e-9f0a-2d3c4b5a6978")
	for action, call := range map[string]func(context.Context, *lambda.Client) error{
		"GetEventSourceMapping": func(ctx context.Context, c *lambda.Client) error {
			_, err := c.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: id})
			return err
		},
		"UpdateEventSourceMapping": func(ctx context.Context, c *lambda.Client) error {
			_, err := c.UpdateEventSourceMapping(ctx, &lambda.UpdateEventSourceMappingInput{UUID: id, BatchSize: aws.Int32(1)})
			return err
		},
		"DeleteEventSourceMapping": func(ctx context.Context, c *lambda.Client) error {
			_, err := c.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: id})
			return err
		},
	} {
		t.Run(action, func(t *testing.T) {
			mapping := "arn:aws:lambda:" + testRegion + ":000000000000:event-source-mapping:"
			others := fmt.Sprintf(`{"Effect":"Allow","NotAction":"lambda:%s","Resource":"*"}`, action)
			another := fmt.Sprintf(`{"Effect":"Allow","Action":"lambda:%s","Resource":"%sanother"}`, action, mapping)
			own := fmt.Sprintf(`{"Effect":"Allow","Action":"lambda:%s","Resource":"%s"}`, action, mapping+*id)
			without := lambda.NewFromConfig(s.assumeRole(t, "without-"+action, document(others, another)))
			if err := call(t.Context(), without); !strings.Contains(denied(err), "is not authorized to perform: lambda:"+action) {
				t.Errorf("without the permission: %v", err)
			}
			with := lambda.NewFromConfig(s.assumeRole(t, "with-"+action, document(own)))
			if err := call(t.Context(), with); denied(err) != "" || err == nil {
				t.Errorf("with the permission: %v, want that there is no such mapping", err)
			}
		})
	}
}
