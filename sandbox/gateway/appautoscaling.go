package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// scaling holds what Application Auto Scaling would, which the emulator does not know: targets, their
// policies and tags. Nothing ever scales.
type scaling struct {
	mu       sync.Mutex
	targets  []scalingObject
	policies []scalingObject
	tags     map[string]map[string]string // by ARN of the target
}

// scalingObject is a target or a policy as the API describes it.
type scalingObject map[string]any

func newScaling() *scaling { return &scaling{tags: map[string]map[string]string{}} }

// scalingCalls answer a service that the emulator lacks; it still verifies the signature.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
func (g *Gateway) scalingCalls() service {
	calls := map[string]handler{}
	for name, answer := range map[string]func(*exchange, scalingObject) (any, error){
		"RegisterScalableTarget":   registerTarget,
		"DescribeScalableTargets":  describeTargets,
		"DeregisterScalableTarget": deregisterTarget,
		"PutScalingPolicy":         putPolicy,
		"DescribeScalingPolicies":  describePolicies,
		"DeleteScalingPolicy":      deletePolicy,
		"ListTagsForResource":      listTargetTags,
		"TagResource":              tagTarget,
		"UntagResource":            untagTarget,
	} {
		calls[name] = instead(scalingCall(answer))
	}
	return service{
		name: "application-autoscaling", target: "AnyScaleFrontendService.", operations: calls,
		bounds: appautoscalingBounds, resources: g.namedScaling,
	}
}

// errNoObject says that there is no such target or policy.
var errNoObject = errors.New("there is no such object")

// errTargetExists is what AWS answers where a target that exists is registered with tags.
// https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/pull/420
var errTargetExists = errors.New("The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.") //nolint:revive,staticcheck // AWS's wording

func scalingCall(answer func(*exchange, scalingObject) (any, error)) handler {
	return func(x *exchange) error {
		var request scalingObject
		if err := decodeCall(x.body, &request); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		x.g.scaling.mu.Lock()
		defer x.g.scaling.mu.Unlock()
		value, err := answer(x, request)
		if errors.Is(err, errTargetExists) {
			return x.answerError(http.StatusBadRequest, "ValidationException", err.Error())
		}
		if err != nil {
			return x.answerError(http.StatusBadRequest, "ObjectNotFoundException", err.Error())
		}
		return x.answerJSON(http.StatusOK, value)
	}
}

// same says whether both name the same thing by these members.
func (o scalingObject) same(other scalingObject, members ...string) bool {
	return !slices.ContainsFunc(members, func(m string) bool { return o[m] != other[m] })
}

// asked says whether a describing request asks for the object: what it does not name is any.
func (o scalingObject) asked(request scalingObject, list, member string) bool {
	for _, name := range []string{"ServiceNamespace", "ResourceId", "ScalableDimension"} {
		if request[name] != nil && request[name] != o[name] {
			return false
		}
	}
	names, _ := request[list].([]any)
	return len(names) == 0 || slices.Contains(names, o[member])
}

var (
	targetMembers = []string{"ServiceNamespace", "ResourceId", "ScalableDimension"}
	policyMembers = append([]string{"PolicyName"}, targetMembers...)
)

// put changes the object of the same name by the request's members, or adds one.
func put(list []scalingObject, members []string, request, made scalingObject) ([]scalingObject, scalingObject) {
	i := slices.IndexFunc(list, func(o scalingObject) bool { return o.same(request, members...) })
	if i < 0 {
		list, i = append(list, made), len(list)
	}
	for name, value := range request {
		if name != "Tags" {
			list[i][name] = value
		}
	}
	return list, list[i]
}

func drop(list []scalingObject, members []string, request scalingObject) ([]scalingObject, error) {
	left := slices.DeleteFunc(slices.Clone(list), func(o scalingObject) bool { return o.same(request, members...) })
	if len(left) == len(list) {
		return nil, errNoObject
	}
	return left, nil
}

func (x *exchange) scalingARN(kind string) string {
	return fmt.Sprintf("arn:aws:application-autoscaling:%s:%s:%s/%x", x.g.config.Region, x.g.config.AccountID, kind, time.Now().UnixNano())
}

// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
func registerTarget(x *exchange, request scalingObject) (any, error) {
	s, namespace := x.g.scaling, text(request, "ServiceNamespace")
	made := scalingObject{
		"ScalableTargetARN": x.scalingARN("scalable-target"), "CreationTime": time.Now().Unix(),
		"RoleARN": "arn:aws:iam::" + x.g.config.AccountID + ":role/aws-service-role/" + namespace + ".application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling",
		"SuspendedState": map[string]bool{
			"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false,
		},
	}
	if request["Tags"] != nil && slices.ContainsFunc(s.targets, func(o scalingObject) bool { return o.same(request, targetMembers...) }) {
		return nil, errTargetExists
	}
	var target scalingObject
	s.targets, target = put(s.targets, targetMembers, request, made)
	arn := text(target, "ScalableTargetARN")
	s.tag(arn, request["Tags"])
	return map[string]any{"ScalableTargetARN": arn}, nil
}

func describeTargets(x *exchange, request scalingObject) (any, error) {
	found := slices.DeleteFunc(slices.Clone(x.g.scaling.targets), func(o scalingObject) bool {
		return !o.asked(request, "ResourceIds", "ResourceId")
	})
	return map[string]any{"ScalableTargets": found}, nil
}

// deregisterTarget takes a target's policies with it.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
func deregisterTarget(x *exchange, request scalingObject) (any, error) {
	s := x.g.scaling
	left, err := drop(s.targets, targetMembers, request)
	if err != nil {
		return nil, err
	}
	s.targets = left
	s.policies = slices.DeleteFunc(s.policies, func(o scalingObject) bool { return o.same(request, targetMembers...) })
	return map[string]any{}, nil
}

// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
func putPolicy(x *exchange, request scalingObject) (any, error) {
	s := x.g.scaling
	if !slices.ContainsFunc(s.targets, func(o scalingObject) bool { return o.same(request, targetMembers...) }) {
		return nil, fmt.Errorf("no scalable target registered for %s", text(request, "ResourceId"))
	}
	made := scalingObject{"PolicyARN": x.scalingARN("scalingPolicy"), "CreationTime": time.Now().Unix(), "Alarms": []any{}}
	var policy scalingObject
	s.policies, policy = put(s.policies, policyMembers, request, made)
	return map[string]any{"PolicyARN": policy["PolicyARN"], "Alarms": []any{}}, nil
}

func describePolicies(x *exchange, request scalingObject) (any, error) {
	found := slices.DeleteFunc(slices.Clone(x.g.scaling.policies), func(o scalingObject) bool {
		return !o.asked(request, "PolicyNames", "PolicyName")
	})
	return map[string]any{"ScalingPolicies": found}, nil
}

func deletePolicy(x *exchange, request scalingObject) (any, error) {
	left, err := drop(x.g.scaling.policies, policyMembers, request)
	if err != nil {
		return nil, err
	}
	x.g.scaling.policies = left
	return map[string]any{}, nil
}

func listTargetTags(x *exchange, request scalingObject) (any, error) {
	return map[string]any{"Tags": x.g.scaling.tags[text(request, "ResourceARN")]}, nil
}

func tagTarget(x *exchange, request scalingObject) (any, error) {
	x.g.scaling.tag(text(request, "ResourceARN"), request["Tags"])
	return map[string]any{}, nil
}

func untagTarget(x *exchange, request scalingObject) (any, error) {
	keys, _ := request["TagKeys"].([]any)
	for _, key := range keys {
		delete(x.g.scaling.tags[text(request, "ResourceARN")], fmt.Sprint(key))
	}
	return map[string]any{}, nil
}

// tag adds tags to those of a target.
func (s *scaling) tag(arn string, tags any) {
	if s.tags[arn] == nil {
		s.tags[arn] = map[string]string{}
	}
	given, _ := tags.(map[string]any)
	for key, value := range given {
		s.tags[arn][key] = fmt.Sprint(value)
	}
}
