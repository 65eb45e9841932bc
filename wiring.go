package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/keys"
	"github.com/didomi/serverless-api/network"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// componentPermissions are what each component needs of the pipeline's roles: functions of names and tags, as
// the roles are created before the components.
func componentPermissions(cfg settings) []func(policy.Scope) policy.Permissions {
	return []func(policy.Scope) policy.Permissions{
		api.Permissions(cfg.API), data.Permissions(cfg.Data), dns.Permissions(cfg.DNS), keys.Permissions(cfg.Data.Copies.Region), network.Permissions,
	}
}

// copiesProvider registers the provider of the region that gets copies of the data; without copies it is nil.
func copiesProvider(ctx *pulumi.Context, cfg settings) (*aws.Provider, error) {
	if cfg.Data.Copies.Region == "" {
		return nil, nil
	}
	return account.NewProvider(ctx, "aws-copies", cfg.account.In(cfg.Data.Copies.Region), cfg.Tags, stacktag.Value(ctx.Project(), ctx.Stack()))
}

// keysArgs retains the keys where snapshots outlive the stack.
func keysArgs(cfg settings, copies *aws.Provider) keys.Args {
	return keys.Args{AllowDeletion: cfg.Data.AllowDeletion, Retain: cfg.Data.Database.FinalSnapshot, Copies: copies}
}

// networkArgs limits the network's role by the permissions boundary, and protects the network of protected data.
func networkArgs(cfg settings, zoneNames []string, ci *iam.IAM, kmsKeys *keys.Keys) network.Args {
	return network.Args{
		Config: cfg.Network, Zones: zoneNames, Proxy: cfg.Data.Proxy.Enabled, Queries: cfg.queries(), Protect: cfg.Data.Protect,
		LogsKeyARN: kmsKeys.OperationsKeyARN, PermissionsBoundary: ci.WorkloadBoundaryARN,
	}
}

// dataArgs places the data component in the isolated subnets, behind its security groups. Pages that may call the API
// may also use its presigned URLs of the bucket.
func dataArgs(cfg settings, ci *iam.IAM, kmsKeys *keys.Keys, vpc *network.Network, copies *aws.Provider) data.Args {
	return data.Args{
		Config:                 cfg.Data,
		DataKeyARN:             kmsKeys.DataKeyARN,
		OperationsKeyARN:       kmsKeys.OperationsKeyARN,
		IsolatedSubnetIDs:      vpc.IsolatedSubnetIDs,
		ProxySecurityGroupID:   vpc.ProxySecurityGroupID,
		ClusterSecurityGroupID: vpc.ClusterSecurityGroupID,
		CacheSecurityGroupID:   vpc.CacheSecurityGroupID,
		Origins:                cfg.API.CORSOrigins,
		Copies:                 data.CopiesArgs{Provider: copies, KeyARN: kmsKeys.CopiesKeyARN},
		PermissionsBoundary:    ci.WorkloadBoundaryARN,
	}
}

// apiArgs places the function in the private subnets and passes the addresses of its dependencies. The function migrate
// depends on all of vpc and storage, because it needs endpoints, security group rules and the proxy's target. The stage
// has the stack's name.
func apiArgs(cfg settings, project, stage string, logRole pulumi.StringOutput, code function.Code, ci *iam.IAM, kmsKeys *keys.Keys, vpc *network.Network, storage *data.Data, zone *dns.DNS) api.Args {
	return api.Args{
		Config:          cfg.API,
		Stage:           stage,
		Code:            code,
		SubnetIDs:       vpc.PrivateSubnetIDs,
		SecurityGroupID: vpc.LambdaSecurityGroupID,

		PermissionsBoundary: ci.WorkloadBoundaryARN,
		LogRoleARN:          logRole,
		Database: api.Database{
			Host:              storage.DatabaseHost,
			Proxied:           cfg.Data.Proxy.Enabled,
			Name:              storage.DatabaseName,
			AppSecretARN:      storage.AppSecretARN,
			MasterSecretARN:   storage.MasterSecretARN,
			ProxyTarget:       storage.ProxyTarget,
			ProxyName:         storage.ProxyName,
			ClusterIdentifier: storage.ClusterIdentifier,
			Generation:        cfg.Data.Database.Generation,
			Readers:           cfg.Data.Database.Readers,
			Pauses:            cfg.Data.Database.MinCapacity == 0,
		},
		Cache: api.Cache{
			Address:   storage.CacheAddress,
			SecretARN: storage.CacheSecretARN,
			UserID:    storage.CacheUserID,
			UserARN:   storage.CacheUserARN,
			Members:   storage.CacheMembers,
			Nodes:     cfg.Data.Cache.Shards * (1 + cfg.Data.Cache.Replicas),
		},
		Bucket: api.Bucket{Name: storage.BucketName, ARN: storage.BucketARN},
		Copies: copiesArgs(cfg, storage),
		Query:  queryArgs(cfg, project, stage, vpc, storage),

		RotationDays: cfg.Data.RotationDays,

		KeyARNs: []pulumi.StringInput{kmsKeys.DataKeyARN, kmsKeys.OperationsKeyARN},

		OperationsKeyARN: kmsKeys.OperationsKeyARN,
		Domain: api.Domain{
			Delegated:      zone.Delegated,
			HostName:       zone.HostName,
			ZoneID:         zone.ZoneID,
			CertificateARN: zone.CertificateARN,
		},
		After: []pulumi.Resource{vpc, storage},
	}
}

