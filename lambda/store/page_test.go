package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/store"
)

// fill inserts items 000, 001 and so on, and their bodies by an expression of i.
func fill(t *testing.T, d testservices.Database, items int, body string) {
	t.Helper()
	admin, err := pgx.ConnectConfig(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	_, err = admin.Exec(t.Context(), `INSERT INTO items (id, body, revision, created_at, updated_at)
		SELECT lpad(i::text, 3, '0'), `+body+`, i::text, now(), now() FROM generate_series(0, $1::int - 1) AS i`, items)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Exec(t.Context(), `VACUUM ANALYZE items`); err != nil {
		t.Fatal(err)
	}
}

// blocks are the counts of a plan for its entire statement.
type blocks struct {
	Hit  int `json:"Shared Hit Blocks"`
	Read int `json:"Shared Read Blocks"`
	From int `json:"Temp Read Blocks"`
	To   int `json:"Temp Written Blocks"`
}

func explain(t *testing.T, s *store.Store, limit, maxBytes int) blocks {
	t.Helper()
	text, err := s.ExplainPage(t.Context(), "", limit, maxBytes)
	var plans []struct{ Plan blocks }
	if err != nil || json.Unmarshal(text, &plans) != nil || len(plans) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	return plans[0].Plan
}

// Of a hundred items of 256 KiB a page of 2 MiB takes eight. The others cost nothing: once all of them
// were read and written to 52 MB of temporary files, and a page took three times as long as one of eight.
func TestAPageOfLongItemsReadsOnlyWhatItReturns(t *testing.T) {
	const random = `to_json((SELECT string_agg(md5(i::text || random() || j), '') FROM generate_series(1, 8191) AS j))`
	const repeated = `to_json(repeat('abcdefg ', 32767))`
	for name, body := range map[string]string{"that do not compress": random, "that compress": repeated} {
		t.Run(name, func(t *testing.T) {
			d := testservices.NewDatabase(t)
			s := d.Store(t)
			fill(t, d, 110, body)
			page, err := s.List(t.Context(), "", 100, 2<<20)
			if err != nil || len(page.Items) != 8 || !page.More {
				t.Fatalf("%d items, more %v, %v", len(page.Items), page.More, err)
			}
			hundred, eight := explain(t, s, 100, 2<<20), explain(t, s, 8, 2<<20)
			if hundred.To != 0 || hundred.From != 0 {
				t.Errorf("%d blocks were written to temporary files and %d read from them", hundred.To, hundred.From)
			}
			if most := 3 * (eight.Hit + eight.Read) / 2; hundred.Hit+hundred.Read > most {
				t.Errorf("a page of at most 100 read %d blocks, one of at most 8 read %d", hundred.Hit+hundred.Read, eight.Hit+eight.Read)
			}
		})
	}
}

// Whatever the lengths, pages are the longest that limit and budget allow, and together they are all items.
func TestPagesOfEveryLengthHaveEachItemOnce(t *testing.T) {
	const items = 61
	d := testservices.NewDatabase(t)
	s := d.Store(t)
	fill(t, d, items, `to_json(repeat('x', (i * 7919) % 401))`)
	delay := func(i int) int { return (i*7919)%401 + 2 }
	for _, limit := range []int{1, 2, 9, 10, 11, 20, 59, 60, 61, 100} {
		for _, retryBudget := range []int{1, 402, 403, 1000, 2500, 100_000} {
			var got []string
			for after, more := "", true; more; {
				page, err := s.List(t.Context(), after, limit, retryBudget)
				if err != nil || len(page.Items) == 0 {
					t.Fatalf("limit %d, budget %d: %d items, %v", limit, retryBudget, len(page.Items), err)
				}
				first, total := len(got), 0
				for _, item := range page.Items {
					got = append(got, item.ID)
					total += len(item.Body)
				}
				more, after = page.More, got[len(got)-1]
				fits := len(got) < items && len(page.Items) < limit && total+delay(len(got)) <= retryBudget
				if fits || len(page.Items) > limit || total > retryBudget && len(page.Items) > 1 {
					t.Errorf("limit %d, budget %d: the page from %d on has %d items of %d bytes", limit, retryBudget, first, len(page.Items), total)
				}
			}
			if !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != items || len(got) != items {
				t.Errorf("limit %d, budget %d: %s", limit, retryBudget, fmt.Sprint(got))
			}
		}
	}
}
