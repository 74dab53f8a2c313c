package input

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Input is one row of the table of inputs, for what documents it.
type Input struct {
	Name          string
	Group         string
	Default       string // empty if there is none
	ActionDefault string // the default in action.yml, where it is another
	Allowed       []string
	Secret        bool // never to be printed
	Help          string
}

// Table returns the inputs in the order of [Config].
func Table() []Input {
	var table []Input
	fields, _ := fieldsOf(&Config{})
	for _, f := range fields {
		table = append(table, f.Input)
	}
	return table
}

// Description returns the help with the allowed values.
func (i Input) Description() string {
	if len(i.Allowed) == 0 {
		return i.Help
	}
	return i.Help + " One of " + list(i.Allowed) + "."
}

// field is an input with the field that takes its value.
type field struct {
	Input
	target   reflect.Value
	argument bool // not a flag: the words that are none
	planned  bool // not available in this version, except at its default
}

func (f field) isBool() bool { return f.target.Kind() == reflect.Bool }

// fieldsOf returns the inputs that a pointer to a struct holds, in its order,
// those of embedded structs in their places, and whether it also takes arguments
// that are no flags.
func fieldsOf(config any) (fields []field, arguments bool) {
	fields = appendFields(nil, reflect.ValueOf(config).Elem())
	n := len(fields)
	fields = slices.DeleteFunc(fields, func(f field) bool { return f.argument })
	return fields, len(fields) < n
}

func appendFields(fields []field, config reflect.Value) []field {
	for i := range config.NumField() {
		definition := config.Type().Field(i)
		if definition.Anonymous {
			fields = appendFields(fields, config.Field(i))
			continue
		}
		tag := definition.Tag
		f := field{target: config.Field(i), Input: Input{
			Name: tag.Get("name"), Group: tag.Get("group"), Help: tag.Get("help"),
			Default: tag.Get("default"), ActionDefault: tag.Get("action-default"),
		}}
		if f.Name == "" {
			f.Name = kebab(definition.Name)
		}
		if allowed := tag.Get("oneof"); allowed != "" {
			f.Allowed = strings.Split(allowed, ",")
		}
		_, f.argument = tag.Lookup("argument")
		_, f.planned = tag.Lookup("planned")
		_, f.Secret = tag.Lookup("secret")
		fields = append(fields, f)
	}
	return fields
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

// decode sets a field to what text says; an empty text leaves it at zero.
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
	case []string:
		value = parseItems(text)
	case CommandLine:
		value, err = parseCommand(text)
	case Environment:
		value, err = parseEnvironment(text)
	case Pairs:
		value, err = parsePairs(text)
	case Strategy:
		value, err = parseStrategy(text)
	}
	if err != nil {
		r.fault(f.Name, "%v", err)
		if text != f.Default { // so that the zero value breaks no other rule
			r.decode(f, f.Default)
		}
		return
	}
	f.target.Set(reflect.ValueOf(value))
	if f.planned && text != f.Default {
		r.fault(f.Name, "not available in this version")
	}
}

// about is a command and what it does.
type about struct{ name, help string }

var commands = []about{
	{"run", "Run tasks on ECS and follow them to their end (the default command)."},
	{"check", "Look for faults in task definition files, and call nothing."},
	{"schema", "Print the JSON Schema of the result: schema result."},
	{"post", "Stop what the run command of this step has left; the action's post stage."},
	{"stop", "Stop the tasks that this job, or a CI run, has left."},
	{"reap", "Stop the tasks of any step that are older than a time."},
	{"policy", "Print the IAM policy that run needs for the same inputs, as JSON."},
	{"local-ecs", "Serve the embedded ECS and CloudWatch Logs to other programs."},
}

// usage returns the help for a command.
func usage(command string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "Usage: ecs-run-task [command] [flags]\n       ecs-run-task check [flags] FILE...\n\nCommands:\n")
	for _, c := range commands {
		fmt.Fprintf(&text, "  %-10s %s\n", c.name, c.help)
	}
	var config any = &Config{}
	switch command {
	case "local-ecs":
		config = &LocalECS{}
	case "stop", "reap":
		config = &Leftover{}
	case "check":
		config = &Check{}
	case "schema":
		return text.String()
	}
	fmt.Fprintf(&text, "\nFlags of %s:\n", command)
	group := ""
	fields, _ := fieldsOf(config)
	for _, f := range fields {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&text, "\n %s\n", group)
		}
		flag := "--" + f.Name
		if f.Default != "" {
			flag += "=" + f.Default
		}
		fmt.Fprintf(&text, "  %s\n", flag)
		for _, line := range wrap(f.Description(), 90) {
			fmt.Fprintf(&text, "      %s\n", line)
		}
	}
	return text.String()
}

// wrap breaks a text at blanks into lines of about a width.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}
