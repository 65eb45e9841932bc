package e2e

import (
	"strings"
	"testing"
)

// previewDenials are for the role of merge requests.
func (c *principals) previewDenials(t *testing.T) []denial {
	t.Helper()
	const lock = ".pulumi/locks/organization/didomi/dev/e2e.json"
	function := c.names["functionName"].(string)
	return []denial{
		{name: "the preview role cannot create resources", who: c.preview, try: makeBucket, undo: dropBucket},
		{name: "the preview role cannot change resources", who: c.preview, try: reserveConcurrency(function), undo: restoreReservation(t, c.out, function)},
		{name: "the preview role cannot read secrets", who: c.preview, try: readSecret(c.env["DB_SECRET_ARN"])},
		{name: "the preview role cannot write the state", who: c.preview, try: writeObject(c.state, lock), undo: dropObject(c.state, lock)},
	}
}

// deployDenials are for the deploy role: calls in its own stack, and calls on another stack's resources that are
// identified by names.
func (c *principals) deployDenials(t *testing.T) []denial {
	t.Helper()
	who, function := c.deploy, c.foreign["functionName"].(string)
	part, migration := c.function.name, migrateFunction(t, c.out)
	boundary := boundaryOf(t, c.out, part)
	return []denial{
		{name: "the deploy role cannot create a role without the boundary", who: who, try: makeRole("didomi-dev-api-e2e"), undo: dropRole("didomi-dev-api-e2e")},
		{name: "the deploy role cannot create a role outside its stack", who: who, try: makeRole("e2e-outside"), undo: dropRole("e2e-outside")},
		{name: "the deploy role cannot remove its own boundary", who: who, try: removeBoundary(who.name)},
		{name: "the deploy role cannot extend its own permissions", who: who, try: widen(who.name), undo: unwiden(who.name)},
		{name: "the deploy role cannot change the boundary of a workload role", who: who, try: setBoundary(part, administrator), undo: setBoundary(part, boundary)},
		{name: "the deploy role cannot extend a boundary", who: who, try: newVersion(boundary), undo: oldVersion(boundary)},
		{name: "the deploy role cannot pass another stack's role to a function", who: who, try: setFunctionRole(migration, functionRole(t, c.other, function)), undo: setFunctionRole(migration, functionRole(t, c.out, migration))},
		{name: "the deploy role cannot read passwords of its own stack", who: who, try: readSecret(c.env["REDIS_SECRET_ARN"])},
		{name: "the deploy role cannot read another stack's secrets", who: who, try: readSecret(c.foreignEnv["DB_SECRET_ARN"])},
		{name: "the deploy role cannot read the master password", who: who, try: readSecret(masterSecret(t, c.out))},
		{name: "the deploy role cannot read another stack's files", who: who, try: readObject(c.other.Bucket, "e2e/denial")},
		{name: "the deploy role cannot read another stack's state", who: who, try: readObject(c.state, ".pulumi/stacks/didomi/"+c.other.Stack+".json")},
		{name: "the deploy role cannot change another stack's function", who: who, try: reserveConcurrency(function), undo: restoreReservation(t, c.other, function)},
		// The alias keeps its version.
		{name: "the deploy role cannot update the code of another stack's function", who: who, try: putCode(function)},
	}
}

// takeoverDenials are for the deploy role: calls on another stack's resources that have IDs and are identified by their
// tag.
func (c *principals) takeoverDenials(t *testing.T) []denial {
	t.Helper()
	who, mine, theirs := c.deploy, c.out.Stack, c.other.Stack
	vpc, key := c.foreign["vpcId"].(string), keyOf(t, c.other, c.foreignEnv["DB_SECRET_ARN"])
	api, proxy := c.foreign["restApiId"].(string), proxyName(t, c.other)
	group, plan := groupOf(t, c.other, vpc), apiKeyOf(t, c.other)
	subnet, address := newSubnet(t, c.other, vpc, mine), "denial."+c.foreign["hostName"].(string)
	zone := hostZone(t, c.other)
	grant, migration := newGrant(key, c.names["ciDeployRole"].(string)), migrateFunction(t, c.out)
	return []denial{
		{name: "the deploy role cannot take over another stack's VPC", who: who, try: tagNetwork(vpc, mine), undo: tagNetwork(vpc, theirs)},
		{name: "the deploy role cannot create a subnet in another stack's VPC", who: who, try: subnet.create, undo: subnet.remove},
		{name: "the deploy role cannot add a rule to another stack's security group", who: who, try: openGroup(group, mine), undo: closeGroup(group)},
		{name: "the deploy role cannot take over another stack's key", who: who, try: tagKey(key, mine), undo: tagKey(key, theirs)},
		{name: "the deploy role cannot use another stack's key", who: who, try: decrypt(t, c.other, key)},
		{name: "the deploy role cannot encrypt an environment with another stack's key", who: who, try: encryptWith(migration, key), undo: encryptWith(migration, keyOf(t, c.out, c.env["DB_SECRET_ARN"]))},
		{name: "the deploy role cannot grant the use of another stack's key", who: who, try: grant.create, undo: grant.remove},
		{name: "the deploy role cannot change another stack's API", who: who, try: describeAPI(api, "e2e"), undo: describeAPI(api, "Items and files")},
		{name: "the deploy role cannot take over another stack's API", who: who, try: tagAPI(c.out.Region, api, mine), undo: tagAPI(c.out.Region, api, theirs)},
		{name: "the deploy role cannot read another stack's API keys", who: who, try: readAPIKey(plan)},
		{name: "the deploy role cannot change another stack's proxy", who: who, try: idleAfter(proxy, 1200), undo: idleAfter(proxy, 1800)},
		{name: "the deploy role cannot change another stack's records", who: who, try: putRecordIn(zone, "A", address), undo: dropRecordIn(zone, "A", address)},
	}
}

