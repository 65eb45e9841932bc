package handler_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/docs"
)

// The guides of the contract state limits, which are not in its schemas.
func TestTheGuidesStateTheLimitsOfTheAPI(t *testing.T) {
	var contract struct {
		Info struct{ Description string }
		Tags []struct{ Name, Description string }
	}
	if err := json.Unmarshal(docs.Contract, &contract); err != nil {
		t.Fatal(err)
	}
	guides := contract.Info.Description
	for _, tag := range contract.Tags {
		guides += "\n" + tag.Description
	}
	guides = strings.Join(strings.Fields(guides), " ")
	a := newClientAPI(t, 1<<20)
	status := func(method, path, body string) (int, map[string]any) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, a.address+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		_ = json.Unmarshal(text, &members) // not every response has a body
		return response.StatusCode, members
	}
	const itemBytes, singleBytes, partBytes, usualBytes = 256 << 10, 100 << 20, 64 << 20, 625 << 30
	size := func(bytes int64) string { return fmt.Sprintf(`{"size":%d}`, bytes) }
	for _, limit := range []struct {
		states  string
		request func() bool
	}{
		{"JSON of at most 256 KiB", func() bool {
			most, _ := status("PUT", "/items/guide", strconv.Quote(strings.Repeat("1", itemBytes-2)))
			more, _ := status("PUT", "/items/guide", strconv.Quote(strings.Repeat("1", itemBytes-1)))
			return most/100 == 2 && more == http.StatusRequestEntityTooLarge
		}},
		{"Up to 104,857,600 bytes (100 MiB)", func() bool {
			_, most := status("POST", "/files/guide", size(singleBytes))
			_, more := status("POST", "/files/guide", size(singleBytes+1))
			return most["url"] != nil && more["url"] == nil && more["upload_id"] != nil
		}},
		{"64 MiB, and more for files over 625 GiB", func() bool {
			_, most := status("POST", "/files/guide", size(usualBytes))
			_, more := status("POST", "/files/guide", size(usualBytes+partBytes))
			return most["part_size"] == float64(partBytes) && more["part_size"].(float64) > partBytes
		}},
		{"up to 5 TiB", func() bool {
			most, _ := status("POST", "/files/guide", size(5<<40))
			more, _ := status("POST", "/files/guide", size(5<<40+1))
			return most == http.StatusCreated && more == http.StatusUnprocessableEntity
		}},
	} {
		if !strings.Contains(guides, limit.states) || !limit.request() {
			t.Errorf("the guides state %q: %v; the API does what it says: %v", limit.states, strings.Contains(guides, limit.states), limit.request())
		}
	}
}
