package call

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// FormList reads a list parameter of the Query protocol: prefix.1 or prefix.member.1, depending on the service.
func FormList(form url.Values, prefix string) []string {
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

// FormType is the media type of a Query protocol body.
const FormType = "application/x-www-form-urlencoded"

// ParseForm returns the parameters of a Query protocol call. They are in the query string or in the body, not in
// both, and none is repeated. The body can be read again afterwards.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html
func ParseForm(r *http.Request) (url.Values, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, largestRequest+1))
	if err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("read the query: %w", err)
	}
	maps.DeleteFunc(form, func(name string, _ []string) bool { return strings.HasPrefix(name, "X-Amz-") })
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) > largestRequest:
		return nil, fmt.Errorf("the body is larger than %d bytes", largestRequest)
	case EncodedBody(r):
		return nil, errors.New("the body is encoded")
	case len(body) == 0 && (r.Method == http.MethodGet || r.Method == http.MethodPost):
	case len(form) > 0 || r.Method != http.MethodPost || err != nil || kind != FormType:
		return nil, errors.New("parameters must be in the query string or in the body of a POST of " + FormType + ", not in both")
	default:
		if form, err = url.ParseQuery(string(body)); err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
	}
	return form, checkParameters(form)
}

// checkParameters rejects a parameter that is repeated, in any case, and a form without an action.
func checkParameters(form url.Values) error {
	seen := map[string]bool{}
	for name, values := range form {
		lower := strings.ToLower(name)
		if seen[lower] || len(values) != 1 {
			return fmt.Errorf("the parameter %q is repeated", name)
		}
		seen[lower] = true
	}
	if form.Get("Action") == "" {
		return errors.New("the parameter Action is missing")
	}
	return nil
}

// EncodedBody reports whether the body has an encoding that the emulator decodes and the gateway does not.
func EncodedBody(r *http.Request) bool {
	return r.Header.Get("Content-Encoding") != "" || r.Header.Get("X-Amz-Decoded-Content-Length") != "" ||
		strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-")
}

// HasAction reports whether the query string has the parameter Action, in any case.
func HasAction(r *http.Request) bool {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, _, _ := strings.Cut(pair, "="); strings.EqualFold(Unescape(name), "Action") {
			return true
		}
	}
	return false
}

// Unescape decodes a component of a query string; one that is not valid is returned unchanged.
func Unescape(component string) string {
	if decoded, err := url.QueryUnescape(component); err == nil {
		return decoded
	}
	return component
}

// FormMembers returns the members that a request sets, given the member of each parameter.
func FormMembers(form url.Values, members map[string]string) map[string]any {
	set := map[string]any{}
	for parameter, member := range members {
		if value := form.Get(parameter); value != "" {
			set[member] = value
		}
	}
	return set
}

var tagParameter = regexp.MustCompile(`^(.*Tags?(?:\.(?:member|Tag))?\.\d+)\.Key$`)

// RequestTags are the condition keys aws:RequestTag/KEY of a Query protocol call.
func RequestTags(x *Exchange) map[string][]string {
	keys := map[string][]string{}
	for parameter, values := range x.Form {
		match := tagParameter.FindStringSubmatch(parameter)
		if match == nil || len(values) == 0 {
			continue
		}
		key := "aws:requesttag/" + strings.ToLower(values[0])
		if value := x.Form.Get(match[1] + ".Value"); !slices.Contains(keys[key], value) {
			keys[key] = append(keys[key], value)
		}
	}
	return keys
}
