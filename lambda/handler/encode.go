package handler

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/store"
)

// encodeResponse encodes a buffered response for API Gateway.
func encodeResponse(resp events.APIGatewayProxyResponse) []byte {
	text := make([]byte, 0, 512+len(resp.Body)+len(resp.Body)/4)
	text = append(text, `{"statusCode":`...)
	text = strconv.AppendInt(text, int64(resp.StatusCode), 10)
	text = append(text, `,"headers":{`...)
	first := true
	for name, value := range resp.Headers {
		if !first {
			text = append(text, ',')
		}
		first = false
		text = appendString(text, name)
		text = append(text, ':')
		text = appendString(text, value)
	}
	text = append(text, `},"body":`...)
	text = appendString(text, resp.Body)
	return append(text, '}')
}

// appendItem appends an item's representation. Its body is JSON that was validated when it was written.
func appendItem(text []byte, item store.Item) []byte {
	text = append(text, `{"id":`...)
	text = appendString(text, item.ID)
	text = append(text, `,"body":`...)
	text = append(text, item.Body...)
	text = append(text, `,"updated_at":"`...)
	text = item.UpdatedAt.AppendFormat(text, time.RFC3339Nano)
	return append(text, '"', '}')
}

// itemResponse returns a response with an item.
func itemResponse(status int, item store.Item) *response {
	return rawJSONResponse(status, append(appendItem(make([]byte, 0, 128+len(item.Body)), item), '\n'))
}

// maxEncodedPage bounds a page in bytes, encoded as a JSON string. The rest of Lambda's limit is for the headers
// and the cursor.
const maxEncodedPage = runtimeapi.MaxResponse - 64<<10

// pageResponse returns a page with the cursor of the next one. The page ends before the item that would exceed
// the limit.
func pageResponse(page store.Page) *response {
	size := 64
	for _, item := range page.Items {
		size += 128 + len(item.Body)
	}
	text := append(make([]byte, 0, size), `{"items":[`...)
	last, sent := "", 0
	for i, item := range page.Items {
		begin := len(text)
		if i > 0 {
			text = append(text, ',')
		}
		text = appendItem(text, item)
		if sent += encodedLength(text[begin:]); sent > maxEncodedPage && i > 0 {
			text, page.More = text[:begin], true
			break
		}
		last = item.ID
	}
	text = append(text, `],"next_cursor":`...)
	if page.More {
		text = appendString(text, encodeCursor(last))
	} else {
		text = append(text, "null"...)
	}
	return rawJSONResponse(http.StatusOK, append(text, '}', '\n'))
}

// appendString appends value as a JSON string.
func appendString(text []byte, value string) []byte {
	if !utf8.ValidString(value) {
		quoted, _ := json.Marshal(value) // cannot fail for a string
		return append(text, quoted...)
	}
	const hex = "0123456789abcdef"
	text = append(text, '"')
	from := 0
	for i := range len(value) {
		c := value[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		text = append(text, value[from:i]...)
		from = i + 1
		if short := shortEscapes[c]; short != 0 {
			text = append(text, '\\', short)
		} else {
			text = append(text, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(text, value[from:]...), '"')
}

// shortEscapes maps the characters with a two-character escape to the second character (RFC 8259, 7). JSON
// contains no other character that needs an escape, so it at most doubles in length inside a JSON string.
var shortEscapes = [utf8.RuneSelf]byte{'"': '"', '\\': '\\', '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r'}

// encodedLength returns the length of text as encoded by appendString, without quotes.
func encodedLength(text []byte) int {
	length := len(text)
	for _, c := range text {
		switch {
		case c >= utf8.RuneSelf:
		case shortEscapes[c] != 0:
			length++
		case c < ' ':
			length += 5
		}
	}
	return length
}
