package types

// Types of SNS.
const (
	Topic             = "aws:sns/topic:Topic"
	TopicPolicy       = "aws:sns/topicPolicy:TopicPolicy"
	TopicSubscription = "aws:sns/topicSubscription:TopicSubscription"
)

var snsTypes = []Type{
	{Token: Topic, Name: generated("name", 256, wordDash), Replacement: newName, Cost: free, KeyAtRest: "kmsMasterKeyId"},
	{Token: TopicPolicy, Name: noName, Replacement: otherTarget, Cost: free, Policy: "policy"},
	{Token: TopicSubscription, Name: noName, Replacement: otherTarget, Cost: free},
}
