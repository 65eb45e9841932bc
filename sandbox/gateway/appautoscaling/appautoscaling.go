// Package appautoscaling corrects the emulator's Application Auto Scaling API.
package appautoscaling

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// state holds scalable targets, their policies and tags, which the emulator does not support. Nothing is scaled.
type state struct {
	mu       sync.Mutex
	targets  []scalingObject
	policies []scalingObject
	tags     map[string]map[string]string // by ARN of the target
}

// scalingObject is a target or a policy as the API describes it.
type scalingObject map[string]any

func newState() *state { return &state{tags: map[string]map[string]string{}} }

// service implements Application Auto Scaling.
type service struct {
	*call.Account
	scaling *state
}

// New returns the calls of Application Auto Scaling, which the emulator does not have. The emulator still verifies
// signatures.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html
func New(a *call.Account) call.Service {
	s := &service{Account: a, scaling: newState()}
	calls := map[string]call.Handler{}
	for name, handle := range map[string]func(*call.Exchange, scalingObject) (any, error){
		"RegisterScalableTarget":   s.registerTarget,
		"DescribeScalableTargets":  s.describeTargets,
		"DeregisterScalableTarget": s.deregisterTarget,
		"PutScalingPolicy":         s.putPolicy,
		"DescribeScalingPolicies":  s.describePolicies,
		"DeleteScalingPolicy":      s.deletePolicy,
		"ListTagsForResource":      s.listTargetTags,
		"TagResource":              s.tagTarget,
		"UntagResource":            s.untagTarget,
	} {
		calls[name] = call.Instead(s.scalingCall(handle))
	}
	return call.Service{
		Name: "application-autoscaling", Target: "AnyScaleFrontendService.", Operations: calls,
		Bounds: bounds, Resources: s.resources,
	}
}

// errNoObject reports that a target or policy does not exist.
var errNoObject = errors.New("the object does not exist")

// errTargetExists is AWS's error when an existing target is registered with tags.
// https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/pull/420
var errTargetExists = errors.New("The scalable target that you tried to tag already exists. To update tags on an existing scalable target, use the TagResource API.") //nolint:revive,staticcheck // AWS's wording

func (s *service) scalingCall(handle func(*call.Exchange, scalingObject) (any, error)) call.Handler {
	return func(x *call.Exchange) error {
		var request scalingObject
		if err := x.DecodeRequest(&request); err != nil {
			return err
		}
		s.scaling.mu.Lock()
		defer s.scaling.mu.Unlock()
		response, err := handle(x, request)
		if errors.Is(err, errTargetExists) {
			return x.Reject(http.StatusBadRequest, "ValidationException", err.Error())
		}
		if err != nil {
			return x.Reject(http.StatusBadRequest, "ObjectNotFoundException", err.Error())
		}
		return x.RespondJSON(http.StatusOK, response)
	}
}

// same reports whether these members of both are equal.
func (o scalingObject) same(other scalingObject, members ...string) bool {
	return !slices.ContainsFunc(members, func(m string) bool { return o[m] != other[m] })
}

