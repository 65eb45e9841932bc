package e2e

import (
	"strings"
	"testing"
)

// previewAbuses are for the role of merge requests.
func (c *cast) previewAbuses(t *testing.T) []abuse {
	t.Helper()
	const lock = ".pulumi/locks/organization/didomi/dev/e2e.json"
	function := c.names["functionName"].(string)
	return []abuse{
		{name: "the preview role makes nothing", who: c.preview, try: makeBucket, undo: dropBucket},
		{name: "the preview role changes nothing", who: c.preview, try: reserve(function), undo: restoreReservation(t, c.out, function)},
		{name: "the preview role reads no secret", who: c.preview, try: readSecret(c.env["DB_SECRET_ARN"])},
		{name: "the preview role does not write the state", who: c.preview, try: writeObject(c.state, lock), undo: dropObject(c.state, lock)},
	}
}

// deployAbuses are for the role that deploys: what it must not be able to do in its own stack, or to
// what has a name of another's.
func (c *cast) deployAbuses(t *testing.T) []abuse {
	t.Helper()
	who, function := c.deploy, c.foreign["functionName"].(string)
	part, migration := c.function.name, migrateFunction(t, c.out)
	boundary := boundaryOf(t, c.out, part)
	return []abuse{
		{name: "the deploy role makes no role without the boundary", who: who, try: makeRole("didomi-dev-api-e2e"), undo: dropRole("didomi-dev-api-e2e")},
		{name: "the deploy role makes no role outside its stack", who: who, try: makeRole("e2e-outside"), undo: dropRole("e2e-outside")},
		{name: "the deploy role does not take its own boundary off", who: who, try: unbind(who.name)},
		{name: "the deploy role does not widen itself", who: who, try: widen(who.name), undo: unwiden(who.name)},
		{name: "the deploy role gives a part no other boundary", who: who, try: bind(part, administrator), undo: bind(part, boundary)},
		{name: "the deploy role does not widen a boundary", who: who, try: newVersion(boundary), undo: oldVersion(boundary)},
		{name: "the deploy role hands no foreign role to a function", who: who, try: runAs(migration, functionRole(t, c.other, function)), undo: runAs(migration, functionRole(t, c.out, migration))},
		{name: "the deploy role reads no password of its own stack", who: who, try: readSecret(c.env["REDIS_SECRET_ARN"])},
		{name: "the deploy role reads no secret of another stack", who: who, try: readSecret(c.foreignEnv["DB_SECRET_ARN"])},
		{name: "the deploy role reads no master password", who: who, try: readSecret(masterSecret(t, c.out))},
		{name: "the deploy role reads no file of another stack", who: who, try: readObject(c.other.Bucket, "e2e/abuse")},
		{name: "the deploy role reads no state of another stack", who: who, try: readObject(c.state, ".pulumi/stacks/didomi/"+c.other.Stack+".json")},
		{name: "the deploy role changes no function of another stack", who: who, try: reserve(function), undo: restoreReservation(t, c.other, function)},
		// The alias stays at the version that it leads to.
		{name: "the deploy role puts no code into a function of another stack", who: who, try: putCode(function)},
	}
}

// takingOver is for the role that deploys too: what has an id of AWS's, which the tag tells apart.
func (c *cast) takingOver(t *testing.T) []abuse {
	t.Helper()
	who, mine, theirs := c.deploy, c.out.Stack, c.other.Stack
	vpc, key := c.foreign["vpcId"].(string), keyOf(t, c.other, c.foreignEnv["DB_SECRET_ARN"])
	api, proxy := c.foreign["restApiId"].(string), proxyName(t, c.other)
	group, plan := groupOf(t, c.other, vpc), apiKeyOf(t, c.other)
	subnet, address := newSubnet(t, c.other, vpc, mine), "abuse."+c.foreign["hostName"].(string)
	zone := hostZone(t, c.other)
	grant, migration := newGrant(key, c.names["ciDeployRole"].(string)), migrateFunction(t, c.out)
	return []abuse{
		{name: "the deploy role takes over no network of another stack", who: who, try: tagNetwork(vpc, mine), undo: tagNetwork(vpc, theirs)},
		{name: "the deploy role makes no subnet in another stack's network", who: who, try: subnet.make, undo: subnet.drop},
		{name: "the deploy role opens no group of another stack", who: who, try: openGroup(group, mine), undo: closeGroup(group)},
		{name: "the deploy role takes over no key of another stack", who: who, try: tagKey(key, mine), undo: tagKey(key, theirs)},
		{name: "the deploy role uses no key of another stack", who: who, try: decrypt(t, c.other, key)},
		{name: "the deploy role encrypts no environment with a key of another stack", who: who, try: encryptWith(migration, key), undo: encryptWith(migration, keyOf(t, c.out, c.env["DB_SECRET_ARN"]))},
		{name: "the deploy role lets nobody use a key of another stack", who: who, try: grant.make, undo: grant.drop},
		{name: "the deploy role changes no API of another stack", who: who, try: describeAPI(api, "e2e"), undo: describeAPI(api, "Items and files")},
		{name: "the deploy role takes over no API of another stack", who: who, try: tagAPI(c.out.Region, api, mine), undo: tagAPI(c.out.Region, api, theirs)},
		{name: "the deploy role reads no API key of another stack", who: who, try: readAPIKey(plan)},
		{name: "the deploy role changes no proxy of another stack", who: who, try: idleAfter(proxy, 1200), undo: idleAfter(proxy, 1800)},
		{name: "the deploy role changes no record of another stack", who: who, try: putRecordIn(zone, "A", address), undo: dropRecordIn(zone, "A", address)},
	}
}

