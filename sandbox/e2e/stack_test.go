package e2e

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// limitPreview bounds a preview, including the build of the program.
const limitPreview = 10 * time.Minute

// limitUp bounds an up, including builds and the start of the sandbox.
const limitUp = 40 * time.Minute

// TestEndToEnd deploys, changes, attacks and destroys both stacks, step by step. Each step depends on the previous ones, so the first failure ends
// the test.
func TestEndToEnd(t *testing.T) {
	ownSandbox(t)
	shareTemp(t)
	var dev, prod outputs
	// deployed are the stacks that an earlier step has deployed. With -run a step runs alone, and deploys them itself.
	deployed := map[string]*outputs{}
	step := func(name string, body func(t *testing.T)) {
		t.Helper()
		withStacks := func(t *testing.T) {
			for stack, out := range deployed {
				if out.Stack == "" {
					*out = up(t, stack)
				}
			}
			body(t)
		}
		if !t.Run(name, withStacks) {
			t.FailNow()
		}
	}

	step("a port in use is reported before any build", func(t *testing.T) { checkTakenPort(t) })
	step("down after an interrupted up leaves no processes, and up works afterwards", func(t *testing.T) {
		killedBootstrap(t)
		killedUp(t)
		mustRun(t, 5*time.Minute, "down")
		if left := processes(t, "pulumi-resource-aws", ""); len(left) != 0 {
			t.Fatalf("providers still running: %v", left)
		}
	})
	step("up after an interrupted up succeeds", func(t *testing.T) {
		killedUp(t)
		dev = up(t, "dev")
	})
	deployed["dev"] = &dev
	step("each response to the requests that Schemathesis generates from the contract conforms to it", func(t *testing.T) { checkContract(t, dev, allPhases) })
	for _, check := range requestChecks() {
		step(check.name, func(t *testing.T) { check.run(t, dev) })
	}
	step("the CLI reports the clouds that it is built without", func(t *testing.T) { checkWithoutClouds(t, dev) })
	var waiting *atBreakpoint
	step("a request waits at a breakpoint, during the next steps", func(t *testing.T) { waiting = stopAtBreakpoint(t, dev) })
	step("a second up changes nothing", func(t *testing.T) {
		up(t, "dev")
		checkUnchanged(t, "dev")
	})
	step("a preview in the sandbox's shell finds no changes and leaves the work tree unchanged", func(t *testing.T) { checkShell(t) })
	step("the state is in bootstrap's bucket", func(t *testing.T) { checkState(t, dev) })
	step("no limit has ended the request at the breakpoint", func(t *testing.T) { waiting.finish(t) })
	step("make dev serves saved edits, and a refresh finds no drift meanwhile", func(t *testing.T) { checkLoop(t, dev) })
	step("all errors of an invalid configuration are reported, and nothing is created", func(t *testing.T) { checkWrongConfig(t, dev) })
	step("the preview rejects a private hosted zone", func(t *testing.T) { checkPrivateZone(t, dev) })
	step("a changed line of the function replaces only what depends on its version", func(t *testing.T) {
		checkFunctionEdit(t, dev)
	})
	step("a new account's quotas stop prod before its first resource is created", func(t *testing.T) { checkPreflight(t, dev) })
	step("another user has created files with the packages' names in the shared temporary directory", func(t *testing.T) { plantPackages(t) })
	step("two stacks exist at once, and each edit updates, replaces or is rejected as expected", func(t *testing.T) {
		prod = checkLifecycle(t, dev, func(t *testing.T, prod outputs) {
			checkItems(t, prod)
			mustRun(t, limitPreview, "preview", "--stack", "prod", "--expect-no-changes")
			checkRefresh(t, prod)
			checkEdits(t, prod)
		})
	})
	deployed["prod"] = &prod
	step("an uploaded file has a copy in another region, which its deletion does not reach", func(t *testing.T) { checkCopies(t, prod) })
	step("the other user's files in the shared temporary directory are unchanged, and the sandbox has none there", func(t *testing.T) { checkSharedTemp(t) })
	step("the stack that the roles have changed serves requests and has kept its data", func(t *testing.T) {
		dev = up(t, "dev") // only for the outputs
		checkRow(t, dev, "e2e-1", "two")
		checkServing(t, dev)
	})
	step("each failure mode is reproduced with the command fail and is over when it ends", func(t *testing.T) { checkFailures(t, dev, prod) })
	step("each cause raises its alarms and no other, with their messages, and they end with it", func(t *testing.T) {
		checkMetrics(t, prod)
		checkAlarms(t, prod) // it has every alarm of dev
	})
	step("the page shows both stacks, and calls their APIs", func(t *testing.T) {
		checkPage(t, dev)
		checkPage(t, prod)
	})
	step("killed servers are restarted with their data", func(t *testing.T) { checkKilledServers(t, dev) })
	step("neither the rotated passwords nor the restarts are drift", func(t *testing.T) { checkRefresh(t, dev) })
	step("the database's password also rotates behind a proxy", func(t *testing.T) { rotateDatabase(t, prod) })
	step("an operator with MFA and a reason queries prod's database, which others cannot", func(t *testing.T) { checkQueries(t, dev, prod) })
	step("a drill restores each database, finds lost and changed rows, and leaves nothing", func(t *testing.T) {
		program := buildOps(t)
		checkDrill(t, dev, program)
		checkGreenDrill(t, prod, program)
	})
	step("states, previews, plans, environments and logs contain no secret value", func(t *testing.T) {
		checkNoSecrets(t, dev)
		checkNoSecrets(t, prod)
	})
	step("diagram, cost estimate and import file match the deployed stack", func(t *testing.T) { checkOps(t, prod) })
	step("the stack audit passes, also with NAT", func(t *testing.T) { checkAudit(t, dev, prod) })
	step("a destroy of prod is rejected", func(t *testing.T) { checkDestroy(t, prod, clusterToken, cacheToken, zoneToken, bucketToken) })
	step("a destroy and a replacement of unprotected dev are rejected", func(t *testing.T) { checkUnprotected(t, dev) })
	step("the deployed values match AWS's resource schemas", func(t *testing.T) { checkSchemas(t, dev, prod) })
	step("an empty stack imports another tool's resources with the file of ops imports", func(t *testing.T) { checkImport(t, dev) })
	step("no operation that requires credentials responds to Schemathesis without them", func(t *testing.T) { checkContract(t, prod, ordinaryPhases) })
	step("an operation responds to a valid signature of a caller with permission only", func(t *testing.T) { checkSignatures(t, prod) })
	step("API Gateway's own responses are problem+json", func(t *testing.T) { checkGatewayResponses(t, prod) })
	step("keys have separate throttles of a route", func(t *testing.T) { checkSeparateKeyThrottles(t, prod) })
	step("a canary is rejected while an alarm is in ALARM, then promoted, then rolled back", func(t *testing.T) {
		checkRollout(t, prod)
	})
	// Calls of the next three steps, some made with every permission, do not count as use of permissions.
	var before, after int
	step("the roles of pipeline and functions are denied what they must not do", func(t *testing.T) {
		before = len(authorizationLog(t))
		checkDenials(t, dev, prod)
	})
	step("services can assume their roles, for this account only", func(t *testing.T) {
		checkDeputies(t, dev)
		checkDeputies(t, prod)
	})
	step("only the intended jobs can assume the pipeline's roles", func(t *testing.T) {
		checkTokens(t, dev)
		after = len(authorizationLog(t))
	})
	step("a stack adds a zone in place and cannot remove one, with a minor upgrade of its database", func(t *testing.T) { checkZones(t, dev) })
	step("the database is restored to a second before a mistake, and the former cluster retired", func(t *testing.T) { checkRestore(t, dev) })
	step("a major version of the database and another engine of the cache are upgrades in place", func(t *testing.T) { checkUpgrade(t, dev) })
	step("the former cluster's final snapshot is restored next to the present one", func(t *testing.T) { checkSnapshot(t, dev) })
	step("every permission of the roles was used, including a destroy, or has an accepted reason", func(t *testing.T) {
		state := destroyStack(t, dev)
		done := authorizationLog(t)
		checkUse(t, slices.Concat(done[:before], done[after:]), state, exportState(t, prod))
	})
	step("destroy removes the rest of a stack, and down leaves no listeners", func(t *testing.T) {
		mustRun(t, 20*time.Minute, "down", "--destroy", "dev")
		checkNoListener(t, dev.URL)
		checkNoListener(t, dev.AWSEndpoint)
		checkNoListener(t, prod.URL)
		checkNothingLeft(t)
	})
}

// ownSandbox checks that no sandbox is running, and stops the test's when it ends.
func ownSandbox(t *testing.T) {
	t.Helper()
	if printed := mustRun(t, time.Minute, "status"); !strings.Contains(printed, "is not running") {
		t.Fatalf("a sandbox is running in this checkout and this test needs it for itself: run 'make down' first\n%s", printed)
	}
	t.Cleanup(func() { mustRun(t, 5*time.Minute, "down") })
}

// checkNoListener checks that nothing listens at the URL's address.
func checkNoListener(t *testing.T, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", u.Host, time.Second)
	if err == nil {
		_ = conn.Close()
		t.Fatalf("%s still accepts connections", u.Host)
	}
	if !strings.Contains(err.Error(), "refused") {
		t.Fatal(err)
	}
}
