package audit

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// encryptionJudges are the types with requirements in addition to the key at rest that ops/types names.
var encryptionJudges = map[string]func(*graph.Graph, *report, *graph.Resource){
	types.Cluster: clusterEncryption,
	types.DBProxy: func(_ *graph.Graph, p *report, r *graph.Resource) {
		inTransit(p, r, r.True("requireTls"), "requireTls", "TLS only")
	},
	types.ReplicationGroup: cacheEncryption,
	types.Bucket:           bucketEncryption,
	types.Key: func(_ *graph.Graph, p *report, r *graph.Resource) {
		if !r.True("enableKeyRotation") {
			p.add(r, "set enableKeyRotation", "is never rotated")
		}
	},
	types.DomainName: func(_ *graph.Graph, p *report, r *graph.Resource) {
		policy := r.Text("securityPolicy")
		inTransit(p, r, policy != "" && policy != "TLS_1_0", "securityPolicy", policy)
	},
}

// encryption requires data at rest to be encrypted with a customer managed key, keys to be rotated, and
// connections to use TLS.
func encryption(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		row, judge := types.Of(r.Type), encryptionJudges[r.Type]
		if row.KeyAtRest != "" {
			atRest(g, &p, r, row.KeyAtRest)
		}
		if judge != nil {
			judge(g, &p, r)
		}
		known := row.KeyAtRest != "" || row.NothingAtRest != "" || judge != nil
		if property := encryptionProperty(r); !known && property != "" && strings.HasPrefix(r.Type, "aws:") {
			p.add(r, "set KeyAtRest or NothingAtRest in its row of ops/types", "has %s, and the audit does not know its data", property)
		}
	}
	return p
}

// encryptionProperty is a property by which a type that keeps data is recognized; "" when there is none.
func encryptionProperty(r *graph.Resource) string {
	for _, properties := range []map[string]any{r.Inputs, r.Outputs} {
		for name := range properties {
			if lower := strings.ToLower(name); !strings.HasPrefix(name, "__") && (strings.Contains(lower, "kmskey") || strings.Contains(lower, "encrypt")) {
				return name
			}
		}
	}
	return ""
}

// atRest requires the input to name a customer managed key, of this stack or another.
func atRest(g *graph.Graph, p *report, r *graph.Resource, input string) {
	if key := graph.First(g.RefsTo(r, input, types.Key)); key != nil {
		p.fact("%s %s at rest with the key %s (%s)", r.Type, r.Name, key.Name, input)
		return
	}
	value := r.Text(input)
	switch {
	case value == graph.Unknown:
		p.fact("%s %s at rest with a key that is not known yet (%s)", r.Type, r.Name, input)
	case strings.Contains(value, ":key/"):
		p.fact("%s %s at rest with the key %s of another stack (%s)", r.Type, r.Name, value, input)
	default:
		p.add(r, "set "+input+" to a key of the stack", "is not encrypted at rest with a key of ours: %s is %q", input, value)
	}
}

func inTransit(p *report, r *graph.Resource, holds bool, input, how string) {
	if holds {
		p.fact("%s %s in transit: %s", r.Type, r.Name, how)
		return
	}
	p.add(r, "set "+input, "accepts connections without TLS, or with an old version: %s is %v", input, r.Value(input))
}

func clusterEncryption(g *graph.Graph, p *report, r *graph.Resource) {
	if !r.True("storageEncrypted") {
		p.add(r, "set storageEncrypted, which replaces the cluster: move the data with a snapshot", "is not encrypted at rest")
	}
	if r.True("manageMasterUserPassword") {
		atRest(g, p, r, "masterUserSecretKmsKeyId")
	}
	group := graph.First(g.RefsTo(r, "dbClusterParameterGroupName", types.ClusterParameterGroup))
	forced := false
	if group != nil {
		list, _ := group.Value("parameters").([]any)
		forced = slices.ContainsFunc(list, func(item any) bool {
			parameter, _ := item.(map[string]any)
			return parameter["name"] == "rds.force_ssl" && parameter["value"] == "1"
		})
	}
	inTransit(p, r, forced, "rds.force_ssl in the cluster's parameter group", "TLS only, by its parameter group")
}

func cacheEncryption(_ *graph.Graph, p *report, r *graph.Resource) {
	if r.Value("atRestEncryptionEnabled") != true && r.Text("atRestEncryptionEnabled") != "true" {
		p.add(r, "set atRestEncryptionEnabled", "is not encrypted at rest")
	}
	inTransit(p, r, r.True("transitEncryptionEnabled") && r.Text("transitEncryptionMode") != "preferred", "transitEncryptionEnabled", "TLS only")
}

func bucketEncryption(g *graph.Graph, p *report, r *graph.Resource) {
	configuration := graph.First(pointingAt(g, r, types.BucketEncryption))
	if configuration == nil {
		p.add(r, "register its server-side encryption", "has no server-side encryption with a key of ours")
	} else {
		atRest(g, p, configuration, "rules")
	}
	policy := graph.First(pointingAt(g, r, types.BucketPolicy))
	forced := false
	if policy != nil {
		statements, known := parseDocument(policy.Value("policy"))
		forced = !known || slices.ContainsFunc(statements, deniesWithoutTLS)
	}
	inTransit(p, r, forced, "a bucket policy that denies aws:SecureTransport false", "TLS only, by its policy")
}

// pointingAt are the resources of a type whose input "bucket" is this bucket.
func pointingAt(g *graph.Graph, bucket *graph.Resource, token string) []*graph.Resource {
	return slices.DeleteFunc(g.ByType(token), func(r *graph.Resource) bool {
		return !slices.Contains(g.RefsTo(r, "bucket", types.Bucket), bucket)
	})
}

func deniesWithoutTLS(s statement) bool {
	condition, _ := s.Condition["Bool"].(map[string]any)
	return s.Effect == "Deny" && s.everyone() && condition["aws:SecureTransport"] == "false" && slices.Contains(s.Action, "s3:*")
}
