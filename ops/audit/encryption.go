package audit

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

const (
	keyType       = "aws:kms/key:Key"
	bucketType    = "aws:s3/bucketV2:BucketV2"
	secretType    = "aws:secretsmanager/secret:Secret"
	logGroupType  = "aws:cloudwatch/logGroup:LogGroup"
	topicType     = "aws:sns/topic:Topic"
	queueType     = "aws:sqs/queue:Queue"
	instanceType  = "aws:rds/clusterInstance:ClusterInstance"
	bucketSSEType = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	domainType    = "aws:apigateway/domainName:DomainName"
	zoneType      = "aws:route53/zone:Zone"
)

// stores are the types that keep or carry data, each with how it is judged.
var stores = map[string]func(*graph.Graph, *report, *graph.Resource){
	clusterType:  clusterEncryption,
	instanceType: func(g *graph.Graph, p *report, r *graph.Resource) { atRest(g, p, r, "performanceInsightsKmsKeyId") },
	proxyType: func(_ *graph.Graph, p *report, r *graph.Resource) {
		inTransit(p, r, r.True("requireTls"), "requireTls", "TLS only")
	},
	cacheType:    cacheEncryption,
	bucketType:   bucketEncryption,
	secretType:   func(g *graph.Graph, p *report, r *graph.Resource) { atRest(g, p, r, "kmsKeyId") },
	logGroupType: func(g *graph.Graph, p *report, r *graph.Resource) { atRest(g, p, r, "kmsKeyId") },
	topicType:    func(g *graph.Graph, p *report, r *graph.Resource) { atRest(g, p, r, "kmsMasterKeyId") },
	// Its environment. Of its code the provider sets no key, and the code is public.
	functionType: func(g *graph.Graph, p *report, r *graph.Resource) { atRest(g, p, r, "kmsKeyArn") },
	queueType:    func(g *graph.Graph, p *report, r *graph.Resource) { atRest(g, p, r, "kmsMasterKeyId") },
	keyType: func(_ *graph.Graph, p *report, r *graph.Resource) {
		if !r.True("enableKeyRotation") {
			p.add(r, "set enableKeyRotation", "is never rotated")
		}
	},
	domainType: func(_ *graph.Graph, p *report, r *graph.Resource) {
		policy := r.Text("securityPolicy")
		inTransit(p, r, policy != "" && policy != "TLS_1_0", "securityPolicy", policy)
	},
}

// seen are types that have a property of encryption and keep nothing of the stack's own, with why.
var seen = map[string]string{
	bucketSSEType:         "judged with its bucket",
	"aws:kms/alias:Alias": "a name",
}

// encryption wants every store encrypted at rest with a key of ours, every key rotated, and every
// way in to be TLS only.
func encryption(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		if judge, ok := stores[r.Type]; ok {
			judge(g, &p, r)
		} else if property := encryptionProperty(r); property != "" && seen[r.Type] == "" && strings.HasPrefix(r.Type, "aws:") {
			p.add(r, "add the type to the audit's stores", "has %s, and the audit does not know what it keeps", property)
		}
	}
	return p
}

// encryptionProperty is a property that tells a store from other resources; "" when there is none.
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

// atRest wants the input to name a key that the customer manages, of this stack or another.
func atRest(g *graph.Graph, p *report, r *graph.Resource, input string) {
	if key := first(g.RefsTo(r, input, keyType)); key != nil {
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
	p.add(r, "set "+input, "can be reached without TLS, or with an old one: %s is %v", input, r.Value(input))
}

func clusterEncryption(g *graph.Graph, p *report, r *graph.Resource) {
	if !r.True("storageEncrypted") {
		p.add(r, "set storageEncrypted, which replaces the cluster: move the data with a snapshot", "is not encrypted at rest")
	}
	atRest(g, p, r, "kmsKeyId")
	if r.True("manageMasterUserPassword") {
		atRest(g, p, r, "masterUserSecretKmsKeyId")
	}
	group := first(g.RefsTo(r, "dbClusterParameterGroupName", "aws:rds/clusterParameterGroup:ClusterParameterGroup"))
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

func cacheEncryption(g *graph.Graph, p *report, r *graph.Resource) {
	if r.Value("atRestEncryptionEnabled") != true && r.Text("atRestEncryptionEnabled") != "true" {
		p.add(r, "set atRestEncryptionEnabled", "is not encrypted at rest")
	}
	atRest(g, p, r, "kmsKeyId")
	inTransit(p, r, r.True("transitEncryptionEnabled") && r.Text("transitEncryptionMode") != "preferred", "transitEncryptionEnabled", "TLS only")
}

func bucketEncryption(g *graph.Graph, p *report, r *graph.Resource) {
	configuration := first(pointingAt(g, r, bucketSSEType))
	if configuration == nil {
		p.add(r, "register its server-side encryption", "has no server-side encryption with a key of ours")
	} else {
		atRest(g, p, configuration, "rules")
	}
	policy := first(pointingAt(g, r, "aws:s3/bucketPolicy:BucketPolicy"))
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
		return !slices.Contains(g.RefsTo(r, "bucket", bucketType), bucket)
	})
}

func deniesWithoutTLS(s statement) bool {
	condition, _ := s.Condition["Bool"].(map[string]any)
	return s.Effect == "Deny" && s.everyone() && condition["aws:SecureTransport"] == "false" && slices.Contains(s.Action, "s3:*")
}
