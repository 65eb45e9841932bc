package handler

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/store"
)

// encodeAnswer writes an answer as API Gateway reads it.
func encodeAnswer(answer events.APIGatewayProxyResponse) []byte {
	text := make([]byte, 0, 512+len(answer.Body)+len(answer.Body)/4)
	text = append(text, `{"statusCode":`...)
	text = strconv.AppendInt(text, int64(answer.StatusCode), 10)
	text = append(text, `,"headers":{`...)
	first := true
	for name, value := range answer.Headers {
		if !first {
			text = append(text, ',')
		}
		first = false
		text = appendString(text, name)
		text = append(text, ':')
		text = appendString(text, value)
	}
	text = append(text, `},"body":`...)
	text = appendString(text, answer.Body)
	return append(text, '}')
}

// appendItem appends what the API shows of an item. Its body is JSON as the
// database took it.
func appendItem(text []byte, item store.Item) []byte {
	text = append(text, `{"id":`...)
	text = appendString(text, item.ID)
	text = append(text, `,"body":`...)
	text = append(text, item.Body...)
	text = append(text, `,"updated_at":"`...)
	text = item.UpdatedAt.AppendFormat(text, time.RFC3339Nano)
	return append(text, '"', '}')
}

// itemResponse answers with an item.
func itemResponse(status int, item store.Item) *response {
	return jsonText(status, append(appendItem(make([]byte, 0, 128+len(item.Body)), item), '\n'))
}

// pageResponse answers with a page and the cursor of the next one.
func pageResponse(page store.Page) *response {
	size := 64
	for _, item := range page.Items {
		size += 128 + len(item.Body)
	}
	text := append(make([]byte, 0, size), `{"items":[`...)
	for i, item := range page.Items {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendItem(text, item)
	}
	text = append(text, `],"next_cursor":`...)
	if page.More {
		text = appendString(text, encodeCursor(page.Items[len(page.Items)-1].ID))
	} else {
		text = append(text, "null"...)
	}
	return jsonText(http.StatusOK, append(text, '}', '\n'))
}

// appendString appends value as a JSON string.
func appendString(text []byte, value string) []byte {
	if !utf8.ValidString(value) {
		quoted, _ := json.Marshal(value) // a string never fails
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
		switch c {
		case '"', '\\':
			text = append(text, '\\', c)
		case '\n':
			text = append(text, '\\', 'n')
		default:
			text = append(text, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(text, value[from:]...), '"')
}
