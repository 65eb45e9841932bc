package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/naming"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// problems are those that load reports for the stack file of dev with some of its values replaced.
func problems(t *testing.T, stack string, change map[string]string) []string {
	t.Helper()
	return problemsOf(t, mocks.Project, stack, change)
}

// problemsOf are those of a project of another name.
func problemsOf(t *testing.T, project, stack string, change map[string]string) []string {
	t.Helper()
	values := projectValues(t, project, "Pulumi.dev.yaml")
	if naming.StackPattern.MatchString(stack) {
		values[project+":tags"] = `{"environment": "` + stack + `"}`
	}
	for key, value := range change {
		values[key] = value
	}
	_, err := load(values, project, stack)
	var list *config.Error
	if !errors.As(err, &list) {
		t.Fatalf("got %v, want a *config.Error", err)
	}
	var got []string
	for _, p := range list.Problems {
		got = append(got, p.String())
	}
	return got
}

// known is the end of the message about an unknown key: the known ones.
func known(t *testing.T, path ...string) string {
	t.Helper()
	object := plain(t, defaults("any")).(map[string]any)
	for _, name := range path {
		object = object[name].(map[string]any)
	}
	var names []string
	for name := range object {
		names = append(names, name)
	}
	sort.Strings(names)
	return strings.Join(names, ", ")
}

const (
	wantDomain   = "a domain name in lower case of at most 51 characters, such as example.com"
	wantZone     = "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ, or empty to create one"
	wantTag      = "1 to 256 letters, digits, spaces and _ . : / = + - @"
	wantDays     = "one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
	wantDuration = " to 24h, such as 90s or 10m"
	wantPrivate  = "a private network, inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
	wantVersion  = `an Aurora PostgreSQL version from 15 on, major and minor, such as "16.11"`
	wantDatabase = "a database's name: lower case letters, digits and _, a letter first, 63 at most, none of postgres, rdsadmin, template0, template1"
	leftStack    = "at most %d lower case letters and digits, a letter first, and not bootstrap; the project %q leaves that many, since AWS bounds names that begin with both"
	wantStack    = "at most 12 lower case letters and digits, a letter first, and not bootstrap"
	wantGitLab   = "an https URL without a path, such as https://gitlab.com"
	wantAccounts = `a list of account ids of twelve digits, in quotes, such as "012345678901"`
)

// longPath is a project's path of 1401 characters.
var longPath = "g/" + strings.Repeat("p", 1399)

// origins are n different ones, of 28 characters each.
func origins(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("https://app-%04d.example.com", i)
	}
	return list
}

