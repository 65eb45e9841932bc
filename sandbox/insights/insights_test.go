package insights

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 12, 3, 12, 0, 0, 0, time.UTC)

// groups are two logs: of the gateway, whose numbers are strings, and of a function.
var groups = map[string][]string{
	"gateway":  {`{"requestId":"a","status":"503","path":"/items","errorType":"-"}`, `{"requestId":"b","status":"200"}`, `no JSON`, `{"requestId":"c","status":"504","errorType":"TIMEOUT"}`},
	"function": {`{"id":"a","status":503,"cache":"bypass"}`, `{"id":"a","error":"down","at":1}`, `{"level":"INFO"}`},
}

func events(group string) ([]Event, error) {
	lines, ok := groups[group]
	if !ok {
		return nil, fmt.Errorf("log group %q does not exist", group)
	}
	var all []Event
	for i, line := range lines {
		all = append(all, Event{start.Add(time.Duration(i) * time.Second), line})
	}
	return all, nil
}

func TestQueries(t *testing.T) {
	for name, c := range map[string]struct{ query, want string }{
		"fields of events, empty where one has none":   {`SOURCE 'function' | fields id, status`, "id status; a 503; a ; "},
		"the first field that an event has":            {`SOURCE 'gateway' | SOURCE 'function' | fields coalesce(requestId, id) as request | filter ispresent(request)`, "request; a; b; c; a; a"},
		"a number in a string is compared as a number": {`SOURCE 'gateway' | fields requestId | filter status >= 503`, "requestId; a; c"},
		"an equal text":                   {`SOURCE 'gateway' | fields requestId | filter errorType = 'TIMEOUT'`, "requestId; c"},
		"another text":                    {`SOURCE 'gateway' | fields requestId | filter errorType != "-"`, "requestId; c"},
		"lower values":                    {`SOURCE 'gateway' | fields requestId | filter status < 504 | filter status > 200 | filter status <= 503`, "requestId; a"},
		"groups":                          {`SOURCE 'gateway' | SOURCE 'function' | fields coalesce(requestId, id) as request | filter ispresent(request) | stats min(@timestamp) as at, max(status) as code, sortsLast(error) as reason by request | filter code >= 500 | sort at desc | limit 1`, "request at code reason; c 2026-12-03 12:00:03.000 504 "},
		"sorted by time, the first first": {`SOURCE 'gateway' | fields @timestamp, requestId | sort @timestamp asc | limit 1`, "@timestamp requestId; 2026-12-03 12:00:00.000 a"},
		"a quoted separator":              {`SOURCE 'function' | fields id | filter cache = 'a|b'`, "id"},
		"an unknown log group":            {`SOURCE 'none'`, `error: SOURCE: log group "none" does not exist`},
		"an unknown command":              {`SOURCE 'gateway' | parse @message '*' as a`, `error: the command "parse" is not supported`},
		"an unknown function":             {`SOURCE 'gateway' | fields strlen(requestId)`, `error: fields: the function in "strlen(requestId)" is not supported`},
		"an unknown statistic":            {`SOURCE 'gateway' | stats pct(status, 9) as p by requestId`, `error: stats: the function in "pct(status, 9)" is not supported`},
		"statistics without groups":       {`SOURCE 'gateway' | stats count(*)`, `error: stats: "count(*)" without by is not supported`},
		"another condition":               {`SOURCE 'gateway' | filter status like /5../`, `error: filter: the condition "status like /5../" is not supported`},
		"a limit that is no number":       {`SOURCE 'gateway' | limit many`, `error: limit: "many" must be a positive number`},
		"a negative limit":                {`SOURCE 'gateway' | limit -1`, `error: limit: "-1" must be a positive number`},
		"a comparison without spaces":     {`SOURCE 'gateway' | fields requestId | filter status>=504`, "requestId; c"},
		"a direction in capitals":         {`SOURCE 'function' | fields @timestamp | sort @timestamp ASC | limit 1`, "@timestamp; 2026-12-03 12:00:00.000"},
		"two fields to sort by":           {`SOURCE 'gateway' | sort status asc, requestId desc`, `error: sort: the direction "asc, requestid desc" is not supported`},
		"groups by two fields":            {`SOURCE 'gateway' | stats max(status) as m by path, status`, `error: stats: the field "path, status" is not supported`},
		"an expression":                   {`SOURCE 'gateway' | fields status + 1`, `error: fields: the field "status + 1" is not supported`},
		"a member of an object":           {`SOURCE 'gateway' | filter a.b = 1`, `error: filter: the field "a.b" is not supported`},
	} {
		t.Run(name, func(t *testing.T) {
			table, err := Query(c.query, events)
			lines := []string{strings.Join(table.Columns, " ")}
			for _, row := range table.Rows {
				lines = append(lines, strings.Join(row, " "))
			}
			got := strings.Join(lines, "; ")
			if err != nil {
				got = "error: " + err.Error()
			}
			if strings.TrimSpace(got) != strings.TrimSpace(c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
