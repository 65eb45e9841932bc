package function

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

func TestFunctions(t *testing.T) {
	r := build(t, full())
	serve := r.Find(t, "aws:lambda/function:Function", testName+"-function")
	migrate := r.Find(t, "aws:lambda/function:Function", testName+"-migrate")
	rotate := r.Find(t, "aws:lambda/function:Function", testName+"-rotate")
	cacheUser := r.Find(t, "aws:lambda/function:Function", testName+"-cache-user")
	authorizer := r.Find(t, "aws:lambda/function:Function", testName+"-authorizer")

	t.Run("each gets the environment variables that it needs, and no others", func(t *testing.T) {
		database := map[string]any{
			"DB_HOST": "proxy.host", "DB_PORT": "5432", "DB_NAME": "app",
			"DB_SECRET_ARN": "arn:app", "DB_SSLMODE": "verify-full",
		}
		for function, more := range map[*mocks.Resource]map[string]any{
			&serve: {
				"REDIS_ADDR": "cache.host:6379", "REDIS_SECRET_ARN": "arn:cache", "REDIS_TLS": "true",
				"REDIS_CLUSTER": "true", "BUCKET": "files",
				"CACHE_TTL": "60s", "STALE_TTL": "10m", "NEGATIVE_TTL": "5s", "STREAM_MAX_MB": "16",
				"METRICS_NAMESPACE": "didomi/function",
				"CORS_ORIGINS":      "https://a.example.com,https://b.example.com",
			},
			&migrate: {"DB_MASTER_SECRET_ARN": "arn:master", "DB_QUERY_USER": "stack-query"},
			&rotate:  {"DB_MASTER_SECRET_ARN": "arn:master"},
		} {
			want := map[string]any{}
			maps.Copy(want, database)
			maps.Copy(want, more)
			got := function.Inputs["environment"].(map[string]any)["variables"]
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", function.Name, got, want)
			}
		}
		for function, want := range map[*mocks.Resource]map[string]any{
			&cacheUser: {"REDIS_SECRET_ARN": "arn:cache", "REDIS_USER_ID": "cache-app"},
			&authorizer: {
				"JWT_ISSUER": "https://issuer.example", "JWT_AUDIENCE": "https://api.example", "JWT_ALGORITHM": "ES256",
				"JWT_CLOCK_SKEW": "30s", "JWT_SCOPES": `{"GET/books/*":["books:read"]}`,
			},
		} {
			if got := function.Inputs["environment"].(map[string]any)["variables"]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, want %v", function.Name, got, want)
			}
		}
	})
	t.Run("the serving one gets REQUIRE_API_KEY=false when no key is required", func(t *testing.T) {
		args := full()
		args.Settings.Private = false
		open := build(t, args)
		keyless := open.Find(t, "aws:lambda/function:Function", testName+"-function")
		variables := keyless.Inputs["environment"].(map[string]any)["variables"].(map[string]any)
		if variables["REQUIRE_API_KEY"] != "false" {
			t.Errorf("REQUIRE_API_KEY is %v", variables["REQUIRE_API_KEY"])
		}
	})
	t.Run("all publish a version, in the VPC but for those that call addresses outside it", func(t *testing.T) {
		inVPC := map[string]any{
			"subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupIds": []any{"sg-1"},
		}
		for function, handler := range map[*mocks.Resource]string{&serve: "api", &migrate: "migrate", &rotate: "rotate", &cacheUser: "cache-user", &authorizer: "authorizer"} {
			in := function.Inputs
			network, _ := in["vpcConfig"].(map[string]any)
			if outside := function == &cacheUser || function == &authorizer; outside != (network == nil) || !outside && !reflect.DeepEqual(network, inVPC) {
				t.Errorf("%s runs in %v", function.Name, network)
			}
			for key, want := range map[string]any{
				"handler": handler, "runtime": "provided.al2023", "publish": true, "packageType": "Zip",
				"architectures": []any{"arm64"},
				"tracingConfig": map[string]any{"mode": "Active"}, "kmsKeyArn": "arn:operations",
			} {
				if !reflect.DeepEqual(in[key], want) {
					t.Errorf("%s: %s is %v, want %v", function.Name, key, in[key], want)
				}
			}
		}
	})
	t.Run("the one that serves requests runs code of its own, the others run the same", func(t *testing.T) {
		code := full().Code
		for function, path := range map[*mocks.Resource]string{
			&serve: code.APIPath, &migrate: code.OperationsPath, &rotate: code.OperationsPath, &cacheUser: code.OperationsPath, &authorizer: code.OperationsPath,
		} {
			got, _ := function.Inputs["code"].(*archive.Archive).GetPath()
			if got != path {
				t.Errorf("%s runs %s, want %s", function.Name, got, path)
			}
		}
	})
	t.Run("each waits for its permissions and writes to its own log", func(t *testing.T) {
		for _, function := range []mocks.Resource{serve, migrate, rotate, cacheUser, authorizer} {
			suffix := strings.TrimPrefix(function.Name, testName+"-")
			if !function.DependsOn(testName + "-" + suffix + "-rights") {
				t.Errorf("%s does not wait for its permissions", suffix)
			}
			logging := function.Inputs["loggingConfig"].(map[string]any)
			want := map[string]any{
				"logGroup": testName + "-" + suffix + "-log-1a2b3c4", "logFormat": "JSON",
				"applicationLogLevel": "INFO", "systemLogLevel": "INFO",
			}
			if !reflect.DeepEqual(logging, want) {
				t.Errorf("%s logs with %v, want %v", suffix, logging, want)
			}
		}
	})
	t.Run("concurrency is reserved for the serving one alone", func(t *testing.T) {
		if serve.Inputs["reservedConcurrentExecutions"] != 100.0 || migrate.Inputs["reservedConcurrentExecutions"] != -1.0 {
			t.Errorf("%v and %v, want 100 and -1", serve.Inputs["reservedConcurrentExecutions"], migrate.Inputs["reservedConcurrentExecutions"])
		}
		plain := build(t, bare()).Find(t, "aws:lambda/function:Function", testName+"-function")
		if plain.Inputs["reservedConcurrentExecutions"] != -1.0 {
			t.Errorf("%v by default, want -1", plain.Inputs["reservedConcurrentExecutions"])
		}
	})
}

