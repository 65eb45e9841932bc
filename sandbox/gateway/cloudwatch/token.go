package cloudwatch

import (
	"encoding/base64"
	"errors"
	"strconv"

	"github.com/aws/smithy-go/encoding/cbor"
)

// token encodes the position of the next page.
func token(position int) cbor.String {
	return cbor.String(base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(position))))
}

// position decodes a token; none is the first page.
func position(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		var position int
		if position, err = strconv.Atoi(string(text)); err == nil && position > 0 {
			return position, nil
		}
	}
	return 0, errors.New("the NextToken is not one of an earlier response")
}
