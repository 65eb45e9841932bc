package call

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Convert converts a decoded JSON object to a struct.
func Convert(object map[string]any, out any) error {
	data, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return fmt.Errorf("convert the emulator's response: %w", err)
	}
	return nil
}

// CloneJSON copies a decoded JSON value, so that changing a response does not change the overlay.
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

// Decode decodes a request of a JSON protocol and rejects duplicate members. Top-level names are compared without
// regard to case: Go decodes the last one in any case, the emulator the one in the right case. Nested names are
// compared with regard to case, because the keys of a map (tags, variables) may differ in case only.
func Decode(body []byte, into any) error {
	if err := checkDuplicates(json.NewDecoder(bytes.NewReader(body)), strings.ToLower); err != nil {
		return err
	}
	return json.Unmarshal(body, into) //nolint:wrapcheck // callers add what they decode
}

// checkDuplicates reads one value and rejects duplicate members of its objects. Names are compared after normalize.
func checkDuplicates(decoder *json.Decoder, normalize func(string) string) error {
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
			key := normalize(fmt.Sprint(name))
			if seen[key] {
				return fmt.Errorf("the member %q is repeated", name)
			}
			seen[key] = true
		}
		if err := checkDuplicates(decoder, strings.Clone); err != nil {
			return err
		}
	}
	if nested {
		_, err = decoder.Token() // the closing delimiter
	}
	if err != nil {
		return fmt.Errorf("read the call: %w", err)
	}
	return nil
}

// StringMember returns a string member of an object, or the empty string.
func StringMember(object map[string]any, member string) string {
	value, _ := object[member].(string)
	return value
}