// logRoleDenials are for the deploy role: the account's role for API Gateway's logs can read every log.
func (c *principals) logRoleDenials(t *testing.T) []denial {
	t.Helper()
	who, role := c.deploy, accountLogRole(t, c.out)
	old, integrate := newLogRole(t, c.out), newIntegration(t, c.out, c.names["restApiId"].(string), role)
	trust := trustOf(t, c.out, last(role))
	return []denial{
		{name: "the deploy role cannot change the trust policy of the account's log role", who: who, try: setTrust(last(role), trust)},
		{name: "the deploy role cannot change the trust policy of a former log role of its stack", who: who, try: setTrust(old, trust)},
		{name: "the deploy role cannot pass the account's log role to an integration", who: who, try: integrate},
		{name: "the deploy role cannot set API Gateway's log role", who: who, try: setLogRole(role)},
		{name: "the deploy role cannot attach an AWS managed policy to a workload role", who: who, try: attach(c.function.name, accountLogs), undo: detach(c.function.name, accountLogs)},
		{name: "the deploy role's boundary denies a change of the account's log role's trust policy", who: who, widened: true, try: setTrust(last(role), trust)},
		{name: "the deploy role's boundary denies a change of a former log role's trust policy", who: who, widened: true, try: setTrust(old, trust)},
		{name: "the deploy role's boundary denies passing the account's log role to an integration", who: who, widened: true, try: integrate},
		{name: "the deploy role's boundary denies setting API Gateway's log role", who: who, widened: true, try: setLogRole(role)},
	}
}

// zoneDenials are for the deploy role: Route 53 has no conditions on a zone's tags.
func (c *principals) zoneDenials(t *testing.T) []denial {
	t.Helper()
	who, theirs, host := c.deploy, c.foreign["vpcId"].(string), c.names["hostName"].(string)
	_, domain, _ := strings.Cut(host, ".")
	private, empty, parent := newPrivateZone(t, c.out, c.names["vpcId"].(string)), newZone(t, c.out, "empty."+domain), newZone(t, c.out, domain)
	shadow := newShadowZone(c.out, theirs)
	own := hostZone(t, c.out)
	return []denial{
		{name: "the deploy role cannot create a zone in another stack's VPC", who: who, try: shadow.create, undo: shadow.remove},
		{name: "the deploy role cannot associate a zone with another stack's VPC", who: who, try: associateZone(private, theirs), undo: dissociateZone(private, theirs)},
		{name: "the deploy role cannot delete another owner's empty zone", who: who, try: dropZone(empty)},
		{name: "the deploy role cannot delegate another name in a shared zone", who: who, try: putRecordIn(parent, "NS", c.other.Stack+"."+domain), undo: dropRecordIn(parent, "NS", c.other.Stack+"."+domain)},
		{name: "the deploy role cannot create a wildcard record in a shared zone", who: who, try: putRecordIn(parent, "A", "*."+domain), undo: dropRecordIn(parent, "A", "*."+domain)},
		{name: "the deploy role cannot delegate names in its own zone", who: who, try: putRecordIn(own, "NS", "e2e."+host), undo: dropRecordIn(own, "NS", "e2e."+host)},
	}
}

// userDenials are for the CI user without a role.
func (c *principals) userDenials(t *testing.T) []denial {
	t.Helper()
	deploy := c.foreign["ciDeployRole"].(string)
	return []denial{
		{name: "the CI user cannot read the state", who: c.user, try: readObject(c.state, ".pulumi/stacks/didomi/"+c.out.Stack+".json")},
		{name: "the CI user cannot create resources", who: c.user, try: makeBucket, undo: dropBucket},
		{name: "the CI user cannot create roles", who: c.user, try: makeRole("e2e-outside"), undo: dropRole("e2e-outside")},
		{name: "the CI user cannot assume another stack's role", who: c.user, try: assumeRole(deploy), trusting: last(deploy)},
	}
}

