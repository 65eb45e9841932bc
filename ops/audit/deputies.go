package audit

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// silent are services for which AWS documents no condition keys when they assume a role: they could not assume a
// role that requires one. They are limited by iam:PassRole alone, and IAM allows no one to pass a role of another
// account (https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html).
var silent = map[string]string{
	"apigateway.amazonaws.com":         "https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html",
	"backup.amazonaws.com":             "https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html",
	"batchoperations.s3.amazonaws.com": "https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-policies.html",
	"s3.amazonaws.com":                 "https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html",
	"rds.amazonaws.com":                "https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-iam-setup.html",
}

// deputies requires every service that a role or a resource trusts to act for this account alone.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
func deputies(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		if r.Type == types.Role {
			statements, _ := parseDocument(r.Value("assumeRolePolicy"))
			for _, s := range statements {
				serviceTrust(g, &p, r, s)
			}
		}
		if property := types.Of(r.Type).Policy; property != "" {
			statements, _ := parseDocument(r.Value(property))
			for _, s := range statements {
				serviceAccess(&p, r, s)
			}
		}
	}
	return p
}

// serviceTrust judges the services that may assume a role.
func serviceTrust(g *graph.Graph, p *report, r *graph.Resource, s statement) {
	for _, service := range s.services() {
		source, isSilent := silent[service]
		switch {
		case isSilent && s.requires("aws:source"):
			p.add(r, "remove the condition", "cannot be assumed by %s, which sends no condition keys: %s", service, source)
		case isSilent:
			p.fact("%s can be assumed by %s, which sends no condition keys: %s", r.Name, service, source)
		case !s.requires("aws:sourceaccount", "aws:sourcearn"):
			p.add(r, "set aws:SourceAccount in its condition", "can be assumed by %s for any account", service)
		case service == "lambda.amazonaws.com" && s.requires("aws:sourcearn") && runsInVPC(g, r):
			p.add(r, "use aws:SourceAccount alone in its condition",
				"cannot be assumed by Lambda for a function in a VPC: it sends no aws:SourceArn while it connects the first one")
		default:
			p.fact("%s can be assumed by %s for this account", r.Name, service)
		}
	}
}

// runsInVPC reports whether a function in a VPC has the role.
func runsInVPC(g *graph.Graph, role *graph.Resource) bool {
	return slices.ContainsFunc(g.ByType(types.Function), func(f *graph.Resource) bool {
		return f.Value("vpcConfig") != nil && slices.Contains(g.RefsTo(f, "role", types.Role), role)
	})
}

// serviceAccess judges the services that may use a resource. A key's encryption context names the encrypted
// resource, and so the account.
func serviceAccess(p *report, r *graph.Resource, s statement) {
	for _, service := range s.services() {
		if s.requires("aws:sourceaccount", "aws:sourcearn", "kms:encryptioncontext:") {
			p.fact("%s is open to %s for this account", r.Name, service)
			continue
		}
		p.add(r, "set aws:SourceAccount in its condition", "is open to %s for any account by the statement %q", service, s.Sid)
	}
}

// services are the services that the statement allows an action.
func (s statement) services() []string {
	principal, _ := s.Principal.(map[string]any)
	if s.Effect != "Allow" {
		return nil
	}
	switch named := principal["Service"].(type) {
	case string:
		return []string{named}
	case []any:
		var all []string
		for _, one := range named {
			text, _ := one.(string)
			all = append(all, text)
		}
		return all
	}
	return nil
}

// requires reports whether a condition requires a key with one of the prefixes, in lower case. A condition that a
// missing key meets does not count.
func (s statement) requires(prefixes ...string) bool {
	for operator, keys := range s.Condition {
		if strings.HasSuffix(operator, "IfExists") || strings.HasPrefix(operator, "ForAllValues:") || strings.Contains(operator, "Not") || operator == "Null" {
			continue
		}
		object, _ := keys.(map[string]any)
		for key := range object {
			if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(strings.ToLower(key), prefix) }) {
				return true
			}
		}
	}
	return false
}
