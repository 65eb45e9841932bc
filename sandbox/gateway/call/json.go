package call

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Convert reads a decoded JSON object into a struct.
func Convert(object map[string]any, out any) error {
	data, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return fmt.Errorf("read the emulator's answer: %w", err)
	}
	return nil
}

// CloneJSON copies a decoded JSON value, so that what is remembered stays as
// it is when an answer is cleaned.
func CloneJSON(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for name, member := range v {
			copied[name] = CloneJSON(member)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, element := range v {
			copied[i] = CloneJSON(element)
		}
		return copied
	}
	return value
}

// Decode reads a call of a JSON protocol, unless a member is there twice, its own members in whatever
// case: Go takes the last one of any case, the emulator the one whose case is right. Within them the case may
// be all that two names of a map (tags, variables) differ in.
func Decode(body []byte, call any) error {
	if err := memberOnce(json.NewDecoder(bytes.NewReader(body)), strings.ToLower); err != nil {
		return err
	}
	return json.Unmarshal(body, call) //nolint:wrapcheck // its callers say what they read
}

// memberOnce reads one value and says which member of an object in it is there twice; names that same makes
// equal are one.
func memberOnce(decoder *json.Decoder, same func(string) string) error {
	token, err := decoder.Token()
	if err != nil {
		return fmt.Errorf("read the call: %w", err)
	}
	delim, nested := token.(json.Delim)
	seen := map[string]bool{}
	for nested && decoder.More() {
		if delim == '{' {
			name, err := decoder.Token()
			if err != nil {
				return fmt.Errorf("read the call: %w", err)
			}
			key := same(fmt.Sprint(name))
			if seen[key] {
				return fmt.Errorf("the member %q stands there twice", name)
			}
			seen[key] = true
		}
		if err := memberOnce(decoder, strings.Clone); err != nil {
			return err
		}
	}
	if nested {
		_, err = decoder.Token() // the end of it
	}
	if err != nil {
		return fmt.Errorf("read the call: %w", err)
	}
	return nil
}

// Text is a member that is a string; empty: it is none.
func Text(object map[string]any, member string) string {
	value, _ := object[member].(string)
	return value
}
