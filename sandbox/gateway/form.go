package gateway

import (
	"net/url"
	"strconv"
)

// formList reads a list of a Query protocol form: prefix.1 or prefix.member.1,
// whichever the service uses.
func formList(form url.Values, prefix string) []string {
	for _, name := range []string{prefix, prefix + ".member"} {
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
