package call

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/smithy-go/encoding/cbor"
)

// IsCBOR reports whether the Content-Type is CBOR.
func IsCBOR(header http.Header) bool {
	return strings.HasPrefix(header.Get("Content-Type"), "application/cbor")
}

// DecodeCBOR decodes a body that is a map.
func DecodeCBOR(data []byte) (cbor.Map, error) {
	value, err := cbor.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("decode CBOR: %w", err)
	}
	object, ok := value.(cbor.Map)
	if !ok {
		return nil, errors.New("decode CBOR: not a map")
	}
	return object, nil
}
