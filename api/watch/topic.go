package watch

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// topics receive alarms: pages those that need a response at once, warnings those that can wait for working hours.
type topics struct {
	pages, warnings *sns.Topic
}

func newTopics(ctx *pulumi.Context, a Args) (topics, error) {
	pages, err := newTopic(ctx, a, "alarms", "Customer impact of "+a.Name, a.Settings.AlarmEmails)
	if err != nil {
		return topics{}, err
	}
	warnings, err := newTopic(ctx, a, "warnings", "Warnings of "+a.Name, a.Settings.WarningEmails)
	return topics{pages, warnings}, err
}

// newTopic creates an encrypted topic, to which this stack's alarms alone may publish, and subscribes the addresses.
// https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
func newTopic(ctx *pulumi.Context, a Args, suffix, title string, addresses []string) (*sns.Topic, error) {
	topic, err := sns.NewTopic(ctx, a.Name+"-"+suffix, &sns.TopicArgs{
		DisplayName:    pulumi.String(title),
		KmsMasterKeyId: a.KeyARN,
	}, a.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: topic of the %s: %w", suffix, err)
	}
	_, err = sns.NewTopicPolicy(ctx, a.Name+"-"+suffix+"-policy", &sns.TopicPolicyArgs{
		Arn: topic.Arn,
		Policy: policy.Document(policy.Statement{
			Sid:       "Alarms",
			Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
			Actions:   []string{"sns:Publish"},
			Resources: []pulumi.StringInput{topic.Arn},
			Condition: policy.From(a.Account, a.ARN("cloudwatch", "alarm:"+a.Name+"-*")),
		}),
	}, a.Parent)
	if err != nil {
		return nil, fmt.Errorf("api: policy of the topic of the %s: %w", suffix, err)
	}
	for _, address := range addresses {
		_, err := sns.NewTopicSubscription(ctx, a.Name+"-"+suffix+"-"+address, &sns.TopicSubscriptionArgs{
			Topic:    topic.Arn,
			Protocol: pulumi.String("email"),
			Endpoint: pulumi.String(address),
		}, a.Parent)
		if err != nil {
			return nil, fmt.Errorf("api: subscription of %s to the %s: %w", address, suffix, err)
		}
	}
	return topic, nil
}