// workloadDenials are for the roles of the stack's functions and services.
func (c *principals) workloadDenials(t *testing.T) []denial {
	t.Helper()
	key := keyOf(t, c.other, c.foreignEnv["DB_SECRET_ARN"])
	return []denial{
		{name: "the function cannot read another bucket", who: c.function, try: readObject(c.other.Bucket, "e2e/denial")},
		{name: "the function cannot read the state", who: c.function, try: readObject(c.state, ".pulumi/stacks/didomi/"+c.out.Stack+".json")},
		{name: "the function cannot read another stack's secrets", who: c.function, try: readSecret(c.foreignEnv["DB_SECRET_ARN"])},
		{name: "the function cannot read the master password of its own stack", who: c.function, try: readSecret(masterSecret(t, c.out))},
		{name: "the function cannot decrypt with another stack's key", who: c.function, try: decrypt(t, c.other, key)},
		{name: "the function cannot decrypt with the state's key", who: c.function, try: decrypt(t, c.out, c.stateKey)},
		{name: "the function cannot create resources", who: c.function, try: makeBucket, undo: dropBucket},
		{name: "the migration cannot read files", who: c.migration, try: readObject(c.other.Bucket, "e2e/denial")},
		{name: "the function that rotates the cache's password cannot read other secrets", who: c.cacheUser, try: readSecret(c.env["DB_SECRET_ARN"])},
		{name: "the function that rotates the cache's password cannot describe another stack's user", who: c.cacheUser, try: describeUser("didomi-" + c.other.Stack + "-data-cache-app")},
		{name: "the API function cannot describe the cache's user", who: c.function, try: describeUser("didomi-" + c.out.Stack + "-data-cache-app")},
		{name: "the proxy can read only the database's secrets", who: c.proxy, try: readSecret(c.foreignEnv["REDIS_SECRET_ARN"])},
		{name: "the flow logs' role cannot read secrets", who: c.flows, try: readSecret(c.env["DB_SECRET_ARN"])},
	}
}

// boundaryDenials are denied whatever the role's policies allow.
func (c *principals) boundaryDenials(t *testing.T) []denial {
	t.Helper()
	function := c.names["functionName"].(string)
	key := keyOf(t, c.other, c.foreignEnv["DB_SECRET_ARN"])
	card := newInterface(privateSubnet(t, c.other, c.foreign["vpcId"].(string)))
	foreignRole := c.foreign["ciDeployRole"].(string)
	return []denial{
		{name: "the preview role's boundary denies changes", who: c.preview, widened: true, try: reserveConcurrency(function), undo: restoreReservation(t, c.out, function)},
		{name: "the preview role's boundary denies reading secrets", who: c.preview, widened: true, try: readSecret(c.env["DB_SECRET_ARN"])},
		{name: "the deploy role's boundary denies creating users", who: c.deploy, widened: true, try: makeUser, undo: dropUser},
		{name: "the deploy role's boundary denies extending a boundary", who: c.deploy, widened: true, try: newVersion(boundaryOf(t, c.out, c.function.name)), undo: oldVersion(boundaryOf(t, c.out, c.function.name))},
		{name: "the deploy role's boundary denies creating a role without a boundary", who: c.deploy, widened: true, try: makeRole("didomi-dev-api-e2e"), undo: dropRole("didomi-dev-api-e2e")},
		{name: "the deploy role's boundary denies giving a workload role the account role's policy as its boundary", who: c.deploy, widened: true, try: setBoundary(c.function.name, accountLogs), undo: setBoundary(c.function.name, boundaryOf(t, c.out, c.function.name))},
		{name: "the deploy role's boundary denies assuming other roles", who: c.deploy, widened: true, try: assumeRole(foreignRole), trusting: last(foreignRole)},
		{name: "the deploy role's boundary denies managing the state's key", who: c.deploy, widened: true, try: describeKey(c.stateKey, "e2e"), undo: describeKey(c.stateKey, "Pulumi state, and the secrets in it")},
		{name: "a role created by a deployment cannot read another stack's master password", who: c.created, try: readSecret(masterSecret(t, c.other))},
		{name: "a role created by a deployment cannot read another stack's secrets", who: c.created, try: readSecret(c.foreignEnv["DB_SECRET_ARN"])},
		{name: "a role created by a deployment cannot use another stack's key", who: c.created, try: decrypt(t, c.other, key)},
		{name: "a role created by a deployment cannot read another stack's files", who: c.created, try: readObject(c.other.Bucket, "e2e/denial")},
		{name: "a role created by a deployment cannot create an interface in another stack's VPC", who: c.created, try: card.create, undo: card.remove},
	}
}
