package network

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// grant is a statement of an endpoint's policy.
type grant struct {
	Effect    string
	Principal map[string]any
	Action    []string
	Resource  []string
	Condition map[string]map[string]string
}

func TestEndpointsAllowTheStacksResourcesAndNothingElse(t *testing.T) {
	const own = "123456789012"
	r := build(t, Default())
	for name, want := range map[string][]string{
		"net-secretsmanager": {
			"arn:aws:secretsmanager:eu-west-1:" + own + ":secret:didomi-test-*",
			"arn:aws:secretsmanager:eu-west-1:" + own + ":secret:rds!cluster-*",
		},
		"net-s3": {"arn:aws:s3:::didomi-test-*/*", "arn:aws:s3:::didomi-test-*"},
	} {
		t.Run(name, func(t *testing.T) {
			var document struct{ Statement []grant }
			text, _ := r.Find(t, "aws:ec2/vpcEndpoint:VpcEndpoint", name).Inputs["policy"].(string)
			if err := json.Unmarshal([]byte(text), &document); err != nil {
				t.Fatalf("%v in %q", err, text)
			}
			var resources []string
			for _, s := range document.Statement {
				resources = append(resources, s.Resource...)
				if s.Effect != "Allow" || s.Condition["StringEquals"]["aws:PrincipalAccount"] != own {
					t.Errorf("%+v allows other resources", s)
				}
				if account := s.Condition["StringEquals"]["aws:ResourceAccount"]; name == "net-s3" && account != own {
					t.Errorf("%v leads to buckets of the account %q", s.Action, account)
				}
				if strings.Contains(strings.Join(s.Action, " "), "*") {
					t.Errorf("all of %v", s.Action)
				}
			}
			if !reflect.DeepEqual(resources, want) {
				t.Errorf("it leads to %v, want %v", resources, want)
			}
		})
	}
}
