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

// FormList reads a list of a Query protocol form: prefix.1 or prefix.member.1,
// whichever the service uses.
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

// FormType is the media type of a form.
const FormType = "application/x-www-form-urlencoded"

// FormOf are the parameters of a call of the Query protocol, which stand in its query or in its body, each
// once. The body can be read again afterwards.
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonParameters.html
func FormOf(r *http.Request) (url.Values, error) {
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
		return nil, errors.New("parameters stand in the query or in the body of a POST of " + FormType + ", not in both")
	default:
		if form, err = url.ParseQuery(string(body)); err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
	}
	return form, onceEach(form)
}

// onceEach says which parameter there is twice, in whatever case, and whether there is no action.
func onceEach(form url.Values) error {
	seen := map[string]bool{}
	for name, values := range form {
		lower := strings.ToLower(name)
		if seen[lower] || len(values) != 1 {
			return fmt.Errorf("the parameter %q stands there twice", name)
		}
		seen[lower] = true
	}
	if form.Get("Action") == "" {
		return errors.New("there is no parameter Action")
	}
	return nil
}

// EncodedBody says whether the emulator would decode the body before it reads it, which the gateway does not.
func EncodedBody(r *http.Request) bool {
	return r.Header.Get("Content-Encoding") != "" || r.Header.Get("X-Amz-Decoded-Content-Length") != "" ||
		strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-")
}

// HasAction says whether the query has an action, in whatever case.
func HasAction(r *http.Request) bool {
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if name, _, _ := strings.Cut(pair, "="); strings.EqualFold(Unescaped(name), "Action") {
			return true
		}
	}
	return false
}

// Unescaped is the text that a part of a query stands for, which may be itself.
func Unescaped(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// FormMembers picks members out of a request.
func FormMembers(form url.Values, members map[string]string) map[string]any {
	picked := map[string]any{}
	for parameter, member := range members {
		if value := form.Get(parameter); value != "" {
			picked[member] = value
		}
	}
	return picked
}

var tagParameter = regexp.MustCompile(`^(.*Tags?(?:\.(?:member|Tag))?\.\d+)\.Key$`)

// RequestTags are the tags that a call of the Query protocol sets.
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
