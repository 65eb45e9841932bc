package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/keys"
	"github.com/didomi/serverless-api/network"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

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
	ctx.Export("url", front.URL)
	ctx.Export("invokeUrl", front.InvokeURL)
	ctx.Export("apiKey", pulumi.ToSecret(front.APIKey))
	ctx.Export("apiKeys", pulumi.ToSecret(front.APIKeys))
	ctx.Export("restApiId", front.RestAPIID)
	ctx.Export("stage", front.StageName)
	ctx.Export("functionName", front.FunctionName)
	ctx.Export("functionNames", front.FunctionNames)
	ctx.Export("functionVersion", front.FunctionVersion)
	ctx.Export("rolloutAlarms", front.RolloutAlarms)
	ctx.Export("dashboard", front.DashboardName)
	ctx.Export("alarmTopic", front.AlarmTopicARN)
	ctx.Export("warningTopic", front.WarningTopicARN)
	ctx.Export("vpcId", net.VpcID)
	ctx.Export("bucket", store.BucketName)
	ctx.Export("databaseHost", store.DatabaseHost)
	ctx.Export("cacheAddress", store.CacheAddress)
	ctx.Export("hostName", pulumi.String(names.HostName))
	ctx.Export("nameServers", names.NameServers)
	ctx.Export("ciUser", ci.UserName)
	ctx.Export("ciKeySecret", ci.KeySecretARN)
	ctx.Export("ciPreviewRole", ci.PreviewRoleARN)
	ctx.Export("ciDeployRole", ci.DeployRoleARN)
}
