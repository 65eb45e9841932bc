package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// killServers kills every server with SIGKILL and waits until each is restarted.
func killServers(t *testing.T, servers *Servers) {
	t.Helper()
	before := servers.Status()
	for _, server := range before {
		if err := syscall.Kill(server.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i := range before {
		for servers.Status()[i].Restarts.Count == 0 {
			if ctx.Err() != nil {
				t.Fatalf("not restarted: %+v", servers.Status()[i])
			}
			time.Sleep(10 * time.Millisecond)
		}
		if after := servers.Status()[i]; !after.Alive || after.Restarts.Exit != "signal: killed" || after.Addr != before[i].Addr || after.PID == before[i].PID {
			t.Errorf("after the restart: %+v", after)
		}
	}
}

func TestAKilledPostgreSQLIsRestartedWithItsData(t *testing.T) {
	servers, authority := plane(t)
	spec := Cluster{ID: "main", Database: "app", MasterUser: "boss", MasterPassword: "secret"}
	addr, err := servers.EnsureCluster(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	pg := find(servers, servers.clusters, spec.ID).postgres
	admin, err := pgx.Connect(t.Context(), pg.url(pgSuperuser, "app"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(context.Background()) }()
	_, err = admin.Exec(t.Context(), `CREATE TABLE items (id int); INSERT INTO items VALUES (7);
		CREATE ROLE app LOGIN PASSWORD 'theirs'; GRANT SELECT ON items TO app`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), `SELECT pg_create_physical_replication_slot('reader')`); err != nil {
		t.Fatal(err)
	}
	killServers(t, servers)
	conn, err := dial(t, authority, addr, "app", "theirs", "app", "verify-full")
	if err != nil {
		t.Fatalf("a role that was created before: %v", err)
	}
	var id, slots int
	if err := conn.QueryRow(t.Context(), `SELECT id, (SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'reader') FROM items`).Scan(&id, &slots); err != nil || id != 7 || slots != 1 {
		t.Errorf("row %d, %d replication slots, %v", id, slots, err)
	}
}

func TestTablesStayLockedWhenTheirServerIsKilled(t *testing.T) {
	servers, _ := plane(t)
	if _, err := servers.EnsureCluster(t.Context(), Cluster{ID: "main", Database: "app", MasterUser: "boss", MasterPassword: "secret"}); err != nil {
		t.Fatal(err)
	}
	pg := find(servers, servers.clusters, "main").postgres
	exec := func(statement string) error {
		conn, err := pgx.Connect(t.Context(), pg.url(pgSuperuser, "app"))
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(context.Background()) }()
		_, err = conn.Exec(t.Context(), statement)
		return err
	}
	// Fails at once with SQLSTATE 55P03 while another session holds a lock against writes.
	write := func() error {
		return exec(`BEGIN; LOCK TABLE items IN ROW EXCLUSIVE MODE NOWAIT; INSERT INTO items VALUES (7); COMMIT`)
	}
	locked := func() error {
		if err := write(); err == nil || !strings.Contains(err.Error(), "55P03") {
			return errors.Join(errors.New("a write finds the tables unlocked"), err)
		}
		return nil
	}
	if err := exec(`CREATE TABLE items (id int)`); err != nil {
		t.Fatal(err)
	}
	release, err := servers.LockTables(t.Context(), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if err := locked(); err != nil {
		t.Error(err)
	}
	killServers(t, servers)
	wait(t, locked)
	release()
	wait(t, write)
}

func TestKilledRedisNodesAreRestartedWithDataUsersAndSlots(t *testing.T) {
	servers, authority := plane(t)
	spec := Cache{ID: "cache", ClusterMode: true, Shards: 3, Users: []CacheUser{
		{Name: "default", AccessString: "off"},
		{Name: "app", Passwords: []string{"theirs"}, AccessString: "on ~items:* -@all +@read +@write +command +cluster|slots +cluster|shards"},
	}}
	addr, err := servers.EnsureCache(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	const keys = 30
	client := clusterClient(t, authority, addr, "app", "theirs")
	for i := range keys {
		if err := client.Set(t.Context(), fmt.Sprintf("items:%d", i), i, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
	}
	nodes := servers.caches["cache"].nodes
	if err := servers.FailOverCaches(t.Context(), func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	moved := servers.caches["cache"].tlsProxies[2].addr()
	for _, node := range nodes { // once they know the new address, they connect there
		wait(t, func() error { return slotMapHas(t, node, moved) })
	}
	killServers(t, servers)
	for _, node := range nodes {
		wait(t, func() error { return clusterReady(t.Context(), node.client, 3) })
	}
	restarted := time.Now()
	for _, node := range nodes[:2] {
		wait(t, func() error { return respondsSince(t, node, moved, restarted) })
	}
	again := clusterClient(t, authority, addr, "app", "theirs")
	for i := range keys {
		if got, err := again.Get(t.Context(), fmt.Sprintf("items:%d", i)).Int(); err != nil || got != i {
			t.Errorf("key %d: %d, %v", i, got, err)
		}
	}
	if err := again.Get(t.Context(), "other").Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("a key beyond the access string: %v", err)
	}
	if err := slotMapHas(t, nodes[0], moved); err != nil {
		t.Error(err)
	}
	if err := redis.NewClient(&redis.Options{Addr: nodes[1].addr.String()}).Ping(t.Context()).Err(); err == nil {
		t.Error("a client without a login is accepted after the restart")
	}
}

// slotMapHas returns nil if the node's map of slots has the address.
func slotMapHas(t *testing.T, node *redisNode, addr netip.AddrPort) error {
	t.Helper()
	slots, err := node.client.ClusterShards(t.Context()).Result()
	if err != nil {
		return fmt.Errorf("the slot map of node %s: %w", node.addr, err)
	}
	if !strings.Contains(fmt.Sprint(slots), addr.Addr().String()) {
		return fmt.Errorf("the slot map of node %s lacks the address after the failover, %s: %v", node.addr, addr, slots)
	}
	return nil
}

// respondsSince returns nil if the node at addr has responded to the other node's pings on the cluster bus since a time.
// https://redis.io/docs/latest/commands/cluster-nodes/
func respondsSince(t *testing.T, node *redisNode, addr netip.AddrPort, since time.Time) error {
	t.Helper()
	nodes, err := node.client.ClusterNodes(t.Context()).Result()
	if err != nil {
		return err
	}
	for line := range strings.Lines(nodes) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(fields[1], addr.Addr().String()+":") {
			continue
		}
		if pong, err := strconv.ParseInt(fields[5], 10, 64); err == nil && time.UnixMilli(pong).After(since) {
			return nil
		}
	}
	return fmt.Errorf("node %s has had no response from %s on the cluster bus:\n%s", node.addr, addr, nodes)
}

func wait(t *testing.T, ready func() error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for err := ready(); err != nil; err = ready() {
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
