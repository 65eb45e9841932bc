package gateway

import (
	"net/url"
	"strconv"
)

// formList reads a list of a Query protocol form: prefix.1, prefix.member.1 or
// prefix.<item>.1, whichever the service uses.
func formList(form url.Values, prefix string, items ...string) []string {
	for _, name := range append([]string{prefix, prefix + ".member"}, itemPrefixes(prefix, items)...) {
		var values []string
		for i := 1; form.Has(name + "." + strconv.Itoa(i)); i++ {
			values = append(values, form.Get(name+"."+strconv.Itoa(i)))
		}
		if len(values) > 0 {
			return values
		}
	}
	return nil
}

func itemPrefixes(prefix string, items []string) []string {
	prefixes := make([]string, len(items))
	for i, item := range items {
		prefixes[i] = prefix + "." + item
	}
	return prefixes
}