// matches reports whether a Describe request selects the object.
func (o scalingObject) matches(request scalingObject, list, member string) bool {
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

// put sets the request's members of the object of the same name, or of a new one.
func put(list []scalingObject, members []string, request, created scalingObject) ([]scalingObject, scalingObject) {
	i := slices.IndexFunc(list, func(o scalingObject) bool { return o.same(request, members...) })
	if i < 0 {
		list, i = append(list, created), len(list)
	}
	for name, value := range request {
		if name != "Tags" {
			list[i][name] = value
		}
	}
	return list, list[i]
}

func remove(list []scalingObject, members []string, request scalingObject) ([]scalingObject, error) {
	rest := slices.DeleteFunc(slices.Clone(list), func(o scalingObject) bool { return o.same(request, members...) })
	if len(rest) == len(list) {
		return nil, errNoObject
	}
	return rest, nil
}

func scalingARN(x *call.Exchange, kind string) string {
	return fmt.Sprintf("arn:aws:application-autoscaling:%s:%s:%s/%x", x.Region, x.AccountID, kind, time.Now().UnixNano())
}

// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
func (s *service) registerTarget(x *call.Exchange, request scalingObject) (any, error) {
	namespace := call.StringMember(request, "ServiceNamespace")
	created := scalingObject{
		"ScalableTargetARN": scalingARN(x, "scalable-target"), "CreationTime": time.Now().Unix(),
		"RoleARN": "arn:aws:iam::" + x.AccountID + ":role/aws-service-role/" + namespace + ".application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling",
		"SuspendedState": map[string]bool{
			"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false,
		},
	}
	if request["Tags"] != nil && slices.ContainsFunc(s.scaling.targets, func(o scalingObject) bool { return o.same(request, targetMembers...) }) {
		return nil, errTargetExists
	}
	var target scalingObject
	s.scaling.targets, target = put(s.scaling.targets, targetMembers, request, created)
	arn := call.StringMember(target, "ScalableTargetARN")
	s.scaling.tag(arn, request["Tags"])
	return map[string]any{"ScalableTargetARN": arn}, nil
}

func (s *service) describeTargets(x *call.Exchange, request scalingObject) (any, error) {
	found := slices.DeleteFunc(slices.Clone(s.scaling.targets), func(o scalingObject) bool {
		return !o.matches(request, "ResourceIds", "ResourceId")
	})
	return map[string]any{"ScalableTargets": found}, nil
}

// deregisterTarget deletes a target and its policies.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
func (s *service) deregisterTarget(x *call.Exchange, request scalingObject) (any, error) {
	targets, err := remove(s.scaling.targets, targetMembers, request)
	if err != nil {
		return nil, err
	}
	s.scaling.targets = targets
	s.scaling.policies = slices.DeleteFunc(s.scaling.policies, func(o scalingObject) bool { return o.same(request, targetMembers...) })
	return map[string]any{}, nil
}

// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
func (s *service) putPolicy(x *call.Exchange, request scalingObject) (any, error) {
	if !slices.ContainsFunc(s.scaling.targets, func(o scalingObject) bool { return o.same(request, targetMembers...) }) {
		return nil, fmt.Errorf("no scalable target registered for %s", call.StringMember(request, "ResourceId"))
	}
	created := scalingObject{"PolicyARN": scalingARN(x, "scalingPolicy"), "CreationTime": time.Now().Unix(), "Alarms": []any{}}
	var policy scalingObject
	s.scaling.policies, policy = put(s.scaling.policies, policyMembers, request, created)
	return map[string]any{"PolicyARN": policy["PolicyARN"], "Alarms": []any{}}, nil
}

func (s *service) describePolicies(x *call.Exchange, request scalingObject) (any, error) {
	found := slices.DeleteFunc(slices.Clone(s.scaling.policies), func(o scalingObject) bool {
		return !o.matches(request, "PolicyNames", "PolicyName")
	})
	return map[string]any{"ScalingPolicies": found}, nil
}

func (s *service) deletePolicy(x *call.Exchange, request scalingObject) (any, error) {
	policies, err := remove(s.scaling.policies, policyMembers, request)
	if err != nil {
		return nil, err
	}
	s.scaling.policies = policies
	return map[string]any{}, nil
}

func (s *service) listTargetTags(x *call.Exchange, request scalingObject) (any, error) {
	return map[string]any{"Tags": s.scaling.tags[call.StringMember(request, "ResourceARN")]}, nil
}

func (s *service) tagTarget(x *call.Exchange, request scalingObject) (any, error) {
	s.scaling.tag(call.StringMember(request, "ResourceARN"), request["Tags"])
	return map[string]any{}, nil
}

func (s *service) untagTarget(x *call.Exchange, request scalingObject) (any, error) {
	keys, _ := request["TagKeys"].([]any)
	for _, key := range keys {
		delete(s.scaling.tags[call.StringMember(request, "ResourceARN")], fmt.Sprint(key))
	}
	return map[string]any{}, nil
}

// tag adds tags to a target.
func (s *state) tag(arn string, tags any) {
	if s.tags[arn] == nil {
		s.tags[arn] = map[string]string{}
	}
	added, _ := tags.(map[string]any)
	for key, value := range added {
		s.tags[arn][key] = fmt.Sprint(value)
	}
}
