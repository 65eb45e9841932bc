package cloudwatch

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// maxMetricData is the largest request of PutMetricData, uncompressed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
const maxMetricData = 1 << 20

// decode decodes a call in CBOR or JSON, which may be compressed.
func decode(x *call.Exchange, into any) error {
	body := x.Body
	if x.Request.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return fmt.Errorf("the body is not gzip: %w", err)
		}
		if body, err = io.ReadAll(io.LimitReader(unpacked, maxMetricData+1)); err != nil || len(body) > maxMetricData {
			return fmt.Errorf("the body is no gzip of at most %d bytes", maxMetricData)
		}
	}
	if call.IsCBOR(x.Request.Header) {
		value, err := cbor.Decode(body)
		if err != nil {
			return fmt.Errorf("the body is not CBOR: %w", err)
		}
		return remarshal(value, into)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the body is invalid: %w", err)
	}
	return nil
}

// remarshal decodes CBOR into a struct.
func remarshal(value cbor.Value, into any) error {
	document, err := json.Marshal(plain(value))
	if err != nil {
		return fmt.Errorf("the body has no JSON: %w", err)
	}
	if err := json.Unmarshal(document, into); err != nil {
		return fmt.Errorf("the body is invalid: %w", err)
	}
	return nil
}

// respond replaces the response, in the protocol of the call.
func respond(x *call.Exchange, document cbor.Map) error {
	x.Status = http.StatusOK
	if call.IsCBOR(x.Request.Header) {
		x.Header, x.Response = http.Header{"Content-Type": {"application/cbor"}, "Smithy-Protocol": {"rpc-v2-cbor"}}, cbor.Encode(document)
		return nil
	}
	body, err := json.Marshal(plain(document))
	if err != nil {
		return fmt.Errorf("encode the response: %w", err)
	}
	x.Header, x.Response = http.Header{"Content-Type": {"application/x-amz-json-1.0"}}, body
	return nil
}

// plain converts CBOR to what encoding/json encodes. A timestamp is a number.
func plain(value cbor.Value) any {
	switch v := value.(type) {
	case cbor.Map:
		object := map[string]any{}
		for name, member := range v {
			object[name] = plain(member)
		}
		return object
	case cbor.List:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = plain(element)
		}
		return list
	case *cbor.Tag:
		return plain(v.Value)
	case *cbor.Nil, *cbor.Undefined:
		return nil
	case cbor.NegInt:
		return -float64(v)
	}
	return value // a type whose underlying one encoding/json knows
}

// timestamp encodes a time.
func timestamp(t time.Time) cbor.Value {
	return &cbor.Tag{ID: 1, Value: cbor.Float64(float64(t.UnixMilli()) / 1000)}
}

// seconds decodes a time; zero: there is none.
func seconds(epoch *float64) time.Time {
	if epoch == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*epoch * 1000))
}
