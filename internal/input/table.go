package input

import (
	"errors"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// Table returns the inputs of a step, in the order of [Config].
func Table() []Input { return Rows(&Config{}) }

// Rows returns the inputs of config, a pointer to a struct, in the order of its fields.
func Rows(config any) []Input {
	var rows []Input
	for _, f := range fieldsOf(config) {
		rows = append(rows, f.Input)
	}
	return rows
}

// Description returns the help text with the allowed values.
func (i Input) Description() string {
	if len(i.Allowed) == 0 {
		return i.Help
	}
	return i.Help + " One of " + list(i.Allowed) + "."
}

// fieldsOf returns the inputs of config, a pointer to a struct, in the order of its fields,
// including those of embedded structs. A field with the tag argument is not an input: it
// holds the arguments of the command line that are not flags.
func fieldsOf(config any) []field { return appendFields(nil, reflect.ValueOf(config).Elem()) }

func appendFields(fields []field, config reflect.Value) []field {
	for i := range config.NumField() {
		definition := config.Type().Field(i)
		if definition.Anonymous {
			fields = appendFields(fields, config.Field(i))
			continue
		}
		tag := definition.Tag
		if _, argument := tag.Lookup("argument"); argument {
			continue
		}
		f := field{target: config.Field(i), Input: Input{
			Name: tag.Get("name"), Group: tag.Get("group"),
			Help:    help[config.Type().Name()+"."+definition.Name],
			Default: tag.Get("default"), ActionDefault: tag.Get("action-default"),
		}}
		if f.Name == "" {
			f.Name = kebab(definition.Name)
		}
		if allowed := tag.Get("oneof"); allowed != "" {
			f.Allowed = strings.Split(allowed, ",")
		}
		f.Type = typeOf(f.target)
		_, f.File = tag.Lookup("file")
		_, f.Common = tag.Lookup("common")
		_, f.Secret = tag.Lookup("secret")
		fields = append(fields, f)
	}
	return fields
}

// typeOf returns the value of [Input.Type] for a field.
func typeOf(target reflect.Value) string {
	switch target.Interface().(type) {
	case time.Duration:
		return "duration"
	case []string, Strategy:
		return "list"
	case CommandLine:
		return "command"
	case Environment, Pairs:
		return "map"
	}
	return target.Kind().String()
}

// kebab returns FilePaths as file-paths.
func kebab(name string) string {
	var words strings.Builder
	for i, c := range name {
		if i > 0 && 'A' <= c && c <= 'Z' {
			words.WriteByte('-')
		}
		words.WriteRune(c)
	}
	return strings.ToLower(words.String())
}

// invalid reports an invalid value of a field, and sets the field to its default.
func (r *reader) invalid(f field, text string, err error) {
	fault := &Error{Input: f.Name, Message: err.Error()}
	var form *hintedError
	if errors.As(err, &form) {
		fault.Hint = form.hint
	}
	r.faults = append(r.faults, fault)
	if text != f.Default { // so that the zero value causes no further faults
		r.decode(f, f.Default)
	}
}

// decode parses text and sets a field to the result. An empty text leaves it at zero.
func (r *reader) decode(f field, text string) {
	if text == "" {
		return
	}
	var value any
	var err error
	if !utf8.ValidString(text) {
		r.fault(f.Name, "expected text in UTF-8")
		return
	}
	if err := fileReference(f, text); err != nil {
		r.invalid(f, text, err)
		return
	}
	switch f.target.Interface().(type) {
	case string:
		value = text
		if len(f.Allowed) > 0 {
			value, err = oneOf(text, f.Allowed)
		}
	case bool:
		value, err = parseBool(text)
	case int:
		value, err = parseCount(text)
	case time.Duration:
		value, err = parseDuration(text)
	case *time.Duration:
		var d time.Duration
		d, err = parseDuration(text)
		value = &d
	case []string:
		switch f.Name {
		case "subnets":
			value, err = parseNetworks(text, "subnet-0123456789abcdef0,subnet-0fedcba9876543210")
		case "security-groups":
			value, err = parseNetworks(text, "sg-0123456789abcdef0,sg-0fedcba9876543210")
		default:
			value = parsePaths(text)
		}
	case CommandLine:
		value, err = parseCommand(text)
	case Environment:
		value, err = parseEnvironment(text)
	case Pairs:
		if !f.Secret && areLines(text) && !shorthand.MatchString(text) { // a secret may be anything
			err = checkJoined(text)
		}
		if err == nil {
			value, err = parsePairs(text)
		}
	case Strategy:
		value, err = parseStrategy(text)
	}
	if err != nil {
		r.invalid(f, text, err)
		return
	}
	f.target.Set(reflect.ValueOf(value))
}
