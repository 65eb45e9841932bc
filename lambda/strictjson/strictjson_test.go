package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/didomi/serverless-api/lambda/strictjson"
)

func nested(depth int) string {
	return strings.Repeat(`[{"a":`, depth/2) + strings.Repeat("[", depth%2) + strings.Repeat("]", depth%2) +
		strings.Repeat("0", 1-depth%2) + strings.Repeat("}]", depth/2)
}

// longestDouble is -2^-1074 written out.
func longestDouble() string {
	return "-" + strconv.FormatFloat(math.SmallestNonzeroFloat64, 'f', 1074, 64)
}

func members(n int, last string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, `"%d":0,`, i)
	}
	return "{" + text.String() + last + ":0}"
}

func TestJSONThatEveryClientCanRead(t *testing.T) {
	for name, text := range map[string]string{
		"a number":                              `0`,
		"a negative zero":                       `-0`,
		"a string":                              `"é\u0041\ud83d\ude00\/\b\f\n\r\t\"\\"`,
		"a null":                                `null`,
		"white space around":                    " \t\r\n[ true , false ] \n",
		"empty arrays and objects":              `[[],{}]`,
		"the deepest nesting":                   nested(strictjson.MaxDepth),
		"the largest double":                    `1.7976931348623157e308`,
		"the smallest double":                   `-4.9e-324`,
		"the longest double":                    longestDouble(),
		"the largest double, written out":       strconv.FormatFloat(math.MaxFloat64, 'f', 0, 64),
		"a zero with an exponent":               `0.00e-9999`,
		"an exponent with leading zeros":        `1e+00000000000012`,
		"an integer over 2^53":                  `12345678901234567890`,
		"more digits than a double has":         `3.141592653589793238462643383279`,
		"the same name in two objects":          `{"a":{"a":1},"b":{"a":1}}`,
		"names that differ in case":             `{"a":1,"A":2}`,
		"many names":                            members(1000, `"x"`),
		"U+0000 as an escape":                   `"\u0000"`,
		"U+FFFD as an escape":                   `"\ufffd"`,
		"a character outside the basic plane":   `"😀"`,
		"a non-character":                       "\"\uffff\"",
		"U+2028":                                "\"\u2028\"",
		"a name with an escape, and another":    `{"\u0061":1,"b":2}`,
		"the letters of a surrogate's escape":   `"\\ud800"`,
		"upper case in a surrogate's escape":    `"\uD83D\uDE00"`,
		"empty names in two objects":            `[{"":1},{"":1}]`,
		"the byte order mark within a string":   "\"\ufeff\"",
		"a string of many characters":           `"` + strings.Repeat("é😀x", 10_000) + `"`,
		"a number that ends in an exponent's 0": `1e0`,
	} {
		t.Run(name, func(t *testing.T) {
			if err := strictjson.Check(text, true); err != nil {
				t.Fatal(err)
			}
			readable(t, []byte(text))
		})
	}
}

