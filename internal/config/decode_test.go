package config_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
)

type cacheConfig struct {
	Shards int      `json:"shards"`
	Zones  []string `json:"zones"`
}

func (c cacheConfig) Validate() []config.FieldError {
	problems := config.Between("shards", c.Shards, 1, 5)
	for _, zone := range c.Zones {
		if len(zone) != 1 {
			problems = append(problems, config.FieldError{Key: "zones", Value: config.Text(zone), Want: "letters"})
		}
	}
	return problems
}

type roomConfig struct {
	CIDR  string      `json:"cidr"`
	Share float64     `json:"share"`
	On    bool        `json:"on"`
	Cache cacheConfig `json:"cache"`
}

func (c roomConfig) Validate() []config.FieldError {
	if c.CIDR == "" {
		return []config.FieldError{{Key: "cidr", Want: "a network"}}
	}
	return nil
}

type program struct {
	Name string     `json:"name"`
	Room roomConfig `json:"room"`
}

func defaults() program {
	return program{Room: roomConfig{CIDR: "10.0.0.0/16", Cache: cacheConfig{Shards: 1}}}
}

func TestDecodeFillsTheStructAndKeepsDefaults(t *testing.T) {
	got := defaults()
	err := config.Decode(config.Values{
		"p:name":       "0123",
		"p:room":       `{"share": 0.5, "on": true, "cache": {"zones": ["a", "b"]}}`,
		"other:colour": "red",
	}, "p", &got)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Name, want.Room.Share, want.Room.On, want.Room.Cache.Zones = "0123", 0.5, true, []string{"a", "b"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecodeReportsEveryProblem(t *testing.T) {
	for name, c := range map[string]struct {
		values config.Values
		want   []string
	}{
		"an unknown room": {
			config.Values{"p:rom": "{}"},
			[]string{`p:rom is {}; want a known key, one of name, room`},
		},
		"an unknown key inside a nested object": {
			config.Values{"p:room": `{"cache": {"shard": 3}}`},
			[]string{`p:room.cache.shard is 3; want a known key, one of shards, zones`},
		},
		"text where a room should be": {
			config.Values{"p:room": "big"},
			[]string{`p:room is "big"; want an object with cache, cidr, on, share`},
		},
		"text that only starts as JSON": {
			config.Values{"p:room": "{} {}"},
			[]string{`p:room is "{} {}"; want an object with cache, cidr, on, share`},
		},
		"a fraction where a whole number should be": {
			config.Values{"p:room": `{"cache": {"shards": 1.5}}`},
			[]string{`p:room.cache.shards is 1.5; want a whole number`},
		},
		"a number in quotes": {
			config.Values{"p:room": `{"cache": {"shards": "3"}}`},
			[]string{`p:room.cache.shards is "3"; want a whole number`},
		},
		"a null": {
			config.Values{"p:room": `{"cidr": null}`},
			[]string{`p:room.cidr is null; want text`},
		},
		"a number that no machine holds": {
			config.Values{"p:room": `{"share": 1e999}`},
			[]string{`p:room.share is 1e999; want a number`},
		},
		"a list item of the wrong type": {
			config.Values{"p:room": `{"cache": {"zones": ["a", 1]}}`},
			[]string{`p:room.cache.zones[1] is 1; want text`},
		},
		"each item that the nested room refuses": {
			config.Values{"p:room": `{"cache": {"zones": ["a", "bb", "cc"]}}`},
			[]string{`p:room.cache.zones is "bb"; want letters`, `p:room.cache.zones is "cc"; want letters`},
		},
		"a value that the nested room refuses": {
			config.Values{"p:room": `{"cache": {"shards": 9}}`},
			[]string{`p:room.cache.shards is 9; want a whole number from 1 to 5`},
		},
		"four mistakes at once, sorted": {
			config.Values{"p:rom": "1", "p:room": `{"on": "yes", "cidr": "", "cache": {"shards": 0}}`},
			[]string{
				`p:rom is 1; want a known key, one of name, room`,
				`p:room.cache.shards is 0; want a whole number from 1 to 5`,
				`p:room.cidr is not set; want a network`,
				`p:room.on is "yes"; want true or false`,
			},
		},
		"a wrong room is not reported again by its own check": {
			config.Values{"p:room": "[]"},
			[]string{`p:room is []; want an object with cache, cidr, on, share`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			target := defaults()
			checkProblems(t, config.Decode(c.values, "p", &target), c.want)
		})
	}
}

// A setting without a usable default is reported once when its type is wrong: not a second time as
// missing.
func TestAWrongTypeIsNotReportedAgainForTheDefaultInItsPlace(t *testing.T) {
	target := program{Room: roomConfig{Cache: cacheConfig{Shards: 1}}}
	checkProblems(t, config.Decode(config.Values{"p:room": `{"cidr": 5}`}, "p", &target), []string{`p:room.cidr is 5; want text`})
}

func TestJoinKeepsAndSortsEveryProblem(t *testing.T) {
	first, second := defaults(), defaults()
	err := config.Join(
		config.Decode(config.Values{"b:x": "1"}, "b", &first),
		nil,
		config.Decode(config.Values{"a:x": "1"}, "a", &second),
	)
	checkProblems(t, err, []string{
		`a:x is 1; want a known key, one of name, room`,
		`b:x is 1; want a known key, one of name, room`,
	})
	if err := config.Join(nil, nil); err != nil {
		t.Errorf("joining nothing gave %v", err)
	}
}

func TestJoinDoesNotHideAnErrorOfAnotherKind(t *testing.T) {
	odd := errors.New("odd")
	if err := config.Join(nil, odd); !errors.Is(err, odd) {
		t.Errorf("got %v, want %v", err, odd)
	}
}

func TestTheErrorCountsTheProblemsAndReportsThatNothingWasRegistered(t *testing.T) {
	target := defaults()
	err := config.Decode(config.Values{"p:rom": "1"}, "p", &target)
	if want := "1 problem in the stack's configuration, nothing was registered:\n  p:rom"; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %q, want it to start with %q", err, want)
	}
}

func TestLongValuesAreShortened(t *testing.T) {
	target := defaults()
	err := config.Decode(config.Values{"p:room": strings.Repeat("x", 500)}, "p", &target)
	if len(err.Error()) > 250 {
		t.Errorf("the message is %d characters long: %s", len(err.Error()), err)
	}
}

func checkProblems(t *testing.T, err error, want []string) {
	t.Helper()
	var list *config.Error
	if !errors.As(err, &list) {
		t.Fatalf("got %v, want a list of problems", err)
	}
	got := make([]string, len(list.Problems))
	for i, p := range list.Problems {
		got[i] = p.String()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
