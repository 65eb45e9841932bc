package e2e

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// limitPreview bounds one preview, program build included.
const limitPreview = 10 * time.Minute

// limitUp bounds one up, builds and the start of the sandbox included.
const limitUp = 40 * time.Minute

// TestWholeStack is the README's claims in order: each step needs the one
// before it, so the first that fails ends the test.
func TestWholeStack(t *testing.T) {
	ownSandbox(t)
	shareTemp(t)
	var dev, prod outputs
	step := func(name string, body func(t *testing.T)) {
		t.Helper()
		if !t.Run(name, body) {
			t.FailNow()
		}
	}

	step("a taken port is named before anything is built", func(t *testing.T) { checkTakenPort(t) })
	step("down after an up that was killed midway leaves nothing, and up works after it", func(t *testing.T) {
		killedBootstrap(t)
		killedUp(t)
		mustRun(t, 5*time.Minute, "down")
		if left := processes(t, "pulumi-resource-aws", ""); len(left) != 0 {
			t.Fatalf("providers still running: %v", left)
		}
	})
	step("an up that is killed midway is followed by one that comes up", func(t *testing.T) {
		killedUp(t)
		dev = up(t, "dev")
	})
	step("an item is read through Redis from PostgreSQL", func(t *testing.T) {
		checkItems(t, dev)
		checkRow(t, dev, "e2e-1", "two")
		checkKey(t, dev, "e2e-1")
	})
	step("items that are longest when they are sent end a page", func(t *testing.T) { checkLongPage(t, dev) })
	step("what the API does not have is refused in problem+json", func(t *testing.T) { checkRefusals(t, dev) })
	step("pages of the stack's origin may call the API and follow it to S3, and no others", func(t *testing.T) {
		checkPages(t, dev, "http://localhost:3000")
		checkPagesAtBucket(t, dev, "http://localhost:3000")
	})
	step("a file of 64 MiB is streamed in bounded memory", func(t *testing.T) { checkStream(t, dev) })
	step("files are put with the requests that the API hands out", func(t *testing.T) { checkUpload(t, dev) })
	step("every way of writing a path is one thing's, or nothing's", func(t *testing.T) { checkPaths(t, dev) })
	step("a condition that cannot be evaluated is refused, and nothing is done", func(t *testing.T) { checkConditions(t, dev) })
	step("a client writes nothing into the access log", func(t *testing.T) { checkAccessLog(t, dev) })
	step("a second up changes nothing", func(t *testing.T) {
		up(t, "dev")
		checkUnchanged(t, "dev")
	})
	step("nor does a preview in the sandbox's shell, which leaves the tree as it is", func(t *testing.T) { checkShell(t) })
	step("the state is in the bucket that bootstrap made", func(t *testing.T) { checkState(t, dev) })
	step("a refresh finds what is there as the state has it", func(t *testing.T) { checkRefresh(t, dev) })
	step("a wrong configuration is named whole and creates nothing", func(t *testing.T) { checkWrongConfig(t, dev) })
	step("a private hosted zone is refused in the preview", func(t *testing.T) { checkPrivateZone(t, dev) })
	step("a changed line of the function replaces nothing but what hangs on its version", func(t *testing.T) {
		checkFunctionEdit(t, dev)
	})
	step("a new account's quotas stop prod before anything of it is made", func(t *testing.T) { checkPreflight(t, dev) })
	step("another user has files of the packages' names in the shared folder of temporary files", func(t *testing.T) { plantPackages(t) })
	step("two stacks at once, and an edit updates, replaces or is refused as it should be", func(t *testing.T) {
		prod = checkLives(t, dev, func(t *testing.T, prod outputs) {
			checkItems(t, prod)
			mustRun(t, limitPreview, "preview", "--stack", "prod", "--expect-no-changes")
			checkRefresh(t, prod)
			checkEdits(t, prod)
		})
	})
	step("those files are as they were, and nothing else of the sandbox is there", func(t *testing.T) { checkSharedTemp(t) })
	step("what the roles have changed serves, and has lost nothing", func(t *testing.T) {
		dev = up(t, "dev") // changes nothing, and says where things are by now
		checkRow(t, dev, "e2e-1", "two")
		checkServing(t, dev)
	})
	step("the passwords of database and cache change while requests go on", func(t *testing.T) { checkRotation(t, dev) })
	step("the database's does so behind a proxy too", func(t *testing.T) { rotateDatabase(t, prod) })
	step("no secret value is to be read in a state, a preview, a plan, an environment or a log", func(t *testing.T) {
		checkNoSecrets(t, dev)
		checkNoSecrets(t, prod)
	})
	step("picture, price and the way to move in are those of the deployed stack", func(t *testing.T) { checkOps(t, prod) })
	step("the whole graph keeps the rules, with NAT too", func(t *testing.T) { checkAudit(t, dev, prod) })
	step("a destroy of prod is refused", func(t *testing.T) { checkDestroy(t, prod, clusterToken, cacheToken, zoneToken, bucketToken) })
	step("dev, which is not protected, keeps its data too", func(t *testing.T) { checkUnprotected(t, dev) })
	step("what is deployed are values that AWS takes", func(t *testing.T) { checkSchemas(t, dev, prod) })
	step("an empty stack takes over what another tool made, by the file of ops imports", func(t *testing.T) { checkMovingIn(t, dev) })
	step("the door refuses in problem+json by itself", func(t *testing.T) { checkDoor(t, prod) })
	step("what one key uses up of a route is no other's", func(t *testing.T) { checkKeysShare(t, prod) })
	step("a canary stays out while an alarm rings, goes into service, and back", func(t *testing.T) {
		checkRollout(t, prod)
	})
	// What is tried there, with every right in the end, is no use of the rights that somebody has.
	var before, after int
	step("what the roles of pipeline and function must not do is refused", func(t *testing.T) {
		before = len(calls(t))
		checkAbuse(t, dev, prod)
	})
	step("services take the roles that are for them, for this account alone", func(t *testing.T) {
		checkDeputies(t, dev)
		checkDeputies(t, prod)
	})
	step("the pipeline's roles are taken by the jobs that they are for", func(t *testing.T) {
		checkTokens(t, dev)
		after = len(calls(t))
	})
	step("a stack gets one more zone in place, and gives none up", func(t *testing.T) { checkZones(t, dev) })
	step("every right of a role, which destroys its stack at last, was used or has its reason", func(t *testing.T) {
		state := ended(t, dev)
		done := calls(t)
		checkUse(t, slices.Concat(done[:before], done[after:]), state, exportState(t, prod))
	})
	step("destroy removes what is left of a stack, and down leaves nothing listening", func(t *testing.T) {
		mustRun(t, 20*time.Minute, "down", "--destroy", "dev")
		refuses(t, dev.URL)
		refuses(t, dev.AWSEndpoint)
		refuses(t, prod.URL)
		checkNothingLeft(t)
	})
}

// ownSandbox wants no sandbox to run, and leaves none.
func ownSandbox(t *testing.T) {
	t.Helper()
	if printed := mustRun(t, time.Minute, "status"); !strings.Contains(printed, "is not running") {
		t.Fatalf("a sandbox is running in this checkout and this test needs it for itself: run 'make down' first\n%s", printed)
	}
	t.Cleanup(func() { mustRun(t, 5*time.Minute, "down") })
}

// refuses checks that nothing listens where the URL leads.
func refuses(t *testing.T, address string) {
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
