package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/keys"
	"github.com/didomi/serverless-api/network"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// componentPermissions are what each component needs of the pipeline's roles: functions of names and tags, as
// the roles are created before the components.
func componentPermissions(s settings) []func(policy.Scope) policy.Permissions {
	return []func(policy.Scope) policy.Permissions{
		api.Permissions, data.Permissions, dns.Permissions(s.DNS), keys.Permissions, network.Permissions,
	}
}

// networkArgs keeps the network's role within the boundary, and what protected data lives in protected.
func networkArgs(s settings, zones []string, ci *iam.IAM, locks *keys.Keys) network.Args {
	return network.Args{
		Config: s.Network, Zones: zones, Proxy: s.Data.Proxy.Enabled, Protect: s.Data.Protect,
		LogsKeyARN: locks.OperationsKeyARN, PermissionsBoundary: ci.WorkloadBoundaryARN,
	}
}

// dataArgs puts the data room into the isolated subnets, behind its groups. Pages that may call the API
// may also do at the bucket what it tells them to.
func dataArgs(s settings, ci *iam.IAM, locks *keys.Keys, net *network.Network) data.Args {
	return data.Args{
		Config:                 s.Data,
		DataKeyARN:             locks.DataKeyARN,
		OperationsKeyARN:       locks.OperationsKeyARN,
		IsolatedSubnetIDs:      net.IsolatedSubnetIDs,
		ProxySecurityGroupID:   net.ProxySecurityGroupID,
		ClusterSecurityGroupID: net.ClusterSecurityGroupID,
		CacheSecurityGroupID:   net.CacheSecurityGroupID,
		Origins:                s.API.CORSOrigins,
		PermissionsBoundary:    ci.WorkloadBoundaryARN,
	}
}

// apiArgs puts the function into the private subnets and tells it where everything is. The
// migration waits for the whole of both rooms: it needs endpoints, rules and the proxy's target.
func apiArgs(s settings, stage string, logRole pulumi.StringOutput, code api.Code, ci *iam.IAM, locks *keys.Keys, net *network.Network, store *data.Data, names *dns.DNS) api.Args {
	return api.Args{
		Config:          s.API,
		Stage:           stage,
		Code:            code,
		SubnetIDs:       net.PrivateSubnetIDs,
		SecurityGroupID: net.LambdaSecurityGroupID,

		PermissionsBoundary: ci.WorkloadBoundaryARN,
		LogRoleARN:          logRole,
		Database: api.Database{
			Host:              store.DatabaseHost,
			Proxied:           s.Data.Proxy.Enabled,
			Name:              store.DatabaseName,
			AppSecretARN:      store.AppSecretARN,
			MasterSecretARN:   store.MasterSecretARN,
			ProxyTarget:       store.ProxyTarget,
			ProxyName:         store.ProxyName,
			ClusterIdentifier: store.ClusterIdentifier,
			Readers:           s.Data.Database.Readers,
			Pauses:            s.Data.Database.MinCapacity == 0,
		},
		Cache: api.Cache{
			Address:   store.CacheAddress,
			SecretARN: store.CacheSecretARN,
			UserID:    store.CacheUserID,
			UserARN:   store.CacheUserARN,
			Members:   store.CacheMembers,
			Nodes:     s.Data.Cache.Shards * (1 + s.Data.Cache.Replicas),
		},
		Bucket: api.Bucket{Name: store.BucketName, ARN: store.BucketARN},

		RotationDays: s.Data.RotationDays,

		KeyARNs: []pulumi.StringInput{locks.DataKeyARN, locks.OperationsKeyARN},

		OperationsKeyARN: locks.OperationsKeyARN,
		Domain: api.Domain{
			Delegated:      names.Delegated,
			HostName:       names.HostName,
			ZoneID:         names.ZoneID,
			CertificateARN: names.CertificateARN,
		},
		After: []pulumi.Resource{net, store},
	}
}

// export says what people and pipelines need to know of a stack.
func export(ctx *pulumi.Context, ci *iam.IAM, names *dns.DNS, net *network.Network, store *data.Data, front *api.API) {
	ctx.Export("url", front.URL)                          // address of the API: the custom domain, or API Gateway's while the host name is not delegated
	ctx.Export("invokeUrl", front.InvokeURL)              // API Gateway's own address of the stage
	ctx.Export("apiKey", pulumi.ToSecret(front.APIKey))   // value of the first key of the first plan; empty where requireApiKey is false
	ctx.Export("apiKeys", pulumi.ToSecret(front.APIKeys)) // values of all API keys, by name
	ctx.Export("restApiId", front.RestAPIID)              // id of the REST API
	ctx.Export("stage", front.StageName)                  // name of its stage
	ctx.Export("functionName", front.FunctionName)        // name of the function api
	ctx.Export("functionNames", front.FunctionNames)      // names of all functions, as a list
	ctx.Export("functionVersion", front.FunctionVersion)  // newest published version of the function api
	ctx.Export("rolloutAlarms", front.RolloutAlarms)      // names of the alarms that end a rollout, as a list
	ctx.Export("dashboard", front.DashboardName)          // name of the CloudWatch dashboard
	ctx.Export("alarmTopic", front.AlarmTopicARN)         // ARN of the SNS topic of the alarm that pages
	ctx.Export("warningTopic", front.WarningTopicARN)     // ARN of the SNS topic of early warnings
	ctx.Export("vpcId", net.VpcID)                        // id of the VPC
	ctx.Export("bucket", store.BucketName)                // name of the bucket of files
	ctx.Export("databaseHost", store.DatabaseHost)        // host that the functions connect to: the proxy, or the cluster without one
	ctx.Export("cacheAddress", store.CacheAddress)        // configuration endpoint of the cache, host:port
	ctx.Export("hostName", pulumi.String(names.HostName)) // {stack}.{domain}
	ctx.Export("nameServers", names.NameServers)          // name servers of the stack's zone, for the parent zone
	ctx.Export("ciUser", ci.UserName)                     // name of the CI user
	ctx.Export("ciKeySecret", ci.KeySecretARN)            // ARN of the secret for the CI user's key, empty unless oidc is off
	ctx.Export("ciPreviewRole", ci.PreviewRoleARN)        // ARN of the role of preview jobs
	ctx.Export("ciDeployRole", ci.DeployRoleARN)          // ARN of the role of deployment jobs
}