// logRoleAbuses are for the role that deploys: the account's role for API Gateway's logs reads every log.
func (c *cast) logRoleAbuses(t *testing.T) []abuse {
	t.Helper()
	who, role := c.deploy, accountLogRole(t, c.out)
	old, integrate := newLogRole(t, c.out), newIntegration(t, c.out, c.names["restApiId"].(string), role)
	trust := trustOf(t, c.out, last(role))
	return []abuse{
		{name: "the deploy role changes no trust of the account's log role", who: who, try: setTrust(last(role), trust)},
		{name: "the deploy role changes no trust of a log role that its stack once had", who: who, try: setTrust(old, trust)},
		{name: "the deploy role hands the account's log role to no integration", who: who, try: integrate},
		{name: "the deploy role sets no role for API Gateway's logs", who: who, try: setLogRole(role)},
		{name: "the deploy role attaches no policy of AWS's to a part", who: who, try: attach(c.function.name, accountLogs), undo: detach(c.function.name, accountLogs)},
		{name: "a deployment's boundary lets no trust of the account's log role be changed", who: who, widened: true, try: setTrust(last(role), trust)},
		{name: "a deployment's boundary lets no trust of an old log role be changed", who: who, widened: true, try: setTrust(old, trust)},
		{name: "a deployment's boundary lets the account's log role be handed to no integration", who: who, widened: true, try: integrate},
		{name: "a deployment's boundary lets API Gateway's log role not be set", who: who, widened: true, try: setLogRole(role)},
	}
}

// zoneAbuses are for the role that deploys: Route 53 tells no zone by a tag.
func (c *cast) zoneAbuses(t *testing.T) []abuse {
	t.Helper()
	who, theirs, host := c.deploy, c.foreign["vpcId"].(string), c.names["hostName"].(string)
	_, domain, _ := strings.Cut(host, ".")
	private, empty, parent := newPrivateZone(t, c.out, c.names["vpcId"].(string)), newZone(t, c.out, "empty."+domain), newZone(t, c.out, domain)
	shadow := newShadowZone(c.out, theirs)
	own := hostZone(t, c.out)
	return []abuse{
		{name: "the deploy role creates no zone in another stack's network", who: who, try: shadow.make, undo: shadow.drop},
		{name: "the deploy role associates no zone with another stack's network", who: who, try: associateZone(private, theirs), undo: dissociateZone(private, theirs)},
		{name: "the deploy role deletes no zone of others, empty as it is", who: who, try: dropZone(empty)},
		{name: "the deploy role delegates no other name in a shared zone", who: who, try: putRecordIn(parent, "NS", c.other.Stack+"."+domain), undo: dropRecordIn(parent, "NS", c.other.Stack+"."+domain)},
		{name: "the deploy role writes no wildcard into a shared zone", who: who, try: putRecordIn(parent, "A", "*."+domain), undo: dropRecordIn(parent, "A", "*."+domain)},
		{name: "the deploy role delegates nothing in its own zone", who: who, try: putRecordIn(own, "NS", "e2e."+host), undo: dropRecordIn(own, "NS", "e2e."+host)},
	}
}

// userAbuses are for the CI user without a role.
func (c *cast) userAbuses(t *testing.T) []abuse {
	t.Helper()
	deploy := c.foreign["ciDeployRole"].(string)
	return []abuse{
		{name: "the CI user alone reads no state", who: c.user, try: readObject(c.state, ".pulumi/stacks/didomi/"+c.out.Stack+".json")},
		{name: "the CI user alone makes nothing", who: c.user, try: makeBucket, undo: dropBucket},
		{name: "the CI user alone makes no role", who: c.user, try: makeRole("e2e-outside"), undo: dropRole("e2e-outside")},
		{name: "the CI user takes no role of another stack", who: c.user, try: takeRole(deploy), trusting: last(deploy)},
	}
}