func TestProvisionedConcurrency(t *testing.T) {
	const token = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
	for _, tt := range []struct {
		name    string
		rollout string
		most    int
		ignored []string
	}{
		{"a fixed number on the version", AllAtOnce, 0, nil},
		{"a number that scales between a minimum and a maximum", AllAtOnce, 5, []string{"provisionedConcurrentExecutions"}},
		{"a canary's previous version keeps its own until the rollout ends", Canary, 5, []string{"provisionedConcurrentExecutions"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			args := full()
			args.Settings.Rollout, args.Settings.ProvisionedMax = tt.rollout, tt.most
			r := build(t, args)
			provisioned := r.Find(t, token, testName+"-warm")
			want := map[string]any{
				"functionName": testName + "-function", "qualifier": "7",
				"provisionedConcurrentExecutions": 2.0, "skipDestroy": tt.rollout == Canary,
			}
			if !reflect.DeepEqual(provisioned.Inputs, want) || !slices.Equal(provisioned.Options.IgnoreChanges, tt.ignored) {
				t.Errorf("%v without %v, want %v without %v", provisioned.Inputs, provisioned.Options.IgnoreChanges, want, tt.ignored)
			}
			if !provisioned.DependsOn(testName + "-migrated") {
				t.Errorf("it is created before the database is migrated, after %v", provisioned.Options.DependsOn)
			}
			if alias := r.Find(t, "aws:lambda/alias:Alias", testName+"-live"); !alias.DependsOn(provisioned.Name) {
				t.Errorf("the alias moves before it is ready, after %v", alias.Options.DependsOn)
			}
			if tt.most == 0 {
				if n := len(r.OfType("aws:appautoscaling/target:Target")); n != 0 {
					t.Errorf("%d ranges, want none", n)
				}
				return
			}
			scaled := map[string]any{
				"serviceNamespace": "lambda", "scalableDimension": "lambda:function:ProvisionedConcurrency",
				"resourceId": "function:" + testName + "-function:7",
			}
			target, policy := maps.Clone(scaled), maps.Clone(scaled)
			target["minCapacity"], target["maxCapacity"] = 2.0, 5.0
			policy["policyType"] = "TargetTrackingScaling"
			policy["targetTrackingScalingPolicyConfiguration"] = map[string]any{
				"targetValue":                   0.7,
				"predefinedMetricSpecification": map[string]any{"predefinedMetricType": "LambdaProvisionedConcurrencyUtilization"},
			}
			if got := r.Find(t, "aws:appautoscaling/target:Target", testName+"-warm-range").Inputs; !reflect.DeepEqual(got, target) {
				t.Errorf("%v, want %v", got, target)
			}
			if got := r.Find(t, "aws:appautoscaling/policy:Policy", testName+"-warm-use").Inputs; !reflect.DeepEqual(got, policy) {
				t.Errorf("%v, want %v", got, policy)
			}
		})
	}
}

