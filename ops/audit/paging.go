package audit

import (
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// paging requires a protected stack to notify an operator: a composite alarm that is part of no other one, whose topic has a
// subscription that is confirmed. SNS sends nothing to one that is not.
// https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
func paging(g *graph.Graph) report {
	var p report
	cluster := protectedCluster(g)
	if cluster == nil {
		return p
	}
	alarms := slices.DeleteFunc(g.ByType(types.CompositeAlarm), func(alarm *graph.Resource) bool { return warns(g, alarm) || included(g, alarm) })
	if len(alarms) == 0 {
		p.add(cluster, "register a composite alarm that notifies a topic", "is protected in a stack of which no alarm pages")
	}
	for _, alarm := range alarms {
		topics := g.RefsTo(alarm, "alarmActions", types.Topic)
		if len(topics) == 0 {
			p.add(alarm, "set a topic in alarmActions", "notifies no topic of the stack")
		}
		for _, topic := range topics {
			subscribed(g, &p, alarm, topic)
		}
	}
	return p
}

// warns reports whether an alarm notifies the topic of warnings: that of metric alarms.
func warns(g *graph.Graph, alarm *graph.Resource) bool {
	topics := g.RefsTo(alarm, "alarmActions", types.Topic)
	return slices.ContainsFunc(g.ByType(types.MetricAlarm), func(other *graph.Resource) bool {
		return slices.ContainsFunc(g.RefsTo(other, "alarmActions", types.Topic), func(topic *graph.Resource) bool { return slices.Contains(topics, topic) })
	})
}

// subscribed requires a topic to have a subscription, and one that is confirmed. Whether it is, only the
// state says, as of the last refresh; a subscription that is yet to be created counts.
func subscribed(g *graph.Graph, p *report, alarm, topic *graph.Resource) {
	var all, confirmed []*graph.Resource
	for _, s := range g.ByType(types.TopicSubscription) {
		if !slices.Contains(g.Refs(s, "topic"), topic) {
			continue
		}
		all = append(all, s)
		if s.Outputs["pendingConfirmation"] != true {
			confirmed = append(confirmed, s)
		}
	}
	switch {
	case len(all) == 0:
		p.add(alarm, "set alarmEmails in the stack's api configuration", "pages no one: the topic %s has no subscription", topic.Name)
	case len(confirmed) == 0:
		p.add(alarm, "follow the link in the mail of AWS Notifications, then pulumi refresh", "pages no one: no subscription of the topic %s is confirmed", topic.Name)
	default:
		p.fact("%s pages %d of %d subscriptions of %s", alarm.Name, len(confirmed), len(all), topic.Name)
	}
}

// protectedCluster is the database that AWS does not delete, by the stack's setting protect; nil: there is none. Pulumi's own protection says nothing: the database of every stack has it.
func protectedCluster(g *graph.Graph) *graph.Resource {
	for _, cluster := range g.ByType(types.Cluster) {
		if cluster.True("deletionProtection") {
			return cluster
		}
	}
	return nil
}