// partAbuses are for the roles that the stack's parts run as.
func (c *cast) partAbuses(t *testing.T) []abuse {
	t.Helper()
	key := keyOf(t, c.other, c.foreignEnv["DB_SECRET_ARN"])
	return []abuse{
		{name: "the function reads no other bucket", who: c.function, try: readObject(c.other.Bucket, "e2e/abuse")},
		{name: "the function reads no state", who: c.function, try: readObject(c.state, ".pulumi/stacks/didomi/"+c.out.Stack+".json")},
		{name: "the function reads no secret of another stack", who: c.function, try: readSecret(c.foreignEnv["DB_SECRET_ARN"])},
		{name: "the function reads no master password of its own stack", who: c.function, try: readSecret(masterSecret(t, c.out))},
		{name: "the function decrypts with no key of another stack", who: c.function, try: decrypt(t, c.other, key)},
		{name: "the function decrypts with no key of the state", who: c.function, try: decrypt(t, c.out, c.stateKey)},
		{name: "the function makes nothing", who: c.function, try: makeBucket, undo: dropBucket},
		{name: "the migration reads no file", who: c.migration, try: readObject(c.other.Bucket, "e2e/abuse")},
		{name: "the function that changes the cache's password reads no other", who: c.cacheUser, try: readSecret(c.env["DB_SECRET_ARN"])},
		{name: "the function that changes the cache's password knows no user of another stack", who: c.cacheUser, try: lookAtUser("didomi-" + c.other.Stack + "-data-cache-app")},
		{name: "the serving function knows no user of the cache", who: c.function, try: lookAtUser("didomi-" + c.out.Stack + "-data-cache-app")},
		{name: "the proxy reads no secret but the database's", who: c.proxy, try: readSecret(c.foreignEnv["REDIS_SECRET_ARN"])},
		{name: "the flow logs read no secret", who: c.flows, try: readSecret(c.env["DB_SECRET_ARN"])},
	}
}

// boundaryAbuses are refused whatever the policies of a role say.
func (c *cast) boundaryAbuses(t *testing.T) []abuse {
	t.Helper()
	function := c.names["functionName"].(string)
	key := keyOf(t, c.other, c.foreignEnv["DB_SECRET_ARN"])
	card := newInterface(privateSubnet(t, c.other, c.foreign["vpcId"].(string)))
	foreignRole := c.foreign["ciDeployRole"].(string)
	return []abuse{
		{name: "a preview's boundary lets nothing be changed", who: c.preview, widened: true, try: reserve(function), undo: restoreReservation(t, c.out, function)},
		{name: "a preview's boundary lets no secret be read", who: c.preview, widened: true, try: readSecret(c.env["DB_SECRET_ARN"])},
		{name: "a deployment's boundary lets no user be made", who: c.deploy, widened: true, try: makeUser, undo: dropUser},
		{name: "a deployment's boundary lets no boundary be widened", who: c.deploy, widened: true, try: newVersion(boundaryOf(t, c.out, c.function.name)), undo: oldVersion(boundaryOf(t, c.out, c.function.name))},
		{name: "a deployment's boundary lets no role be made without one", who: c.deploy, widened: true, try: makeRole("didomi-dev-api-e2e"), undo: dropRole("didomi-dev-api-e2e")},
		{name: "a deployment's boundary lets no part have the account role's", who: c.deploy, widened: true, try: bind(c.function.name, accountLogs), undo: bind(c.function.name, boundaryOf(t, c.out, c.function.name))},
		{name: "a deployment's boundary lets no other role be taken", who: c.deploy, widened: true, try: takeRole(foreignRole), trusting: last(foreignRole)},
		{name: "a deployment's boundary lets the state's key not be managed", who: c.deploy, widened: true, try: describeKey(c.stateKey, "e2e"), undo: describeKey(c.stateKey, "Pulumi state, and the secrets in it")},
		{name: "a role that a deployment makes reads no master password of another stack", who: c.made, try: readSecret(masterSecret(t, c.other))},
		{name: "a role that a deployment makes reads no secret of another stack", who: c.made, try: readSecret(c.foreignEnv["DB_SECRET_ARN"])},
		{name: "a role that a deployment makes uses no key of another stack", who: c.made, try: decrypt(t, c.other, key)},
		{name: "a role that a deployment makes reads no file of another stack", who: c.made, try: readObject(c.other.Bucket, "e2e/abuse")},
		{name: "a role that a deployment makes has no interface in another stack's network", who: c.made, try: card.make, undo: card.drop},
	}
}