// manyPlans are n plans without a key, as items of a JSON list.
func manyPlans(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"name": "p%d", "rate": 1, "burst": 1}`, i)
	}
	return strings.Join(list, ", ")
}

func TestTheDataSubnetsHaveAnAddressForEveryInstanceAndNode(t *testing.T) {
	change := map[string]string{
		"didomi:network": `{"cidr": "10.0.0.0/22"}`,
		"didomi:data":    `{"database": {"readers": 15}, "cache": {"shards": 30, "replicas": 2}}`,
	}
	want := []string{`didomi:network.cidr is "10.0.0.0/22"; must be a larger network: its data subnets have addresses for 51 database instances and cache nodes next to the proxy, and there are 16 and 90`}
	if got := problems(t, "dev", change); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestEveryMistakeHasAMessageThatNamesKeyValueAndWhatIsAllowed(t *testing.T) {
	for _, c := range []struct{ name, key, value, want string }{
		{"an unknown component", "didomi:networks", `{}`, `didomi:networks is an unknown key; must be one of ` + known(t)},
		{"an unknown key in a component", "didomi:network", `{"colour": "red"}`, `didomi:network.colour is an unknown key; must be one of ` + known(t, "network")},
		{"an unknown key in an object of a component", "didomi:data", `{"cache": {"shard": 3}}`, `didomi:data.cache.shard is an unknown key; must be one of ` + known(t, "data", "cache")},
		{"a key with a wrong capital letter", "didomi:api", `{"memoryMB": 512}`, `didomi:api.memoryMB is an unknown key; must be one of ` + known(t, "api")},
		{"a component that is a string", "didomi:iam", `on`, `didomi:iam is "on"; must be an object with ` + known(t, "iam")},
		{"a component that is a list", "didomi:dns", `[]`, `didomi:dns is []; must be an object with ` + known(t, "dns")},
		{"a component that is invalid JSON", "didomi:dns", `{"domain": `, `didomi:dns is "{\"domain\": "; must be an object with ` + known(t, "dns")},
		{"an object of a component that is a number", "didomi:data", `{"database": 3}`, `didomi:data.database is 3; must be an object with ` + known(t, "data", "database")},

		{"a number in quotes", "didomi:data", `{"cache": {"shards": "3"}}`, `didomi:data.cache.shards is "3"; must be an integer`},
		{"a fraction where an integer belongs", "didomi:network", `{"zones": 2.5}`, `didomi:network.zones is 2.5; must be an integer`},
		{"an integer that is too large for its type", "didomi:api", `{"wafRateLimit": 99999999999}`, `didomi:api.wafRateLimit is 99999999999; must be an integer`},
		{"yes where true belongs", "didomi:api", `{"waf": "yes"}`, `didomi:api.waf is "yes"; must be true or false`},
		{"one where true belongs", "didomi:data", `{"protect": 1}`, `didomi:data.protect is 1; must be true or false`},
		{"null where a string belongs", "didomi:network", `{"nat": null}`, `didomi:network.nat is null; must be a string`},
		{"a version that YAML reads as a number", "didomi:data", `{"database": {"version": 16.11}}`, `didomi:data.database.version is 16.11; must be a string`},
		{"a list where a string belongs", "didomi:iam", `{"deployRef": ["main", "next"]}`, `didomi:iam.deployRef is ["main","next"]; must be a string`},
		{"a string where a list belongs", "didomi:api", `{"alarmEmails": "ops@example.com"}`, `didomi:api.alarmEmails is "ops@example.com"; must be a list, each item a string`},
		{"a list with an item of another type", "didomi:api", `{"alarmEmails": ["ops@example.com", 7]}`, `didomi:api.alarmEmails[1] is 7; must be a string`},

		{"a region in words", "aws:region", `Ireland`, `aws:region is "Ireland"; must be a region such as "eu-west-1"`},
		{"a zone where a region belongs", "aws:region", `eu-west-1a`, `aws:region is "eu-west-1a"; must be a region such as "eu-west-1"`},
		{"copies in the stack's own region", "didomi:data", `{"copies": {"region": "eu-west-1"}}`,
			`didomi:data.copies.region is "eu-west-1"; must be another region than aws:region, which is "eu-west-1", of the same partition`},
		{"copies in another partition", "didomi:data", `{"copies": {"region": "cn-north-1"}}`,
			`didomi:data.copies.region is "cn-north-1"; must be another region than aws:region, which is "eu-west-1", of the same partition`},
		{"copies in another account", "didomi:data", `{"copies": {"region": "eu-central-1", "account": "123456789012"}}`,
			`didomi:data.copies.account is an unknown key; must be one of region`},
		{"no region", "aws:region", ``, `aws:region is not set; must be a region such as "eu-west-1"`},
		{"an account id that lost a digit", "aws:allowedAccountIds", `["12345678901"]`, `aws:allowedAccountIds is "12345678901"; must be ` + wantAccounts},
		{"the tag that identifies stacks", "didomi:tags", `{"environment": "dev", "serverless-api:stack": "didomi/prod"}`, `didomi:tags.serverless-api:stack is an unknown key; must be one of application, creator, environment, purpose, responsible`},
		{"the same tag in other case, which IAM treats as the same", "didomi:tags", `{"environment": "dev", "Serverless-API:stack": "didomi/prod"}`, `didomi:tags.Serverless-API:stack is an unknown key; must be one of application, creator, environment, purpose, responsible`},
		{"an account id that YAML reads as a number", "aws:allowedAccountIds", `[123456789012]`, `aws:allowedAccountIds[0] is 123456789012; must be a string`},
		{"an unknown provider setting", "aws:endpoint", `localhost`, `aws:endpoint is an unknown key; must be one of allowedAccountIds, profile, region`},

		{"no environment", "didomi:tags", `{}`, `didomi:tags.environment is not set; must be ` + wantTag},
		{"a tag with a character that AWS rejects", "didomi:tags", `{"environment": "dev", "purpose": "a<b"}`, `didomi:tags.purpose is "a<b"; must be ` + wantTag},

		{"a cidr that is no network", "didomi:network", `{"cidr": "nonsense"}`, `didomi:network.cidr is "nonsense"; must be an IPv4 network such as "172.16.0.0/16"`},
		{"a prefix longer than an address", "didomi:network", `{"cidr": "172.16.0.0/33"}`, `didomi:network.cidr is "172.16.0.0/33"; must be an IPv4 network such as "172.16.0.0/16"`},
		{"an IPv6 network", "didomi:network", `{"cidr": "fd00::/16"}`, `didomi:network.cidr is "fd00::/16"; must be an IPv4 network such as "172.16.0.0/16"`},
		{"an address within the network", "didomi:network", `{"cidr": "10.0.1.0/16"}`, `didomi:network.cidr is "10.0.1.0/16"; must be a network's first address, which is "10.0.0.0/16"`},
		{"a network that is too small", "didomi:network", `{"cidr": "10.0.0.0/24"}`, `didomi:network.cidr is "10.0.0.0/24"; must be a network with a prefix from /16 to /22`},
		{"a network that is too large", "didomi:network", `{"cidr": "10.0.0.0/8"}`, `didomi:network.cidr is "10.0.0.0/8"; must be a network with a prefix from /16 to /22`},
		{"a public network", "didomi:network", `{"cidr": "8.8.0.0/16"}`, `didomi:network.cidr is "8.8.0.0/16"; must be ` + wantPrivate},
		{"one zone", "didomi:network", `{"zones": 1}`, `didomi:network.zones is 1; must be an integer from 2 to 4`},
		{"an unknown NAT mode", "didomi:network", `{"nat": "perAZ"}`, `didomi:network.nat is "perAZ"; must be one of none, single, perAz`},
		{"a retention that CloudWatch Logs does not have", "didomi:network", `{"flowLogDays": 10}`, `didomi:network.flowLogDays is 10; must be ` + wantDays},

		{"a recovery window that is too short", "didomi:data", `{"secretRecoveryDays": 3}`, `didomi:data.secretRecoveryDays is 3; must be 0 (no recovery) or an integer from 7 to 30`},
		{"an interval of rotations that is too long", "didomi:data", `{"rotationDays": 1001}`, `didomi:data.rotationDays is 1001; must be an integer from 0 to 1000`},
		{"a version without its minor part", "didomi:data", `{"database": {"version": "16"}}`, `didomi:data.database.version is "16"; must be ` + wantVersion},
		{"a version that is too old", "didomi:data", `{"database": {"version": "13.9"}}`, `didomi:data.database.version is "13.9"; must be ` + wantVersion},
		{"a database that the engine creates itself", "didomi:data", `{"database": {"name": "postgres"}}`, `didomi:data.database.name is "postgres"; must be ` + wantDatabase},
		{"a database with a hyphen", "didomi:data", `{"database": {"name": "my-app"}}`, `didomi:data.database.name is "my-app"; must be ` + wantDatabase},
		{"a capacity that pauses behind a proxy", "didomi:data", `{"protect": false, "database": {"minCapacity": 0}}`, `didomi:data.database.minCapacity is 0; must be at least 0.5 where proxy.enabled is true: the proxy's connections keep the cluster from pausing`},
		{"a capacity between two steps", "didomi:data", `{"database": {"maxCapacity": 2.25}}`, `didomi:data.database.maxCapacity is 2.25; must be a multiple of 0.5 from 1 to 256`},
		{"a maximum below the minimum", "didomi:data", `{"database": {"minCapacity": 8, "maxCapacity": 4}}`, `didomi:data.database.maxCapacity is 4; must be a multiple of 0.5 from 8 to 256`},
		{"too many readers", "didomi:data", `{"database": {"readers": 16}}`, `didomi:data.database.readers is 16; must be an integer from 0 to 15`},
		{"no backups", "didomi:data", `{"database": {"backupDays": 0}}`, `didomi:data.database.backupDays is 0; must be an integer from 1 to 35`},
		{"a retention that Performance Insights does not have", "didomi:data", `{"database": {"insightsDays": 365}}`, `didomi:data.database.insightsDays is 365; must be 7, a multiple of 31 up to 713, or 731`},
		{"more idle connections than connections", "didomi:data", `{"proxy": {"maxConnectionsPercent": 40}}`, `didomi:data.proxy.maxIdleConnectionsPercent is 50; must be an integer from 0 to 40`},
		{"a timeout of 0", "didomi:data", `{"proxy": {"borrowSeconds": 0}}`, `didomi:data.proxy.borrowSeconds is 0; must be an integer from 1 to 10`},
		{"a raised generation that forgets the source", "didomi:data", `{"database": {"generation": 2}}`, `didomi:data.database.previous is not set; must be kept, then retiring, then retired (docs/how-to/restore-the-database.md): without it the cluster of generation 1 would be deleted`},
		{"a raised generation that would be empty", "didomi:data", `{"database": {"generation": 3, "previous": "retiring"}}`, `didomi:data.database.restoreFrom is not set; must be an object with time or snapshot while previous is retiring: otherwise generation 3 would be created empty`},
		{"a restore to no object", "didomi:data", `{"database": {"generation": 2, "previous": "kept", "restoreFrom": "2026-12-02"}}`, `didomi:data.database.restoreFrom is "2026-12-02"; must be an object with snapshot, time`},
		// The CLI turns a time without quotes into this.
		{"a restore to a time without quotes", "didomi:data", `{"database": {"generation": 2, "previous": "kept", "restoreFrom": {"time": "2026-12-03 00:23:06 +0000 UTC"}}}`, `didomi:data.database.restoreFrom.time is "2026-12-03 00:23:06 +0000 UTC"; must be a time in RFC 3339, in quotes and whole seconds, such as "2026-12-02T10:00:00Z"`},
		{"a restore into the present cluster", "didomi:data", `{"database": {"restoreFrom": {"snapshot": "nightly"}}}`, `didomi:data.database.restoreFrom.snapshot is "nightly"; must be unset with generation 1: a restore creates the next generation's cluster next to the present one (docs/how-to/restore-the-database.md)`},
		{"a node type of another service", "didomi:data", `{"cache": {"nodeType": "db.t4g.micro"}}`, `didomi:data.cache.nodeType is "db.t4g.micro"; must be a node type such as "cache.t4g.micro"`},
		{"no shard", "didomi:data", `{"cache": {"shards": 0}}`, `didomi:data.cache.shards is 0; must be an integer from 1 to 90`},
		{"too many replicas", "didomi:data", `{"cache": {"replicas": 6}}`, `didomi:data.cache.replicas is 6; must be an integer from 0 to 5`},
		{"no snapshots", "didomi:data", `{"cache": {"snapshotDays": 0}}`, `didomi:data.cache.snapshotDays is 0; must be an integer from 1 to 35`},
		{"no retention of noncurrent versions", "didomi:data", `{"bucket": {"noncurrentDays": 0}}`, `didomi:data.bucket.noncurrentDays is 0; must be an integer from 1 to 3650`},

		{"no domain", "didomi:dns", `{}`, `didomi:dns.domain is not set; must be ` + wantDomain},
		{"a domain with capitals", "didomi:dns", `{"domain": "Example.com"}`, `didomi:dns.domain is "Example.com"; must be ` + wantDomain},
		{"a domain of one label", "didomi:dns", `{"domain": "localhost"}`, `didomi:dns.domain is "localhost"; must be ` + wantDomain},
		{"a URL as a domain", "didomi:dns", `{"domain": "https://example.com"}`, `didomi:dns.domain is "https://example.com"; must be ` + wantDomain},
		{"a zone's name as its id", "didomi:dns", `{"domain": "example.com", "zoneId": "example.com"}`, `didomi:dns.zoneId is "example.com"; must be ` + wantZone},

		{"an architecture that Lambda does not have", "didomi:api", `{"architecture": "amd64"}`, `didomi:api.architecture is "amd64"; must be one of arm64, x86_64`},
		{"too little memory", "didomi:api", `{"memoryMb": 64}`, `didomi:api.memoryMb is 64; must be an integer from 128 to 10240`},
		{"a timeout beyond Lambda's", "didomi:api", `{"timeoutSeconds": 901}`, `didomi:api.timeoutSeconds is 901; must be an integer from 30 to 900`},
		{"more provisioned than reserved concurrency", "didomi:api", `{"reservedConcurrency": 7, "provisionedConcurrency": 8}`, `didomi:api.provisionedConcurrency is 8; must be an integer from 0 to 7`},
		{"a duration without a unit", "didomi:api", `{"cacheTtl": "60"}`, `didomi:api.cacheTtl is "60"; must be a duration from 1s` + wantDuration},
		{"a duration in days", "didomi:api", `{"staleTtl": "2d"}`, `didomi:api.staleTtl is "2d"; must be a duration from 0s` + wantDuration},
		{"a negative duration", "didomi:api", `{"negativeTtl": "-1s"}`, `didomi:api.negativeTtl is "-1s"; must be a duration from 0s` + wantDuration},
		{"a plan with a higher rate than the stage's", "didomi:api", `{"plans": [{"name": "p", "rate": 101, "burst": 1, "keys": ["k"]}]}`, `didomi:api.plans[0].rate is 101; must be an integer from 1 to 100`},
		{"required API keys without a key", "didomi:api", `{"plans": []}`, `didomi:api.plans is not set; must be a list with a plan that has a key, while requireApiKey is true`},
		{"a plan with an unknown key", "didomi:api", `{"plans": [{"name": "p", "rate": 1, "burst": 1, "keys": ["k"], "quota": 3}]}`, `didomi:api.plans[0].quota is an unknown key; must be one of burst, keys, name, quotaPerDay, rate, throttles`},
		{"a throttle for no method of the API", "didomi:api", `{"throttles": [{"route": "GET /nothing", "rate": 1, "burst": 1}]}`, `didomi:api.throttles[0].route is "GET /nothing"; must be one of ` + strings.Join(definition(t).Routes(openapi.Every), ", ")},
		{"an origin with a path", "didomi:api", `{"corsOrigins": ["https://app.example.com/"]}`, `didomi:api.corsOrigins[0] is "https://app.example.com/"; must be scheme and host as browsers send them, such as "https://app.example.com", or "*" alone`},
		{"origins that are too long together", "didomi:api", `{"corsOrigins": ["` + strings.Join(origins(200), `", "`) + `"]}`, `didomi:api.corsOrigins is 200 origins of 5799 characters in all; must be at most 2048 characters in all, which Lambda's limit on a function's environment leaves, or "*" alone`},
		{"more plans than an account may have", "didomi:api", `{"requireApiKey": false, "plans": [` + manyPlans(301) + `]}`, `didomi:api.plans is 301 plans with 0 keys; must be at most 300 plans and 10000 keys in all, as an account and region may have`},
		{"a maximum without provisioned concurrency", "didomi:api", `{"provisionedMax": 3}`, `didomi:api.provisionedMax is 3; must be 0 while provisionedConcurrency is 0`},
		{"an unknown rollout", "didomi:api", `{"rollout": "blueGreen"}`, `didomi:api.rollout is "blueGreen"; must be one of allAtOnce, canary`},
		{"a burst beyond the account's", "didomi:api", `{"throttleBurst": 5001}`, `didomi:api.throttleBurst is 5001; must be an integer from 1 to 5000`},
		{"a limit of an address below a plan's rate", "didomi:api", `{"wafRateLimit": 2000}`, `didomi:api.wafRateLimit is 2000; must be 0, or an integer from 15100 (what the plan standard allows one address in 300 seconds) to 20000000`},
		{"logs without a retention", "didomi:api", `{"logRetentionDays": 0}`, `didomi:api.logRetentionDays is 0; must be ` + wantDays},
		{"a name where a mail address belongs", "didomi:api", `{"alarmEmails": ["on-call"]}`, `didomi:api.alarmEmails[0] is "on-call"; must be a mail address`},

		{"an address twice", "didomi:api", `{"alarmEmails": ["a@example.com", "b@example.com", "a@example.com"]}`, `didomi:api.alarmEmails[2] is "a@example.com"; must be an address that is in the list once`},

		{"a project whose path is too long for a trust policy", "didomi:iam", `{"gitlabUrl": "https://gitlab.com", "projectPath": "` + longPath + `"}`, `didomi:iam.projectPath is "` + longPath + `"; must be a shorter path, branch or instance: four times the instance, with both, has 1445 characters, and a role's trust policy has space for 1400`},
		{"GitLab without TLS", "didomi:iam", `{"gitlabUrl": "http://gitlab.com", "projectPath": "platform/api"}`, `didomi:iam.gitlabUrl is "http://gitlab.com"; must be ` + wantGitLab},
		{"GitLab with the project in its URL", "didomi:iam", `{"gitlabUrl": "https://gitlab.com/group", "projectPath": "platform/api"}`, `didomi:iam.gitlabUrl is "https://gitlab.com/group"; must be ` + wantGitLab},
		{"a project without its group", "didomi:iam", `{"gitlabUrl": "https://gitlab.com", "projectPath": "api"}`, `didomi:iam.projectPath is "api"; must be a GitLab project as group/project`},
		{"every project of a group", "didomi:iam", `{"gitlabUrl": "https://gitlab.com", "projectPath": "didomi/*"}`, `didomi:iam.projectPath is "didomi/*"; must be a GitLab project as group/project`},
		{"a project without its instance", "didomi:iam", `{"projectPath": "platform/api"}`, `didomi:iam.gitlabUrl is not set; must be ` + wantGitLab},
		{"an instance without a project", "didomi:iam", `{"gitlabUrl": "https://gitlab.com"}`, `didomi:iam.projectPath is not set; must be a GitLab project as group/project`},
		{"another GitLab, whose merge requests' tokens could deploy", "didomi:iam", `{"gitlabUrl": "https://git.example", "projectPath": "platform/api"}`, `didomi:iam.subClaims is "project_path,ref_type,ref"; must be a list with ref_protected, set in GitLab too (ci_id_token_sub_claim_components, docs/how-to/set-up-gitlab.md): from tokens of git.example AWS reads the subject alone, and without it the token of any merge request from main could deploy`},
		{"every branch", "didomi:iam", `{"deployRef": "*"}`, `didomi:iam.deployRef is "*"; must be the name of one branch, without wildcards`},
		{"an unknown value of oidc", "didomi:iam", `{"oidc": "on"}`, `didomi:iam.oidc is "on"; must be one of create, existing, off`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := problems(t, "dev", map[string]string{c.key: c.value})
			if len(got) != 1 || got[0] != c.want {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), c.want)
			}
		})
	}
}

