package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Values is the stack's configuration as the CLI passes it: each value by its full key
// ("<project>:network"), objects and lists as JSON, everything else as a string.
type Values map[string]string

// Decode fills target, a pointer to a struct holding the defaults, from the values of one
// namespace, and checks it. Keys are matched with the fields' json names. It returns nil or an
// *Error with every problem found; target is valid only after nil.
func Decode(values Values, namespace string, target any) error {
	root := reflect.ValueOf(target).Elem()
	object := map[string]any{}
	for key, text := range values {
		if name, ok := strings.CutPrefix(key, namespace+":"); ok {
			object[name] = parse(text, fieldKind(root.Type(), name))
		}
	}
	d := decoder{}
	d.object(namespace+":", object, root)
	d.decoded = len(d.problems)
	d.check(namespace+":", root)
	return newError(d.problems)
}

// parse reads one top-level value. It is read as JSON only where the field is not a string, so that an account
// id of digits stays a string.
func parse(text string, kind reflect.Kind) any {
	if kind == reflect.String {
		return text
	}
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	var value any
	if err := in.Decode(&value); err != nil {
		return text
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return text
	}
	return value
}

// fieldKind is the kind of the struct's field with that json name, Invalid when it has none.
func fieldKind(t reflect.Type, name string) reflect.Kind {
	if i, ok := fields(t)[name]; ok {
		return t.Field(i).Type.Kind()
	}
	return reflect.Invalid
}

// fields maps the json names of a struct to its fields' indexes.
func fields(t reflect.Type) map[string]int {
	names := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			names[name] = i
		}
	}
	return names
}

// decoder sets a Go value from a JSON value and collects the values of a wrong type.
type decoder struct {
	problems []FieldError
	// decoded is how many of them were found before any Checker was called.
	decoded int
}

func (d *decoder) add(key string, value any, mustBe string) {
	d.problems = append(d.problems, FieldError{Key: key, Value: show(value), MustBe: mustBe})
}

// object fills the struct from the object's members; prefix ends in the separator before their names.
func (d *decoder) object(prefix string, object map[string]any, target reflect.Value) {
	known := fields(target.Type())
	for name, value := range object {
		i, ok := known[name]
		if !ok {
			d.problems = append(d.problems, FieldError{
				Key: prefix + name, Value: "an unknown key", MustBe: "one of " + strings.Join(sorted(known), ", "),
			})
			continue
		}
		d.value(prefix+name, value, target.Field(i))
	}
}

// value sets target, which keeps its default when the value has a wrong type.
func (d *decoder) value(key string, value any, target reflect.Value) {
	switch target.Kind() {
	case reflect.Struct:
		if object, ok := value.(map[string]any); ok {
			d.object(key+".", object, target)
			return
		}
	case reflect.Slice:
		if list, ok := value.([]any); ok {
			d.list(key, list, target)
			return
		}
	default:
		if setScalar(value, target) {
			return
		}
	}
	d.add(key, value, describe(target.Type()))
}

func (d *decoder) list(key string, list []any, target reflect.Value) {
	out := reflect.MakeSlice(target.Type(), len(list), len(list))
	for i, item := range list {
		d.value(fmt.Sprintf("%s[%d]", key, i), item, out.Index(i))
	}
	target.Set(out)
}

// setScalar sets a string, boolean, integer or floating-point number, and reports whether the value was one.
func setScalar(value any, target reflect.Value) bool {
	switch target.Kind() {
	case reflect.String:
		text, ok := value.(string)
		if ok {
			target.SetString(text)
		}
		return ok
	case reflect.Bool:
		flag, ok := value.(bool)
		if ok {
			target.SetBool(flag)
		}
		return ok
	case reflect.Int:
		number, ok := value.(json.Number)
		if !ok {
			return false
		}
		integer, err := strconv.ParseInt(number.String(), 10, 32)
		if err == nil {
			target.SetInt(integer)
		}
		return err == nil
	case reflect.Float64:
		number, ok := value.(json.Number)
		if !ok {
			return false
		}
		float, err := number.Float64()
		if err != nil || math.IsInf(float, 0) {
			return false
		}
		target.SetFloat(float)
		return true
	default:
		panic(fmt.Sprintf("config: a field of kind %s cannot be configured", target.Kind()))
	}
}

// check calls every Checker on the way down. A key that did not decode is not reported a second time for the
// default in its place.
func (d *decoder) check(prefix string, target reflect.Value) {
	if checker, ok := target.Interface().(Checker); ok {
		for _, p := range checker.Validate() {
			p.Key = prefix + p.Key
			if !d.reported(p.Key) {
				d.problems = append(d.problems, p)
			}
		}
	}
	if target.Kind() != reflect.Struct {
		return
	}
	for name, i := range fields(target.Type()) {
		field := target.Field(i)
		if field.Kind() == reflect.Struct {
			d.check(prefix+name+".", field)
		}
	}
}

// reported reports whether the value of the key, or one around or in it, could not be decoded.
func (d *decoder) reported(key string) bool {
	for _, p := range d.problems[:d.decoded] {
		if p.Key == key || strings.HasPrefix(key, p.Key+".") || strings.HasPrefix(p.Key, key+"[") {
			return true
		}
	}
	return false
}

// describe names a Go type in the terms of the configuration.
func describe(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "an object with " + strings.Join(sorted(fields(t)), ", ")
	case reflect.Slice:
		return "a list, each item " + describe(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "an integer"
	default:
		return "a number"
	}
}

// show writes a value as JSON on one line, shortened when it is long.
func show(value any) string {
	const longest = 80
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return fmt.Sprintf("%v", value)
	}
	text := strings.TrimSpace(out.String())
	if len(text) > longest {
		return text[:longest] + "..."
	}
	return text
}

func sorted(names map[string]int) []string {
	list := make([]string, 0, len(names))
	for name := range names {
		list = append(list, name)
	}
	sort.Strings(list)
	return list
}

// Capture keeps the stack's configuration when the program starts, for Decode: the SDK itself only
// returns the values of keys whose names are given.
func Capture(values *Values) pulumi.RunOption {
	return func(info *pulumi.RunInfo) { *values = info.Config }
}