func TestAnUpdateLeavesTheAliasToTheRolloutInACanaryAlone(t *testing.T) {
	for rollout, want := range map[string][]string{
		AllAtOnce: nil,
		Canary:    {"description", "functionVersion", "routingConfig"},
	} {
		t.Run(rollout, func(t *testing.T) {
			args := full()
			args.Settings.Rollout = rollout
			alias := build(t, args).Find(t, "aws:lambda/alias:Alias", testName+"-live")
			if got := alias.Options.IgnoreChanges; !slices.Equal(got, want) {
				t.Errorf("an update ignores %v of the alias, want %v", got, want)
			}
			if alias.Inputs["functionVersion"] != "7" {
				t.Errorf("it starts with version %v, want 7", alias.Inputs["functionVersion"])
			}
		})
	}
}

func TestMigrationComesFirst(t *testing.T) {
	r := build(t, full())
	migrated := r.Find(t, "aws:lambda/invocation:Invocation", testName+"-migrated")
	alias := r.Find(t, "aws:lambda/alias:Alias", testName+"-live")

	t.Run("it invokes the new version, again for new code or migrations", func(t *testing.T) {
		want := map[string]any{
			"functionName": testName + "-migrate", "qualifier": "7", "lifecycleScope": "CREATE_ONLY",
			"input":    `{"code":"code-hash","migrations":"migrations-hash","queryUser":"stack-query"}`,
			"triggers": map[string]any{"code": "code-hash", "migrations": "migrations-hash", "queryUser": "stack-query"},
		}
		if !reflect.DeepEqual(migrated.Inputs, want) {
			t.Errorf("%v, want %v", migrated.Inputs, want)
		}
	})
	t.Run("two invocations, one after the other, wait for the proxy before it, again for another target", func(t *testing.T) {
		want := map[string]any{
			"functionName": testName + "-migrate", "input": `{"step":"await"}`, "lifecycleScope": "CREATE_ONLY",
			"triggers": map[string]any{"target": "arn:proxy cluster-1"},
		}
		first := r.Find(t, "aws:lambda/invocation:Invocation", testName+"-proxy-wait-1")
		second := r.Find(t, "aws:lambda/invocation:Invocation", testName+"-proxy-wait-2")
		for _, wait := range []mocks.Resource{first, second} {
			if !reflect.DeepEqual(wait.Inputs, want) {
				t.Errorf("%v, want %v", wait.Inputs, want)
			}
		}
		if !second.DependsOn(first.Name) || !migrated.DependsOn(second.Name) {
			t.Errorf("the second wait follows %v, the migration %v", second.Options.DependsOn, migrated.Options.DependsOn)
		}
	})
	t.Run("each may last as long as Lambda allows", func(t *testing.T) {
		if got := r.Find(t, "aws:lambda/function:Function", testName+"-migrate").Inputs["timeout"]; got != 900.0 {
			t.Errorf("%v s, want 900", got)
		}
	})
	t.Run("the alias moves to the new version after it", func(t *testing.T) {
		if alias.Inputs["functionVersion"] != "7" || alias.Inputs["name"] != "live" {
			t.Errorf("%v", alias.Inputs)
		}
		if !alias.DependsOn(migrated.Name) {
			t.Errorf("the alias waits for %v only", alias.Options.DependsOn)
		}
	})
}