// wantStackOf is what the name of a stack must be in a project, whose own name may leave less than wantStack.
func wantStackOf(project string) string {
	if left := naming.Longest - len(project) - len("-"); left < naming.LongestStack {
		return fmt.Sprintf(leftStack, left, project)
	}
	return wantStack
}

func TestProjectAndStackAreNamedSoThatEveryPhysicalNameIsAllowed(t *testing.T) {
	const wantProject = "at most 17 lower case letters, digits and single hyphens, a letter first, and not beginning with sg-, sthree-, amzn-s3-demo-"
	for _, c := range []struct{ project, stack, want string }{
		{"shop", "a-very-long-stack-name", `pulumi.stack is "a-very-long-stack-name"; must be ` + wantStack},
		{"shop", "Prod", `pulumi.stack is "Prod"; must be ` + wantStack},
		{"shop", "1st", `pulumi.stack is "1st"; must be ` + wantStack},
		{"shop", "dev-", `pulumi.stack is "dev-"; must be ` + wantStack},
		{"shop", "dev-2", `pulumi.stack is "dev-2"; must be ` + wantStack},
		{"shop", "dev_eu", `pulumi.stack is "dev_eu"; must be ` + wantStack},
		{"shop", "bootstrap", `pulumi.stack is "bootstrap"; must be ` + wantStack},
		{"shop", "", "pulumi.stack is not set; must be " + wantStack},
		{"shop", "s123456789012", `pulumi.stack is "s123456789012"; must be ` + wantStack},
		{"payroll", "s12345678901", `pulumi.stack is "s12345678901"; must be ` + fmt.Sprintf(leftStack, 11, "payroll")},
		{"payments-platform", "dev", `pulumi.stack is "dev"; must be ` + fmt.Sprintf(leftStack, 1, "payments-platform")},
		{"payments-platforms", "p", `pulumi.project is "payments-platforms"; must be ` + wantProject},
		{"Shop", "dev", `pulumi.project is "Shop"; must be ` + wantProject},
		{"shop_api", "dev", `pulumi.project is "shop_api"; must be ` + wantProject},
		{"shop--api", "dev", `pulumi.project is "shop--api"; must be ` + wantProject},
		{"sg", "dev", `pulumi.project is "sg"; must be ` + wantProject},
	} {
		t.Run(c.project+" and "+c.stack, func(t *testing.T) {
			if got := problemsOf(t, c.project, c.stack, nil); !slices.Equal(got, []string{c.want}) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestEveryMistakeIsNamedAtOnceInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		stack  string
		change map[string]string
		want   []string
	}{
		"three in two namespaces": {
			stack: "dev",
			change: map[string]string{
				"aws:region": "Ireland", "didomi:dns": `{}`, "didomi:data": `{"cache": {"shards": "3"}}`,
			},
			want: []string{
				`aws:region is "Ireland"; must be a region such as "eu-west-1"`,
				`didomi:data.cache.shards is "3"; must be an integer`,
				`didomi:dns.domain is not set; must be ` + wantDomain,
			},
		},
		"one in every component, and the stack's name": {
			stack: "Dev",
			change: map[string]string{
				"didomi:tags":    `{"environment": ""}`,
				"didomi:network": `{"zones": 9}`,
				"didomi:data":    `{"bucket": {"noncurrentDays": 0}}`,
				"didomi:dns":     `{"domain": "x"}`,
				"didomi:api":     `{"memoryMb": 1}`,
				"didomi:iam":     `{"oidc": ""}`,
			},
			want: []string{
				`didomi:api.memoryMb is 1; must be an integer from 128 to 10240`,
				`didomi:data.bucket.noncurrentDays is 0; must be an integer from 1 to 3650`,
				`didomi:dns.domain is "x"; must be ` + wantDomain,
				`didomi:iam.oidc is not set; must be one of create, existing, off`,
				`didomi:network.zones is 9; must be an integer from 2 to 4`,
				`didomi:tags.environment is not set; must be ` + wantTag,
				`pulumi.stack is "Dev"; must be ` + wantStackOf(mocks.Project),
			},
		},
		"everything about a restore": {
			stack: "dev",
			change: map[string]string{
				"didomi:data": `{"database": {"generation": 2, "previous": "retired", "restoreFrom": {"time": "yesterday", "snapshot": "a_b"}}}`,
			},
			want: []string{
				`didomi:data.database.restoreFrom is time and snapshot; must be one of the two`,
				`didomi:data.database.restoreFrom.snapshot is "a_b"; must be the name or the ARN of a cluster snapshot: letters, digits and hyphens, a letter first`,
				`didomi:data.database.restoreFrom.time is "yesterday"; must be a time in RFC 3339, in quotes and whole seconds, such as "2026-12-02T10:00:00Z"`,
				`didomi:data.database.restoreFrom.time is "yesterday"; must be removed where previous is retired: the cluster of generation 1, its source, is deleted`,
			},
		},
		"a canary between two databases": {
			stack: "dev",
			change: map[string]string{
				"didomi:api":  `{"requireApiKey": false, "rollout": "canary"}`,
				"didomi:data": `{"protect": false, "proxy": {"enabled": false}, "database": {"generation": 2, "previous": "kept", "restoreFrom": {"snapshot": "nightly"}}}`,
			},
			want: []string{
				`didomi:api.rollout is "canary"; must be allAtOnce while data.database.previous is kept and data.proxy.enabled is false: a canary's two versions would read and write two databases`,
			},
		},
		"several in one object": {
			stack:  "dev",
			change: map[string]string{"didomi:data": `{"database": {"version": "9", "readers": 20, "backupDays": 90}}`},
			want: []string{
				`didomi:data.database.backupDays is 90; must be an integer from 1 to 35`,
				`didomi:data.database.readers is 20; must be an integer from 0 to 15`,
				`didomi:data.database.version is "9"; must be ` + wantVersion,
			},
		},
		"a wrong type, an unknown key and an invalid value in one component": {
			stack:  "dev",
			change: map[string]string{"didomi:network": `{"zones": "3", "nats": "none", "flowLogDays": 2}`},
			want: []string{
				`didomi:network.flowLogDays is 2; must be ` + wantDays,
				`didomi:network.nats is an unknown key; must be one of ` + known(t, "network"),
				`didomi:network.zones is "3"; must be an integer`,
			},
		},
		"every bad item of a list": {
			stack:  "dev",
			change: map[string]string{"didomi:api": `{"alarmEmails": ["one", "two@example.com", "three"]}`},
			want: []string{
				`didomi:api.alarmEmails[0] is "one"; must be a mail address`,
				`didomi:api.alarmEmails[2] is "three"; must be a mail address`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := problems(t, c.stack, c.change); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func definition(t *testing.T) *openapi.Document {
	t.Helper()
	d, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}