// The rules of RFC 8259, by section, and what of each is rejected.
func TestJSONThatSomeClientsCannotRead(t *testing.T) {
	for name, test := range map[string]struct {
		text, problem string
		limit         bool
	}{
		"nothing":                                {``, "an unexpected end at byte 0", false},
		"white space alone":                      {"  ", "an unexpected end at byte 2", false},
		"2: two texts":                           {`{} {}`, "something after the value at byte 3", false},
		"2: a byte 0 after it":                   {"1 \x00", "something after the value at byte 2", false},
		"2: white space that JSON lacks":         {"\v1", "no value at byte 0", false},
		"3: a word":                              {`nul`, "no value at byte 0", false},
		"3: a longer word":                       {`nulls`, "something after the value at byte 4", false},
		"4: a comma at the end":                  {`{"a":1,}`, "no name of a member at byte 7", false},
		"4: a name that is no string":            {`{a:1}`, "no name of a member at byte 1", false},
		"4: no value":                            {`{"a":}`, "no value at byte 5", false},
		"4: no colon":                            {`{"a" 1}`, "no : after a name at byte 5", false},
		"4: no comma":                            {`{"a":1 "b":2}`, "neither , nor } after a member at byte 7", false},
		"4: an object without end":               {`{"a":1`, "an unexpected end at byte 6", false},
		"4: a name twice":                        {`{"a":1,"b":2,"a":3}`, "a name that another member of the object has at byte 13", true},
		"4: a name twice, once with an escape":   {`{"a":1,"\u0061":3}`, "a name that another member of the object has at byte 7", true},
		"4: a name twice, of one character":      {`{"\ud83d\ude00":1,"😀":3}`, "a name that another member of the object has at byte 18", true},
		"4: a name twice in an inner object":     {`[{"a":{"b":1,"b":2}}]`, "a name that another member of the object has at byte 13", true},
		"4: the ninth name, the first":           {`{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"a":9}`, "a name that another member of the object has at byte 49", true},
		"4: the last of many, the first":         {members(1000, `"0"`), "a name that another member of the object has at byte 7891", true},
		"5: a comma at the end":                  {`[1,]`, "no value at byte 3", false},
		"5: no comma":                            {`[1 2]`, "neither , nor ] after an element at byte 3", false},
		"5: an array without end":                {`[1,`, "an unexpected end at byte 3", false},
		"6: a leading zero":                      {`[01]`, "a number with a leading zero at byte 1", false},
		"6: a plus":                              {`+1`, "no value at byte 0", false},
		"6: a minus alone":                       {`-`, "an unexpected end at byte 1", false},
		"6: no digit before the point":           {`.5`, "no value at byte 0", false},
		"6: no digit after the point":            {`[5.]`, "no digit after a decimal point at byte 3", false},
		"6: no digit in the exponent":            {`[5e+]`, "no digit in an exponent at byte 4", false},
		"6: not a number":                        {`NaN`, "no value at byte 0", false},
		"6: larger than a double":                {`[1e309]`, "a number larger than a double (IEEE 754) can be at byte 1", true},
		"6: far larger than a double":            {`1e999999999`, "a number with an exponent of more than 4 digits at byte 0", true},
		"6: a zero with a long exponent":         {`0e12345`, "a number with an exponent of more than 4 digits at byte 0", true},
		"6: smaller than a double":               {`-1e-400`, "a number smaller than a double (IEEE 754) can be, and not zero at byte 0", true},
		"6: larger by its digits":                {`[1` + strings.Repeat("0", 309) + `]`, "a number larger than a double (IEEE 754) can be at byte 1", true},
		"6: 200,000 digits":                      {`{"a":` + strings.Repeat("9", 200_000) + `}`, "a number of more than 1077 characters at byte 5", true},
		"6: a character more than any double":    {longestDouble() + "1", "a number of more than 1077 characters at byte 0", true},
		"7: a string without end":                {`"abc`, "an unexpected end at byte 4", false},
		"7: an escape without end":               {`"abc\`, "an unexpected end at byte 5", false},
		"7: an escape that JSON lacks":           {`"\x41"`, "no escape that JSON has at byte 1", false},
		"7: too few hexadecimal digits":          {`"\u12"`, `no four hexadecimal digits after \u at byte 1`, false},
		"7: digits that are not hexadecimal":     {`"\u12g4"`, `no four hexadecimal digits after \u at byte 1`, false},
		"7: a control character":                 {"\"a\x1f\"", "a control character in a string at byte 2", false},
		"7: a line feed":                         {"\"a\n\"", "a control character in a string at byte 2", false},
		"7: single quotes":                       {`'a'`, "no value at byte 0", false},
		"8.1: a byte order mark":                 {"\ufeff1", "a byte order mark at byte 0", false},
		"8.1: UTF-16":                            {"1\x00", "something after the value at byte 1", false},
		"8.1: a byte that is not UTF-8":          {"\"é\xff\"", "bytes that are not UTF-8 at byte 3", false},
		"8.1: an overlong form":                  {"\"\xc0\xaf\"", "bytes that are not UTF-8 at byte 1", false},
		"8.1: a surrogate's bytes":               {"\"\xed\xa0\x80\"", "bytes that are not UTF-8 at byte 1", false},
		"8.1: what was not UTF-8":                {"\"a\ufffd\"", `U+FFFD, which stands for bytes that are not UTF-8 (write a real one as \ufffd) at byte 2`, false},
		"8.1: bytes that are not UTF-8, outside": {"[\xff]", "no value at byte 1", false},
		"8.2: the first half of a surrogate":     {`"\ud83d"`, "a surrogate without its other half at byte 1", true},
		"8.2: the second half":                   {`"\ude00"`, "a surrogate without its other half at byte 1", true},
		"8.2: the halves the other way round":    {`"\ude00\ud83d"`, "a surrogate without its other half at byte 1", true},
		"8.2: the first half, and a letter":      {`"\ud83d\u0041"`, "a surrogate without its other half at byte 1", true},
		"8.2: the first half in a name":          {`{"\ud83d":1}`, "a surrogate without its other half at byte 2", true},
		"9: too deep":                            {nested(strictjson.MaxDepth + 1), "more than 60 levels of arrays and objects at byte 180", true},
		"9: 100,000 deep":                        {strings.Repeat("[", 100_000), "more than 60 levels of arrays and objects at byte 60", true},
	} {
		t.Run(name, func(t *testing.T) {
			err := strictjson.Check(test.text, true)
			var wrong *strictjson.Error
			if !errors.As(err, &wrong) || wrong.Error() != test.problem || wrong.Limit != test.limit {
				t.Fatalf("got %+v, want %s", err, test.problem)
			}
		})
	}
}

func TestU_FFFDIsAcceptedWhereNothingWasReplaced(t *testing.T) {
	if err := strictjson.Check("\"\ufffd\"", false); err != nil {
		t.Fatal(err)
	}
	if strictjson.Check("\"\xff\"", false) == nil {
		t.Fatal("bytes that are not UTF-8 were accepted")
	}
}

// readable checks an accepted text with a parser that has no such limits.
func readable(t *testing.T, text []byte) {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%q was accepted: %v", text, err)
	}
	if problem := beyond(text); problem != "" || !utf8.Valid(text) {
		t.Fatalf("%q was accepted with %s", text, problem)
	}
}

// beyond returns the limit that a JSON text in UTF-8 exceeds, if any, as encoding/json parses it.
func beyond(text []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	type level struct {
		names map[string]bool // nil in an array
		name  bool            // a name follows
	}
	var levels []level
	lost := 0 // characters that the decoder replaced
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err.Error()
		}
		if end, ok := token.(json.Delim); ok && (end == ']' || end == '}') {
			levels = levels[:len(levels)-1]
			continue
		}
		if last := len(levels) - 1; last >= 0 && levels[last].names != nil {
			if name, ok := token.(string); ok && levels[last].name {
				if levels[last].name = false; levels[last].names[name] {
					return "a name twice"
				}
				levels[last].names[name] = true
				lost += strings.Count(name, "\ufffd")
				continue
			}
			levels[last].name = true
		}
		switch token := token.(type) {
		case json.Delim:
			levels = append(levels, level{name: true})
			if token == '{' {
				levels[len(levels)-1].names = map[string]bool{}
			}
			if len(levels) > strictjson.MaxDepth {
				return "too deep"
			}
		case json.Number:
			if problem := outOfRange(string(token)); problem != "" {
				return problem
			}
		case string:
			lost += strings.Count(token, "\ufffd")
		}
	}
	lower := strings.ToLower(strings.ReplaceAll(string(text), `\\`, ""))
	if lost != strings.Count(lower, "\ufffd")+strings.Count(lower, `\ufffd`) {
		return "half a surrogate"
	}
	return ""
}

func outOfRange(number string) string {
	before, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	value, err := strconv.ParseFloat(number, 64)
	switch {
	case len(number) > strictjson.MaxNumber:
		return "a long number"
	case len(strings.TrimLeft(exponent, "+-0")) > 4:
		return "a long exponent"
	case err != nil:
		return err.Error()
	case value == 0 && strings.Trim(before, "-0.") != "":
		return "a number that is none"
	}
	return ""
}

// encoding/json parses every accepted text and finds it within the limits; it rejects a text that is rejected as no
// JSON, and finds a text that is rejected for a limit beyond one.
func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e3,"b\u0041\ud83d\ude00",true,null],"a":1e400}`, "\"\xff\ufffd\\ud800\"", nested(61), "\ufeff1", `[0.0e-99999,01]`, members(20, `"\u0031"`), "1e-400",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		err := strictjson.Check(string(text), false)
		var wrong *strictjson.Error
		switch valid := json.Valid(text) && utf8.Valid(text); {
		case err == nil:
			readable(t, text)
		case !errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > len(text):
			t.Fatalf("%q: %v", text, err)
		case !wrong.Limit && valid:
			t.Fatalf("%q is JSON, and was rejected: %v", text, err)
		case wrong.Limit && valid && beyond(text) == "":
			t.Fatalf("%q is within the limits, and was rejected: %v", text, err)
		}
	})
}

// A body of 256 KiB, as most are: objects with some members.
func BenchmarkCheck(b *testing.B) {
	one := `{"id":"6f1c0f0e","name":"Zoë \"Z\" Müller","tags":["a","b","c"],"score":12.5,"at":1767312000123,"ok":true,"nested":{"x":1,"y":-2.5e3}},`
	text := []byte("[" + strings.Repeat(one, 256<<10/len(one)-1) + "0]")
	b.Run("this", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if err := strictjson.Check(string(text), true); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("utf8.Valid and json.Valid", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if !utf8.Valid(text) || !json.Valid(text) {
				b.Fatal()
			}
		}
	})
	names := []byte(members(256<<10/10, `"x"`))
	b.Run("one object of many members", func(b *testing.B) {
		b.SetBytes(int64(len(names)))
		b.ReportAllocs()
		for b.Loop() {
			if err := strictjson.Check(string(names), true); err != nil {
				b.Fatal(err)
			}
		}
	})
}