func TestPermissions(t *testing.T) {
	r := build(t, full())
	// AWS can narrow none of these to a resource.
	const anywhere = "Trace Interfaces InterfacesByLambdaOnly"
	for _, suffix := range []string{"function", "migrate", "rotate", "cache-user", "authorizer"} {
		p := r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-"+suffix+"-rights")
		for _, s := range mocks.Statements(t, p.Inputs["policy"]) {
			if slices.ContainsFunc(s.Action, func(a string) bool { return strings.Contains(a, "*") }) {
				t.Errorf("%s: %s allows %v", suffix, s.Sid, s.Action)
			}
			if slices.Contains(s.Resource, "*") && !strings.Contains(anywhere, s.Sid) {
				t.Errorf("%s: %s applies to every resource", suffix, s.Sid)
			}
		}
		role := r.Find(t, "aws:iam/role:Role", testName+"-"+suffix+"-role")
		if role.Inputs["permissionsBoundary"] != "arn:boundary" {
			t.Errorf("%s has the boundary %v", suffix, role.Inputs["permissionsBoundary"])
		}
		// A role of a function in the VPC could not be assumed with aws:SourceArn (api/function/role.go).
		arn := ""
		if suffix == "cache-user" || suffix == "authorizer" {
			arn = `"ArnLike":{"aws:SourceArn":["arn:aws:lambda:eu-west-1:123456789012:function:` + testName + `-` + suffix + `-*"]},`
		}
		want := `{"Statement":[{"Action":["sts:AssumeRole"],"Condition":{` + arn + `"StringEquals":{"aws:SourceAccount":"123456789012"}},` +
			`"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}],"Version":"2012-10-17"}`
		if trust := role.Inputs["assumeRolePolicy"]; trust != want {
			t.Errorf("%s trusts %v\nwant %s", suffix, trust, want)
		}
	}
	serve := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-function-rights").Inputs["policy"])
	migrate := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-migrate-rights").Inputs["policy"])
	rotate := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-rotate-rights").Inputs["policy"])
	cacheUser := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-cache-user-rights").Inputs["policy"])
	for _, tt := range []struct {
		name, sid string
		all       []mocks.Statement
		action    string
		resource  []string
	}{
		{"the function reads objects, not only the bucket", "Files", serve, "s3:GetObject", []string{"arn:aws:s3:::files/*"}},
		{"the function lists the bucket, so that a missing object is a 404", "ListFiles", serve, "s3:ListBucket", []string{"arn:aws:s3:::files"}},
		{"the function reads its two secrets", "ReadSecrets", serve, "secretsmanager:GetSecretValue", []string{"arn:app", "arn:cache"}},
		{"the function decrypts with the data's key", "Keys", serve, "kms:Decrypt", []string{"arn:key"}},
		{"the migration reads both database secrets", "ReadSecrets", migrate, "secretsmanager:GetSecretValue", []string{"arn:master", "arn:app"}},
		{"the rotation changes the application's secret alone", "RotateApplicationSecret", rotate, "secretsmanager:UpdateSecretVersionStage", []string{"arn:app"}},
		{"the rotation reads the master user's", "ReadMasterSecret", rotate, "secretsmanager:GetSecretValue", []string{"arn:master"}},
		{"the cache's rotation changes the cache's secret alone", "RotateCacheSecret", cacheUser, "secretsmanager:PutSecretValue", []string{"arn:cache"}},
		{"the cache's rotation changes its one user", "CacheUser", cacheUser, "elasticache:ModifyUser", []string{"arn:user"}},
		{"the migration sets the application's secret", "SetApplicationSecret", migrate, "secretsmanager:PutSecretValue", []string{"arn:app"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := mocks.FindStatement(t, tt.all, tt.sid)
			if !slices.Contains(s.Action, tt.action) || !reflect.DeepEqual(s.Resource, tt.resource) {
				t.Errorf("%v on %v, want %s on %v", s.Action, s.Resource, tt.action, tt.resource)
			}
		})
	}
	t.Run("the migration has no access to files or the cache", func(t *testing.T) {
		for _, s := range migrate {
			for _, a := range s.Action {
				if strings.HasPrefix(a, "s3:") || slices.Contains(s.Resource, "arn:cache") {
					t.Errorf("%s: %s on %v", s.Sid, a, s.Resource)
				}
			}
		}
	})
	t.Run("the one function outside the VPC has no network interfaces, and nothing but its secret, its user and its log", func(t *testing.T) {
		var sids []string
		for _, s := range cacheUser {
			sids = append(sids, s.Sid)
		}
		if want := []string{"Log", "Trace", "RotateCacheSecret", "CacheUser", "Keys"}; !slices.Equal(sids, want) {
			t.Errorf("it is granted %v, want %v", sids, want)
		}
	})
	t.Run("keys are used through a service only", func(t *testing.T) {
		want := map[string]map[string]any{"StringEquals": {"kms:ViaService": []any{
			"secretsmanager.eu-west-1.amazonaws.com", "s3.eu-west-1.amazonaws.com",
		}}}
		if got := mocks.FindStatement(t, serve, "Keys").Condition; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
	t.Run("a function's own code cannot create network interfaces", func(t *testing.T) {
		if s := mocks.FindStatement(t, serve, "InterfacesByLambdaOnly"); s.Effect != "Deny" || s.Condition["ArnLike"] == nil {
			t.Errorf("%v", s)
		}
	})
}

func TestWithoutAProxyNothingWaitsForOne(t *testing.T) {
	args := full()
	args.Database.Proxied = false
	for _, invocation := range build(t, args).OfType("aws:lambda/invocation:Invocation") {
		if strings.Contains(invocation.Name, "proxy") {
			t.Errorf("%s waits for a proxy", invocation.Name)
		}
	}
}

// restoredArgs are those of a stack whose database was restored.
func restoredArgs(proxied bool) Args {
	args := full()
	args.Database.Generation, args.Database.Proxied = 2, proxied
	return args
}

func TestTheCacheIsPurgedOnceForARestoredDatabaseBehindTheProxy(t *testing.T) {
	r := build(t, restoredArgs(true))
	purged := r.Find(t, "aws:lambda/invocation:Invocation", testName+"-cache-purged")
	want := map[string]any{
		"functionName": testName + "-migrate", "input": `{"step":"purge"}`, "lifecycleScope": "CREATE_ONLY",
		"triggers": map[string]any{"target": "arn:proxy cluster-1"},
	}
	if !reflect.DeepEqual(purged.Inputs, want) {
		t.Errorf("%v, want %v: a qualifier would repeat it for every version", purged.Inputs, want)
	}
	for _, before := range []string{"-migrated", "-cache-user-set"} {
		if !purged.DependsOn(testName + before) {
			t.Errorf("it does not follow %s", before)
		}
	}
	if alias := r.Find(t, "aws:lambda/alias:Alias", testName+"-live"); !alias.DependsOn(purged.Name) {
		t.Errorf("the alias moves before it, after %v", alias.Options.DependsOn)
	}
	variables := r.Find(t, "aws:lambda/function:Function", testName+"-migrate").Inputs["environment"].(map[string]any)["variables"].(map[string]any)
	if variables["REDIS_ADDR"] != "cache.host:6379" || variables["REDIS_SECRET_ARN"] != "arn:cache" || variables["REDIS_TLS"] != "true" || variables["REDIS_CLUSTER"] != "true" {
		t.Errorf("the migrating function has no address of the cache: %v", variables)
	}
	for _, s := range mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-migrate-rights").Inputs["policy"]) {
		if s.Sid == "ReadSecrets" && !slices.Equal(s.Resource, []string{"arn:master", "arn:app", "arn:cache"}) {
			t.Errorf("it reads the secrets %v", s.Resource)
		}
	}
}

func TestARestoreBehindTheProxyLeavesTheServingFunctionAsItIs(t *testing.T) {
	before := build(t, full()).Find(t, "aws:lambda/function:Function", testName+"-function")
	after := build(t, restoredArgs(true)).Find(t, "aws:lambda/function:Function", testName+"-function")
	if !reflect.DeepEqual(before.Inputs["environment"], after.Inputs["environment"]) {
		t.Errorf("its environment becomes %v, which would be another version with keys of its own", after.Inputs["environment"])
	}
}

func TestWithoutAProxyARestoredDatabaseHasItsOwnEntriesInTheCache(t *testing.T) {
	r := build(t, restoredArgs(false))
	variables := r.Find(t, "aws:lambda/function:Function", testName+"-function").Inputs["environment"].(map[string]any)["variables"].(map[string]any)
	if variables["CACHE_GENERATION"] != "g2" {
		t.Errorf("CACHE_GENERATION is %v, want g2", variables["CACHE_GENERATION"])
	}
	for _, invocation := range r.OfType("aws:lambda/invocation:Invocation") {
		if strings.HasSuffix(invocation.Name, "-cache-purged") {
			t.Error("the cache is purged too: the former version would fill it again")
		}
	}
}

func TestAFirstDatabaseNeedsNoPurge(t *testing.T) {
	for _, proxied := range []bool{true, false} {
		args := restoredArgs(proxied)
		args.Database.Generation = 1
		r := build(t, args)
		for _, invocation := range r.OfType("aws:lambda/invocation:Invocation") {
			if strings.HasSuffix(invocation.Name, "-cache-purged") {
				t.Errorf("proxied %v: %s", proxied, invocation.Name)
			}
		}
		variables := r.Find(t, "aws:lambda/function:Function", testName+"-function").Inputs["environment"].(map[string]any)["variables"].(map[string]any)
		if value, set := variables["CACHE_GENERATION"]; set {
			t.Errorf("proxied %v: CACHE_GENERATION is %v", proxied, value)
		}
	}
}
