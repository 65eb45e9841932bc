package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/lambda/cache/access"
)

const (
	// disabledAccess is the access string of a user that cannot log in.
	disabledAccess = "off -@all"
	// usersEngine is the engine of users and groups that both Redis and Valkey accept, so that a move
	// from one to the other does not change them.
	// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
	usersEngine = "redis"
)

// cacheUsers registers the users that may log in to the cache: the function's, for the commands and keys that
// it uses. A group must have a user "default": it is disabled. It returns the function's user and the group.
func (d *Data) cacheUsers(ctx *pulumi.Context, name string, secret *secretsmanager.Secret) (*elasticache.User, *elasticache.UserGroup, error) {
	app, err := d.cacheLogin(ctx, name+"-cache-app", access.User, access.String(), secret)
	if err != nil {
		return nil, nil, err
	}
	off, err := d.cacheLogin(ctx, name+"-cache-default", "default", disabledAccess, secret)
	if err != nil {
		return nil, nil, err
	}
	group, err := elasticache.NewUserGroup(ctx, name+"-cache", &elasticache.UserGroupArgs{
		UserGroupId: pulumi.String(name + "-cache"),
		Engine:      pulumi.String(usersEngine),
		UserIds:     pulumi.StringArray{app.UserId, off.UserId},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("register the cache's user group: %w", err)
	}
	return app, group, nil
}

// cacheLogin registers a user. ElastiCache requires a password, so the user gets a placeholder that is stored
// nowhere. The provider sends passwords again only when they change in the program, and here they do not, so
// an update of the user keeps the passwords that were set since.
func (d *Data) cacheLogin(ctx *pulumi.Context, id, name, may string, secret *secretsmanager.Secret) (*elasticache.User, error) {
	password := d.placeholderPassword(ctx, secret)
	user, err := elasticache.NewUser(ctx, id, &elasticache.UserArgs{
		UserId:       pulumi.String(id),
		UserName:     pulumi.String(name),
		Engine:       pulumi.String(usersEngine),
		AccessString: pulumi.String(may),
		Passwords:    pulumi.ToSecret(pulumi.StringArray{password}).(pulumi.StringArrayOutput),
	}, pulumi.Parent(d), pulumi.IgnoreChanges([]string{"passwords"}))
	if err != nil {
		return nil, fmt.Errorf("register the cache's user %s: %w", name, err)
	}
	return user, nil
}
