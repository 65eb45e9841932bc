package logpattern

import (
	"strings"
	"testing"
)

// The events and patterns of the examples in
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
const (
	trail = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
		"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true}`
	compound = `{"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],
		"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]]}`
	measured = `{"latency":500,"numbers":[9],"processes":[0,1,2,3,{"averageRuntime":55.5}],"errorCode":400}`
	line     = `{"level":"ERROR","msg":"request","cache":"stale","status":503}`
)

func TestPatternsOfTheDocumentation(t *testing.T) {
	for _, c := range []struct {
		pattern, event string
		want           bool
	}{
		{`{ $.eventType = "UpdateTrail" }`, trail, true},
		{`{ $.eventType = "*Trail" }`, trail, true},
		{`{ $.eventType = Update* }`, trail, true},
		{`{ $.eventType = *dateT* }`, trail, true},
		{`{ $.eventType = * }`, trail, true},
		{`{ $.eventType = Delete* }`, trail, false},
		{`{ $.sourceIPAddress != 123.123.* }`, trail, true},
		{`{ $.sourceIPAddress != 111.111.* }`, trail, false},
		{`{ $.arrayKey[0] = "value" }`, trail, true},
		{`{ $.objectList[1].id = 2 }`, trail, true},
		{`{ $.objectList[2].id = 2 }`, trail, false},
		{`{ $.SomeObject IS NULL }`, trail, true},
		{`{ $.SomeOtherObject IS NULL }`, trail, false},
		{`{ $.SomeOtherObject NOT EXISTS }`, trail, true},
		{`{ $.SomeObject NOT EXISTS }`, trail, false},
		{`{ $.ThisFlag IS TRUE }`, trail, true},
		{`{ $.ThisFlag IS FALSE }`, trail, false},
		{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, compound, true},
		{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, compound, false},
		{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }`, compound, true},
		{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = nomatch }`, compound, false},
		{`{ $.users = 1 }`, compound, false},
		{`{ $.users != 1 }`, compound, false},
		{`{ $.latency >= 500 }`, measured, true},
		{`{ $.latency > 500 }`, measured, false},
		{`{ $.latency <= 500 }`, measured, true},
		{`{ $.latency < 500 }`, measured, false},
		{`{ $.numbers[0] < 10e3 }`, measured, true},
		{`{ $.numbers[0] < 10e-3 }`, measured, false},
		{`{ $.processes[4].averageRuntime <= 55.5 }`, measured, true},
		{`{ $.errorCode = 400 }`, measured, true},
		{`{ $.errorCode != 500 }`, measured, true},
		{`{ $.errorCode = 4* }`, measured, true},
		{`{ $.latency > +1000 }`, measured, false},
		{`{$.level="ERROR"}`, line, true},
		{`{ $.level = "error" }`, line, false},
		{`{ $.cache = "hit" || $.cache = "stale" }`, line, true},
		{`{ $.status = 5* && $.cache = "hit" }`, line, false},
		{`{ $.level = "ERROR" }`, `ERROR without JSON`, false},
		{`{ $.level = "ERROR" }`, `{"level":"ERROR"} and more`, false},
		{`{ $.level != "ERROR" }`, `{"other":"ERROR"}`, false},
		{``, `anything`, true},
	} {
		t.Run(c.pattern+" of "+c.event[:min(len(c.event), 20)], func(t *testing.T) {
			p, err := Parse(c.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Matches(c.event); got != c.want {
				t.Errorf("matches: %v", got)
			}
		})
	}
}

func TestUnsupportedSyntaxIsNamed(t *testing.T) {
	for pattern, want := range map[string]string{
		`ERROR`:                        "only JSON patterns",
		`[ip, status = 5*]`:            "only JSON patterns",
		`{ $.a = %x% }`:                "regular expressions",
		`{ $.a = "x\"y" }`:             "backslash",
		`{ $.a = Ev*ent }`:             "asterisk",
		`{ $.a = "open }`:              "not closed",
		`{ $.a[*] = 1 }`:               "number in brackets",
		`{ $. = 1 }`:                   "a name must follow",
		`{ $ = 1 }`:                    "begins with $.",
		`{ a = 1 }`:                    "begins with a selector",
		`{ $.a }`:                      "after a selector follows",
		`{ $.a < word }`:               "compares numbers",
		`{ $.a = }`:                    "a string or a number",
		`{ $.a IS 1 }`:                 "after IS follows",
		`{ $.a NOT NULL }`:             "after NOT follows",
		`{ ($.a = 1 }`:                 "not closed",
		`{ $.a = 1 $.b = 2 }`:          "unexpected",
		`{ }`:                          "unexpected end",
		`{ $.a = 1 || }`:               "unexpected end",
		`{ $.a = é }`:                  "unexpected character",
		`{ ` + strings.Repeat("(", 51): "nested parentheses",
	} {
		t.Run(pattern, func(t *testing.T) {
			if strings.HasPrefix(pattern, "{ ((") {
				pattern += " }"
			}
			if _, err := Parse(pattern); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
		})
	}
}

func TestAFieldOfAnEvent(t *testing.T) {
	for selector, want := range map[string]string{"$.cache": "stale", "$.status": "503"} {
		if got, err := Field(selector, line); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", selector, got, err, want)
		}
	}
	for _, selector := range []string{"$.none", "cache", "$.cache x", ""} {
		if got, err := Field(selector, line); err == nil {
			t.Errorf("%s: %q, want an error", selector, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{`{ $.a = "b" && ($.c[0].d != 5* || $.e IS NULL) }`, `{ $.a NOT EXISTS }`, ``, `[a, b]`, `{ $.a >= 1e3 }`} {
		f.Add(pattern, line)
	}
	f.Fuzz(func(t *testing.T, pattern, event string) {
		p, err := Parse(pattern)
		if err != nil {
			return
		}
		first := p.Matches(event)
		again, err := Parse(" " + pattern + " ")
		if err != nil || again.Matches(event) != first {
			t.Errorf("%q with spaces around it: %v", pattern, err)
		}
	})
}
