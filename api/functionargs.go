package api

import "github.com/didomi/serverless-api/api/function"

// functionArgs are what api/function creates the functions with.
func (b builder) functionArgs() function.Args {
	a, c := b.args, b.args.Config
	return function.Args{
		Builder: b.Builder, Code: a.Code, Architecture: c.Architecture,
		Settings: function.Settings{
			MemoryMB: c.MemoryMB, TimeoutSeconds: c.TimeoutSeconds,
			ReservedConcurrency:    c.ReservedConcurrency,
			ProvisionedConcurrency: c.ProvisionedConcurrency, ProvisionedMax: c.ProvisionedMax, ProvisionedUtilization: c.ProvisionedUtilization,
			Rollout:  c.Rollout,
			CacheTTL: c.CacheTTL, StaleTTL: c.StaleTTL, NegativeTTL: c.NegativeTTL,
			StreamMaxMB: c.StreamMaxMB, CORSOrigins: joinOrigins(c.CORSOrigins), Private: c.private(),
			Authorizer: c.authorizer(),
		},
		SubnetIDs: a.SubnetIDs, SecurityGroupID: a.SecurityGroupID, PermissionsBoundary: a.PermissionsBoundary,
		Database: function.Database{
			Host: a.Database.Host, Name: a.Database.Name, AppSecretARN: a.Database.AppSecretARN, MasterSecretARN: a.Database.MasterSecretARN,
			Proxied: a.Database.Proxied, ProxyTarget: a.Database.ProxyTarget, Generation: a.Database.Generation,
		},
		Cache:        function.Cache{Address: a.Cache.Address, SecretARN: a.Cache.SecretARN, UserID: a.Cache.UserID, UserARN: a.Cache.UserARN},
		Bucket:       function.Bucket{Name: a.Bucket.Name, ARN: a.Bucket.ARN},
		Query:        a.Query,
		RotationDays: a.RotationDays, KeyARNs: a.KeyARNs, After: a.After,
	}
}
