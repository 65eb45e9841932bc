// Package insights runs queries of CloudWatch Logs Insights, as far as the dashboard uses its language: the commands
// SOURCE, fields, filter, stats, sort and limit. All else in a query is an error that names it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
package insights

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Event is an event of a log group.
type Event struct {
	Time    time.Time
	Message string
}

// Table is the result of a query.
type Table struct {
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
}

// record has the fields of an event: those that Insights discovers in JSON, and @timestamp and @message.
type record map[string]any

// run is a query that is being run.
type run struct {
	events  func(group string) ([]Event, error)
	columns []string
	records []record
}

var commands = map[string]func(*run, string) error{
	"source": (*run).source, "fields": (*run).fields, "filter": (*run).filter,
	"stats": (*run).stats, "sort": (*run).sort, "limit": (*run).limit,
}

// Query runs a query on the events of the log groups that its SOURCE commands name.
func Query(query string, events func(group string) ([]Event, error)) (Table, error) {
	r := &run{events: events}
	for _, command := range split(query, '|') {
		name, arguments, _ := strings.Cut(command, " ")
		do, ok := commands[strings.ToLower(name)]
		if !ok {
			return Table{}, fmt.Errorf("the command %q is not supported", name)
		}
		if err := do(r, strings.TrimSpace(arguments)); err != nil {
			return Table{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	t := Table{Columns: r.columns, Rows: [][]string{}}
	for _, each := range r.records {
		row := make([]string, len(r.columns))
		for i, column := range r.columns {
			row[i] = text(each[column])
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}

func (r *run) source(group string) error {
	found, err := r.events(strings.Trim(group, `'"`))
	for _, e := range found {
		fields := record{}
		if json.Unmarshal([]byte(e.Message), &fields) != nil {
			fields = record{}
		}
		fields["@timestamp"], fields["@message"] = e.Time, e.Message
		r.records = append(r.records, fields)
	}
	return err
}

func (r *run) fields(list string) error {
	for _, item := range split(list, ',') {
		expression, name := alias(item)
		for _, each := range r.records {
			value, err := each.evaluate(expression)
			if err != nil {
				return err
			}
			each[name] = value
		}
		r.columns = append(r.columns, name)
	}
	return nil
}

var (
	comparison = regexp.MustCompile(`^([^\s<>=!]+)\s*(>=|<=|!=|=|>|<)\s*(\S+)$`)
	fieldName  = regexp.MustCompile(`^@?\w+$`)
)

// checkField rejects an expression that is no name of a field, such as a sum or a member of an object.
func checkField(name string) error {
	if !fieldName.MatchString(name) {
		return fmt.Errorf("the field %q is not supported", name)
	}
	return nil
}

func (r *run) filter(condition string) error {
	left, operator, right := condition, "!=", ""
	if match := comparison.FindStringSubmatch(condition); match != nil {
		left, operator, right = match[1], match[2], strings.Trim(match[3], `'"`)
	} else if name, _, ok := call(condition); !ok || name != "ispresent" {
		return fmt.Errorf("the condition %q is not supported", condition)
	}
	var kept []record
	for _, each := range r.records {
		value, err := each.evaluate(left)
		if err != nil {
			return err
		}
		if value != nil && holds(compare(value, right), operator) {
			kept = append(kept, each)
		}
	}
	r.records = kept
	return nil
}

// stats replaces the records by one for each value of the field after by.
func (r *run) stats(arguments string) error {
	list, by, ok := strings.Cut(arguments, " by ")
	if !ok {
		return fmt.Errorf("%q without by is not supported", arguments)
	}
	by = strings.TrimSpace(by)
	if err := checkField(by); err != nil {
		return err
	}
	r.columns = []string{by}
	groups := map[string]record{}
	var order []record
	for _, item := range split(list, ',') {
		expression, name := alias(item)
		function, of, _ := call(expression)
		keep, ok := statistics[function]
		if !ok {
			return fmt.Errorf("the function in %q is not supported", expression)
		}
		if err := checkField(of); err != nil {
			return err
		}
		r.columns = append(r.columns, name)
		for _, each := range r.records {
			key := text(each[by])
			group, known := groups[key]
			if !known {
				group = record{by: each[by]}
				groups[key] = group
				order = append(order, group)
			}
			if value := each[of]; value != nil && (group[name] == nil || keep(compare(value, group[name]))) {
				group[name] = value
			}
		}
	}
	r.records = order
	return nil
}

// statistics report whether a value takes the place of the one so far, by how it compares with it.
var statistics = map[string]func(compared int) bool{
	"min":       func(compared int) bool { return compared < 0 },
	"max":       func(compared int) bool { return compared > 0 },
	"sortsLast": func(compared int) bool { return compared > 0 },
}

func (r *run) sort(arguments string) error {
	field, direction, _ := strings.Cut(arguments, " ")
	if err := checkField(field); err != nil {
		return err
	}
	if direction = strings.ToLower(direction); direction != "asc" && direction != "desc" {
		return fmt.Errorf("the direction %q is not supported", direction)
	}
	slices.SortStableFunc(r.records, func(a, b record) int {
		if direction == "asc" {
			return compare(a[field], b[field])
		}
		return compare(b[field], a[field])
	})
	return nil
}

func (r *run) limit(number string) error {
	most, err := strconv.Atoi(number)
	if err != nil || most < 1 {
		return fmt.Errorf("%q must be a positive number", number)
	}
	r.records = r.records[:min(most, len(r.records))]
	return nil
}

// evaluate returns the value of a field, of coalesce, or of the field that ispresent tests; nil: it has none.
func (r record) evaluate(expression string) (any, error) {
	name, arguments, ok := call(expression)
	switch {
	case !ok, name == "ispresent":
		field := strings.TrimSpace(arguments)
		return r[field], checkField(field)
	case name != "coalesce":
		return nil, fmt.Errorf("the function in %q is not supported", expression)
	}
	for _, field := range split(arguments, ',') {
		if r[field] != nil {
			return r[field], nil
		}
	}
	return nil, nil
}

var callPattern = regexp.MustCompile(`^(\w+)\((.*)\)$`)

// call splits a call of a function. An expression that is none is its own argument.
func call(expression string) (name, arguments string, ok bool) {
	match := callPattern.FindStringSubmatch(expression)
	if match == nil {
		return "", expression, false
	}
	return match[1], match[2], true
}

func alias(item string) (expression, name string) {
	expression, name, found := strings.Cut(item, " as ")
	if !found {
		return item, item
	}
	return strings.TrimSpace(expression), strings.TrimSpace(name)
}

// split separates at a character that is neither quoted nor in parentheses.
func split(list string, at rune) (parts []string) {
	depth, quote, from := 0, rune(0), 0
	for i, c := range list {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == at && depth == 0:
			parts = append(parts, strings.TrimSpace(list[from:i]))
			from = i + 1
		}
	}
	return append(parts, strings.TrimSpace(list[from:]))
}

// compare compares numbers, also those in strings, as numbers, times as times, and all else as text.
func compare(a, b any) int {
	if at, ok := a.(time.Time); ok {
		bt, _ := b.(time.Time)
		return at.Compare(bt)
	}
	an, aErr := strconv.ParseFloat(text(a), 64)
	bn, bErr := strconv.ParseFloat(text(b), 64)
	switch {
	case aErr != nil || bErr != nil:
		return strings.Compare(text(a), text(b))
	case an < bn:
		return -1
	case an > bn:
		return 1
	}
	return 0
}

func holds(compared int, operator string) bool {
	switch operator {
	case ">=":
		return compared >= 0
	case "<=":
		return compared <= 0
	case ">":
		return compared > 0
	case "<":
		return compared < 0
	case "=":
		return compared == 0
	}
	return compared != 0
}

func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.000")
	}
	out, _ := json.Marshal(value) // it was decoded from JSON
	return string(out)
}
