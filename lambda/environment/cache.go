package environment

import "github.com/didomi/serverless-api/lambda/contract"

// Redis is the address of the cache, with the secret of its user.
type Redis struct {
	Address string
	Secret  string // ARN; empty: no login
	TLS     bool
	Cluster bool
}

// Redis reads the REDIS_* variables.
func (r *Reader) Redis() Redis {
	return Redis{
		Address: r.Address(contract.RedisAddress),
		Secret:  r.Lookup(contract.RedisSecret),
		TLS:     r.OneOf(contract.RedisTLS, "true", "false") == "true",
		Cluster: r.OneOf(contract.RedisCluster, "true", "false") == "true",
	}
}
