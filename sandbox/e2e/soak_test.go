package e2e

import (
	"cmp"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

const (
	// soakFault is how long a fault of the soak test lasts, and soakCalm how long nothing is disturbed after each.
	soakFault, soakCalm = 8 * time.Second, 6 * time.Second
	// soakRecovery is how long after a fault a request may still fail.
	soakRecovery = 5 * time.Second
)

// disturbance is what happens to the stack while the soak test sends its requests. Requests may fail during a fault; no
// request may fail during anything else.
type disturbance struct {
	name  string
	fault bool
	run   func(t *testing.T, out outputs)
}

// cache reports whether the function cannot reach its cache meanwhile.
func (d disturbance) cache() bool {
	return d.fault && (strings.HasPrefix(d.name, "cache") || strings.HasPrefix(d.name, "redis"))
}

// disturbances follow one another, round after round.
func disturbances(round int) []disturbance {
	all := []disturbance{
		{"rotation of the database's password", false, func(t *testing.T, out outputs) {
			rotate(t, out, functionEnvironment(t, out)["DB_SECRET_ARN"], func() { time.Sleep(time.Second) })
		}},
		{"rotation of the cache's password", false, func(t *testing.T, out outputs) {
			rotate(t, out, functionEnvironment(t, out)["REDIS_SECRET_ARN"], func() { time.Sleep(time.Second) })
		}},
		{"deployment", false, func(t *testing.T, out outputs) { soakDeployment(t, out, 512+64*(1+round%2)) }},
		{"canary and rollback", false, soakCanary},
	}
	for _, fault := range [][]string{
		{"cache", "down"}, {"cache", "slow", "--latency", silent}, {"database", "down"}, {"database", "slow", "--latency", "500ms"},
		{"database", "full"}, {"database", "readonly"}, {"files", "half"}, {"secrets", "down"},
	} {
		all = append(all, disturbance{strings.Join(fault[:2], " "), true, func(t *testing.T, out outputs) {
			mustRun(t, time.Minute, append([]string{"fail", "--stack", out.Stack, "--part", fault[0], "--how"}, fault[1:]...)...)
			time.Sleep(soakFault)
			mustRun(t, time.Minute, "fail", "--stack", out.Stack, "--how", "ok")
		}})
	}
	killed := []string{"postgres", "redis"}
	if round == 0 { // a restarted emulator has the memory of a new one, and the report is to show what it grows to
		killed = append(killed, "ministack")
	}
	for _, kind := range killed {
		all = append(all, disturbance{kind + " killed", true, func(t *testing.T, out outputs) { killServer(t, out, kind) }})
	}
	return all
}

// TestSoak sends mixed requests to the stack that came up last, for the Go duration SOAK, while it is disturbed. It reports
// requests, wrong responses, lost writes, and the memory and descriptors of each process. `make soak` runs it.
func TestSoak(t *testing.T) {
	lasting, err := time.ParseDuration(cmp.Or(os.Getenv("SOAK"), "10m"))
	if err != nil {
		t.Fatalf("SOAK is %q; must be a Go duration, like 30m", os.Getenv("SOAK"))
	}
	out := lastOutputs(t)
	load := startSoakLoad(t, out)
	time.Sleep(30 * time.Second) // until every process has what it keeps
	before, until := soakUse(t), time.Now().Add(lasting)
	count := map[string]int{}
	for round := 0; time.Now().Before(until); round++ {
		for _, d := range disturbances(round) {
			if !time.Now().Before(until) {
				break
			}
			load.disturb(t, d, out)
			count[d.name]++
		}
		t.Logf("after round %d: %s", round+1, load.summary())
	}
	soakDeployment(t, out, 512) // what the stack's file has, by default
	load.stop(t)
	for _, name := range slices.Sorted(maps.Keys(count)) {
		t.Logf("%d times: %s", count[name], name)
	}
	reportSoakUse(t, before, soakUse(t))
}

// soakDeployment deploys the stack with another amount of memory for the function, which is a new version of it.
func soakDeployment(t *testing.T, out outputs, memory int) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "Pulumi."+out.Stack+".yaml")
	writeFile(t, config, editedConfig(t, out, edit{key: "api.memoryMb", value: memory}))
	manage(t, out, config, "up", "--yes", "--skip-preview", "--suppress-outputs")
}

// soakCanary publishes a version, lets it serve half of the requests and then all, rolls it back and deletes old versions.
func soakCanary(t *testing.T, out outputs) {
	t.Helper()
	_, deploy := pipelineRoles(t, out)
	client, name := lambda.NewFromConfig(awsConfig(out)), stackOutputs(t, out)["functionName"].(string)
	next := publish(t, client, name, "Soak test "+strconv.FormatInt(time.Now().Unix(), 10))
	for _, args := range [][]string{nil, {"--rollback"}, {"--prune"}} {
		if printed, code := rollout(t, deploy, next, args...); code != 0 {
			t.Errorf("ops rollout %v: exit %d\n%s", args, code, printed)
		}
	}
}

// processUse is what the processes of one kind use together.
type processUse struct {
	processes, descriptors int
	memory                 int64
}

// soakUse returns what the sandbox's processes use, by kind. The programs behind a port of a server are not counted.
func soakUse(t *testing.T) map[string]processUse {
	t.Helper()
	all, seen := map[string]processUse{}, map[int]bool{}
	for _, part := range statusParts(t) {
		if seen[part.PID] {
			continue // gateway and API are one process
		}
		seen[part.PID] = true
		files, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(part.PID), "fd"))
		if err != nil {
			continue // has exited
		}
		use := all[part.Kind]
		all[part.Kind] = processUse{use.processes + 1, use.descriptors + len(files), use.memory + part.Memory}
	}
	return all
}

func reportSoakUse(t *testing.T, before, after map[string]processUse) {
	t.Helper()
	for _, kind := range slices.Sorted(maps.Keys(after)) {
		b, a := before[kind], after[kind]
		t.Logf("%-10s %d -> %d processes, %d -> %d MiB resident, %d -> %d descriptors", kind,
			b.processes, a.processes, b.memory>>20, a.memory>>20, b.descriptors, a.descriptors)
	}
}

// phase is what happens to the stack at a time.
type phase struct {
	name         string
	fault, cache bool
}

// disturb runs a disturbance, and waits until what follows it must work.
func (l *soakLoad) disturb(t *testing.T, d disturbance, out outputs) {
	t.Helper()
	began, failed := time.Now(), l.failed.Load()
	l.phase.Store(&phase{d.name, d.fault, d.cache()})
	if d.cache() {
		l.cacheBack.Store(math.MaxInt64)
	}
	d.run(t, out)
	if d.cache() {
		l.cacheBack.Store(time.Now().UnixNano())
	}
	if d.fault {
		time.Sleep(soakRecovery)
	}
	l.phase.Store(&phase{name: "after " + d.name})
	t.Logf("%s: %s, %d requests failed", d.name, time.Since(began).Round(time.Second), l.failed.Load()-failed)
	time.Sleep(soakCalm)
}
