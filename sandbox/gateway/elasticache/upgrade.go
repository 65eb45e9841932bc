package elasticache

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// engine is what a group runs.
type engine struct{ name, version string }

// family is that of its parameter groups: redis7, valkey8. Before Redis 7 they have other names.
func (e engine) family() string {
	major, _, _ := strings.Cut(e.version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < 7 {
		return ""
	}
	return e.name + major
}

// checkUpgrade rejects changes of a group's engine that AWS rejects and the emulator accepts: an earlier version, Redis
// after Valkey, and parameters of another engine or family, also those that a custom group keeps.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html
func (s *service) checkUpgrade(modify call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		before, parameters, err := s.present(x.Request.Context(), x.Form.Get("ReplicationGroupId"))
		if err != nil {
			return err
		}
		if before == nil {
			return modify(x)
		}
		after := engine{cmp.Or(x.Form.Get("Engine"), before.name), cmp.Or(x.Form.Get("EngineVersion"), before.version)}
		problem := versionProblem(*before, after)
		if name := cmp.Or(x.Form.Get("CacheParameterGroupName"), parameters); problem == "" {
			if problem, err = s.familyProblem(x.Request.Context(), name, after); err != nil {
				return err
			}
		}
		if problem != "" {
			return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", problem)
		}
		return modify(x)
	}
}

// versionProblem: AWS documents that there is no downgrade, and not the message.
func versionProblem(before, after engine) string {
	if before.name == "valkey" && after.name == "redis" {
		return "A replication group cannot be changed from valkey to redis."
	}
	if before.name == after.name && earlier(after.version, before.version) {
		return fmt.Sprintf("The engine version cannot be downgraded from %s to %s.", before.version, after.version)
	}
	return ""
}

// earlier compares major and minor version; a node's patch level is in no request.
func earlier(a, b string) bool {
	for range 2 {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		m, _ := strconv.Atoi(x)
		if n, _ := strconv.Atoi(y); m != n {
			return m < n
		}
	}
	return false
}

// familyProblem: hashicorp/terraform-provider-aws#27748 and elasticache-controller#188 quote AWS's messages.
func (s *service) familyProblem(ctx context.Context, parameters string, after engine) (string, error) {
	want := after.family()
	if want == "" || parameters == "" || strings.HasPrefix(parameters, "default.") {
		return "", nil
	}
	response, err := s.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DescribeCacheParameterGroups", "CacheParameterGroupName": parameters})
	if emulator.NotFound(err) {
		return "", nil // a group that does not exist is another error
	}
	if err != nil {
		return "", fmt.Errorf("read the parameter group %s: %w", parameters, err)
	}
	found := response.First("CacheParameterGroup").Value("CacheParameterGroupFamily")
	if found == want {
		return "", nil
	}
	if name := strings.TrimRight(found, "0123456789.x"); name != after.name {
		return fmt.Sprintf("%s parameter group is not applicable to engine %s", name, after.name), nil
	}
	return fmt.Sprintf("Expected a parameter group of family %s but found one of family %s", want, found), nil
}

// present returns what a group runs and its parameter group, by its first node; nil: there is no such group.
func (s *service) present(ctx context.Context, id string) (*engine, string, error) {
	response, err := s.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DescribeCacheClusters"})
	if err != nil {
		return nil, "", fmt.Errorf("list the nodes of %s: %w", id, err)
	}
	for _, node := range response.First("CacheClusters").Items() {
		if node.Value("ReplicationGroupId") != id {
			continue
		}
		s.fillNode(node)
		return &engine{node.Value("Engine"), node.Value("EngineVersion")}, node.Child("CacheParameterGroup").Value("CacheParameterGroupName"), nil
	}
	return nil, "", nil
}

// rejectUsedGroup rejects the deletion of a parameter group that nodes have; the emulator deletes it.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteCacheParameterGroup.html
func (s *service) rejectUsedGroup(x *call.Exchange) error {
	name := x.Form.Get("CacheParameterGroupName")
	response, err := s.Emulator.Query(x.Request.Context(), "elasticache", version, map[string]string{"Action": "DescribeCacheClusters"})
	if err != nil {
		return fmt.Errorf("list the nodes with the parameter group %s: %w", name, err)
	}
	response.Each("CacheCluster", s.fillNode)
	if slices.Contains(xmltree.ChildTexts(response, "CacheParameterGroupName"), name) {
		return x.Reject(http.StatusBadRequest, "InvalidCacheParameterGroupState", "One or more cache clusters are still members of this parameter group "+name+", so the group cannot be deleted.")
	}
	return x.Forward()
}
