package gateway

import (
	"encoding/json"
	"fmt"
)

// convert reads a decoded JSON object into a struct.
func convert(object map[string]any, out any) error {
	data, err := json.Marshal(object)
	if err == nil {
		err = json.Unmarshal(data, out)
	}
	if err != nil {
		return fmt.Errorf("read the emulator's answer: %w", err)
	}
	return nil
}

// cloneJSON copies a decoded JSON value, so that what is remembered stays as
// it is when an answer is cleaned.
func cloneJSON(value any) any {
	switch v := value.(type) {
	case map[string]any:
		copied := make(map[string]any, len(v))
		for name, member := range v {
			copied[name] = cloneJSON(member)
		}
		return copied
	case []any:
		copied := make([]any, len(v))
		for i, element := range v {
			copied[i] = cloneJSON(element)
		}
		return copied
	}
	return value
}