// copiesArgs are the copies in another region; nil: the stack has none.
func copiesArgs(cfg settings, storage *data.Data) *api.Copies {
	if cfg.Data.Copies.Region == "" {
		return nil
	}
	return &api.Copies{Bucket: storage.CopiesBucketName, RuleID: pulumi.String(data.ReplicationRule), Vault: storage.CopiesVaultName}
}

// queries is whether operators may query the database.
func (s settings) queries() bool { return len(s.IAM.Operators) > 0 }

// queryArgs sends operators' queries to a reader; nil: there are no operators.
func queryArgs(cfg settings, project, stack string, vpc *network.Network, storage *data.Data) *function.Query {
	if !cfg.queries() {
		return nil
	}
	return &function.Query{Host: storage.ReaderHost, User: iam.QueryUser(project, stack), SecurityGroupID: vpc.QuerySecurityGroupID}
}

// export exports the outputs of the stack.
func export(ctx *pulumi.Context, ci *iam.IAM, zone *dns.DNS, vpc *network.Network, storage *data.Data, apiComponent *api.API) {
	ctx.Export("url", apiComponent.URL)                          // address of the API: the custom domain, or API Gateway's while the host name is not delegated
	ctx.Export("invokeUrl", apiComponent.InvokeURL)              // API Gateway's own address of the stage
	ctx.Export("apiKey", pulumi.ToSecret(apiComponent.APIKey))   // value of the first key of the first plan; empty where requireApiKey is false
	ctx.Export("apiKeys", pulumi.ToSecret(apiComponent.APIKeys)) // values of all API keys, by name
	ctx.Export("auth", apiComponent.Auth)                        // how callers prove who they are: none, jwt or iam
	ctx.Export("operationArns", apiComponent.OperationARNs)      // ARNs of the operations by route, for the policy of a caller that signs requests
	ctx.Export("restApiId", apiComponent.RestAPIID)              // id of the REST API
	ctx.Export("stage", apiComponent.StageName)                  // name of its stage
	ctx.Export("functionName", apiComponent.FunctionName)        // name of the function api
	ctx.Export("functionNames", apiComponent.FunctionNames)      // names of all functions, as a list
	ctx.Export("functionVersion", apiComponent.FunctionVersion)  // newest published version of the function api
	ctx.Export("rolloutAlarms", apiComponent.RolloutAlarms)      // names of the alarms that end a rollout, as a list
	ctx.Export("dashboard", apiComponent.DashboardName)          // name of the CloudWatch dashboard
	ctx.Export("alarmTopic", apiComponent.AlarmTopicARN)         // ARN of the SNS topic of the alarm that pages
	ctx.Export("warningTopic", apiComponent.WarningTopicARN)     // ARN of the SNS topic of early warnings
	ctx.Export("vpcId", vpc.VpcID)                               // id of the VPC
	ctx.Export("bucket", storage.BucketName)                     // name of the bucket of files
	ctx.Export("databaseHost", storage.DatabaseHost)             // host that the functions connect to: the proxy, or the cluster without one
	ctx.Export("cacheAddress", storage.CacheAddress)             // configuration endpoint of the cache, host:port
	ctx.Export("hostName", pulumi.String(zone.HostName))         // {stack}.{domain}
	ctx.Export("nameServers", zone.NameServers)                  // name servers of the stack's zone, for the parent zone
	ctx.Export("ciUser", ci.UserName)                            // name of the CI user
	ctx.Export("ciKeySecret", ci.KeySecretARN)                   // ARN of the secret for the CI user's key, empty unless oidc is off
	ctx.Export("ciPreviewRole", ci.PreviewRoleARN)               // ARN of the role of preview jobs
	ctx.Export("ciDeployRole", ci.DeployRoleARN)                 // ARN of the role of deployment jobs
	ctx.Export("ciDrillRole", ci.DrillRoleARN)                   // ARN of the role of the jobs that restore the database to compare it
}
