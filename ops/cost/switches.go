package cost

import (
	"fmt"
	"math"
	"slices"
)

// Switch is a config key with the effect of its other values.
type Switch struct {
	Key     string   `json:"key"`
	Now     string   `json:"now"`
	Options []Option `json:"options"`
}

// Option is another value and the change of the month's total.
type Option struct {
	Value  string  `json:"value"`
	Change float64 `json:"change"`
}

// choice is a value of a switch, and its effect on the facts.
type choice struct {
	value string
	set   func(*Facts)
}

// switches prices every switch by estimating again with other facts: one preview is enough.
func switches(f Facts, t Traffic, p Prices) []Switch {
	before, _ := total(estimate(f, t, p))
	var list []Switch
	for _, s := range []struct {
		key, now string
		choices  []choice
	}{
		{"network.nat", natMode(f), natChoices(f)},
		{"data.proxy.enabled", fmt.Sprint(f.Proxies > 0), proxyChoices(f)},
		{"data.database.readers", fmt.Sprint(max(0, f.Instances-1)), readerChoices(f)},
		{"data.database.minCapacity", fmt.Sprint(f.MinACU), capacityChoices(f)},
		{"data.cache.shards", fmt.Sprint(f.Shards), around(f.Shards, 1, func(f *Facts, n int) { f.Shards = n })},
		{"data.cache.replicas", fmt.Sprint(f.Replicas), around(f.Replicas, 0, func(f *Facts, n int) { f.Replicas = n })},
		{"data.cache.engine", f.CacheEngine, others(f.CacheEngine, []string{"redis", "valkey"}, func(f *Facts, v string) { f.CacheEngine = v })},
		{"api.provisionedConcurrency", fmt.Sprint(f.Provisioned), provisionedChoices(f)},
		{"api.architecture", f.Architecture, others(f.Architecture, []string{"arm64", "x86_64"}, func(f *Facts, v string) { f.Architecture = v })},
		{"api.waf", fmt.Sprint(f.WebACLs > 0), wafChoices(f)},
	} {
		sw := Switch{Key: s.key, Now: s.now}
		for _, c := range s.choices {
			changed := f
			c.set(&changed)
			// Without a price row the change is unknown.
			if after, missing := total(estimate(changed, t, p)); len(missing) == 0 {
				sw.Options = append(sw.Options, Option{c.value, cents(after - before)})
			}
		}
		if len(sw.Options) > 0 {
			list = append(list, sw)
		}
	}
	return list
}

func natMode(f Facts) string {
	switch {
	case f.NATGateways == 0:
		return "none"
	case f.NATGateways < f.Zones:
		return "single"
	default:
		return "perAz"
	}
}

// natChoices changes the gateways with their addresses, one each.
func natChoices(f Facts) []choice {
	if f.Zones == 0 {
		return nil
	}
	var choices []choice
	for _, mode := range []struct {
		name  string
		count int
	}{{"none", 0}, {"single", 1}, {"perAz", f.Zones}} {
		if mode.name != natMode(f) {
			choices = append(choices, choice{mode.name, func(f *Facts) {
				f.Addresses += mode.count - f.NATGateways
				f.NATGateways = mode.count
			}})
		}
	}
	return choices
}

// proxyChoices is the other value, where there is a cluster.
func proxyChoices(f Facts) []choice {
	if f.Instances == 0 {
		return nil
	}
	return []choice{{fmt.Sprint(f.Proxies == 0), func(f *Facts) { f.Proxies = 1 - min(f.Proxies, 1) }}}
}

func readerChoices(f Facts) []choice {
	if f.Instances == 0 {
		return nil
	}
	return around(f.Instances-1, 0, func(f *Facts, readers int) { f.Instances = 1 + readers })
}

// capacityChoices are half and twice the minimum capacity of an instance.
func capacityChoices(f Facts) []choice {
	const least = 0.5
	var choices []choice
	for _, acu := range []float64{f.MinACU / 2, f.MinACU * 2} {
		if f.Instances > 0 && acu >= least && acu <= f.MaxACU && math.Mod(acu, least) == 0 {
			choices = append(choices, choice{fmt.Sprint(acu), func(f *Facts) { f.MinACU = acu }})
		}
	}
	return choices
}

func provisionedChoices(f Facts) []choice {
	if f.MemoryMB == 0 {
		return nil
	}
	return around(f.Provisioned, 0, func(f *Facts, n int) { f.Provisioned = n })
}

// ruleCount is the number of rules of the program's web ACL.
const ruleCount = 3

func wafChoices(f Facts) []choice {
	if f.WebACLs > 0 {
		return []choice{{"false", func(f *Facts) { f.WebACLs, f.WebACLRules = 0, 0 }}}
	}
	return []choice{{"true", func(f *Facts) { f.WebACLs, f.WebACLRules = 1, ruleCount }}}
}

// around returns the least value, one less and one more.
func around(now, least int, set func(*Facts, int)) []choice {
	var choices []choice
	for _, n := range slices.Compact([]int{least, now - 1, now + 1}) {
		if n >= least && n != now {
			choices = append(choices, choice{fmt.Sprint(n), func(f *Facts) { set(f, n) }})
		}
	}
	return choices
}

func others(now string, all []string, set func(*Facts, string)) []choice {
	if !slices.Contains(all, now) {
		return nil
	}
	var choices []choice
	for _, value := range all {
		if value != now {
			choices = append(choices, choice{value, func(f *Facts) { set(f, value) }})
		}
	}
	return choices
}

// total is the sum of the lines; it passes on what could not be priced.
func total(lines []Line, missing []string) (float64, []string) {
	sum := 0.0
	for _, l := range lines {
		sum += l.USD
	}
	return sum, missing
}

// cents rounds to cents.
func cents(usd float64) float64 { return math.Round(usd*100) / 100 }
