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
			problems = append(problems, config.FieldError{Key: "zones", Value: config.Quote(zone), MustBe: "letters"})
		}
	}
	return problems
}

type componentConfig struct {
	CIDR  string      `json:"cidr"`
	Share float64     `json:"share"`
	On    bool        `json:"on"`
	Cache cacheConfig `json:"cache"`
}

func (c componentConfig) Validate() []config.FieldError {
	if c.CIDR == "" {
		return []config.FieldError{{Key: "cidr", MustBe: "a network"}}
	}
	return nil
}

type program struct {
	Name      string          `json:"name"`
	Component componentConfig `json:"component"`
}

func defaults() program {
	return program{Component: componentConfig{CIDR: "10.0.0.0/16", Cache: cacheConfig{Shards: 1}}}
}

func TestDecodeFillsTheStructAndKeepsDefaults(t *testing.T) {
	got := defaults()
	err := config.Decode(config.Values{
		"p:name":       "0123",
		"p:component":  `{"share": 0.5, "on": true, "cache": {"zones": ["a", "b"]}}`,
		"other:colour": "red",
	}, "p", &got)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Name, want.Component.Share, want.Component.On, want.Component.Cache.Zones = "0123", 0.5, true, []string{"a", "b"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDecodeReportsEveryProblem(t *testing.T) {
	for name, c := range map[string]struct {
		values config.Values
		want   []string
	}{
		"an unknown component": {
			config.Values{"p:colour": "{}"},
			[]string{`p:colour is an unknown key; must be one of component, name`},
		},
		"an unknown key inside a nested object": {
			config.Values{"p:component": `{"cache": {"shard": 3}}`},
			[]string{`p:component.cache.shard is an unknown key; must be one of shards, zones`},
		},
		"a string where an object belongs": {
			config.Values{"p:component": "big"},
			[]string{`p:component is "big"; must be an object with cache, cidr, on, share`},
		},
		"a string that only starts as JSON": {
			config.Values{"p:component": "{} {}"},
			[]string{`p:component is "{} {}"; must be an object with cache, cidr, on, share`},
		},
		"a fraction where an integer belongs": {
			config.Values{"p:component": `{"cache": {"shards": 1.5}}`},
			[]string{`p:component.cache.shards is 1.5; must be an integer`},
		},
		"a number in quotes": {
			config.Values{"p:component": `{"cache": {"shards": "3"}}`},
			[]string{`p:component.cache.shards is "3"; must be an integer`},
		},
		"a null": {
			config.Values{"p:component": `{"cidr": null}`},
			[]string{`p:component.cidr is null; must be a string`},
		},
		"a number that is too large for a float64": {
			config.Values{"p:component": `{"share": 1e999}`},
			[]string{`p:component.share is 1e999; must be a number`},
		},
		"a list item of the wrong type": {
			config.Values{"p:component": `{"cache": {"zones": ["a", 1]}}`},
			[]string{`p:component.cache.zones[1] is 1; must be a string`},
		},
		"each item that the nested object rejects": {
			config.Values{"p:component": `{"cache": {"zones": ["a", "bb", "cc"]}}`},
			[]string{`p:component.cache.zones is "bb"; must be letters`, `p:component.cache.zones is "cc"; must be letters`},
		},
		"a value that the nested object rejects": {
			config.Values{"p:component": `{"cache": {"shards": 9}}`},
			[]string{`p:component.cache.shards is 9; must be an integer from 1 to 5`},
		},
		"four mistakes at once, sorted": {
			config.Values{"p:colour": "1", "p:component": `{"on": "yes", "cidr": "", "cache": {"shards": 0}}`},
			[]string{
				`p:colour is an unknown key; must be one of component, name`,
				`p:component.cache.shards is 0; must be an integer from 1 to 5`,
				`p:component.cidr is not set; must be a network`,
				`p:component.on is "yes"; must be true or false`,
			},
		},
		"a component of a wrong type is not validated too": {
			config.Values{"p:component": "[]"},
			[]string{`p:component is []; must be an object with cache, cidr, on, share`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			target := defaults()
			checkProblems(t, config.Decode(c.values, "p", &target), c.want)
		})
	}
}

// A setting without a valid default is reported once when its type is wrong, not a second time as missing.
func TestAWrongTypeIsNotReportedAgainForTheDefaultInItsPlace(t *testing.T) {
	target := program{Component: componentConfig{Cache: cacheConfig{Shards: 1}}}
	checkProblems(t, config.Decode(config.Values{"p:component": `{"cidr": 5}`}, "p", &target), []string{`p:component.cidr is 5; must be a string`})
}

func TestJoinKeepsAndSortsEveryProblem(t *testing.T) {
	first, second := defaults(), defaults()
	err := config.Join(
		config.Decode(config.Values{"b:x": "1"}, "b", &first),
		nil,
		config.Decode(config.Values{"a:x": "1"}, "a", &second),
	)
	checkProblems(t, err, []string{
		`a:x is an unknown key; must be one of component, name`,
		`b:x is an unknown key; must be one of component, name`,
	})
	if err := config.Join(nil, nil); err != nil {
		t.Errorf("joining no errors returned %v", err)
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
	err := config.Decode(config.Values{"p:colour": "1"}, "p", &target)
	if want := "1 problem in the stack's configuration, nothing was registered:\n  p:colour"; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got %q, want it to start with %q", err, want)
	}
}

func TestLongValuesAreShortened(t *testing.T) {
	target := defaults()
	err := config.Decode(config.Values{"p:component": strings.Repeat("x", 500)}, "p", &target)
	if len(err.Error()) > 250 {
		t.Errorf("the message is %d characters long: %s", len(err.Error()), err)
	}
}

func checkProblems(t *testing.T, err error, want []string) {
	t.Helper()
	var list *config.Error
	if !errors.As(err, &list) {
		t.Fatalf("got %v, want a *config.Error", err)
	}
	got := make([]string, len(list.Problems))
	for i, p := range list.Problems {
		got[i] = p.String()
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
