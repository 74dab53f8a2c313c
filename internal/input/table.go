package input

import (
	"reflect"
	"strings"
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
func Table() []Input { return rows(reflect.TypeFor[Config]()) }

func rows(config reflect.Type) []Input {
	var table []Input
	for i := range config.NumField() {
		field := config.Field(i)
		if field.Anonymous {
			table = append(table, rows(field.Type)...)
			continue
		}
		row := Input{
			Name:          field.Tag.Get("name"),
			Group:         field.Tag.Get("group"),
			Default:       field.Tag.Get("default"),
			ActionDefault: field.Tag.Get("action-default"),
			Help:          field.Tag.Get("help"),
		}
		if row.Name == "" {
			row.Name = kebab(field.Name)
		}
		if allowed := field.Tag.Get("oneof"); allowed != "" {
			row.Allowed = strings.Split(allowed, ",")
		}
		_, row.Secret = field.Tag.Lookup("secret")
		table = append(table, row)
	}
	return table
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

// Description returns the help with the allowed values.
func (i Input) Description() string {
	if len(i.Allowed) == 0 {
		return i.Help
	}
	return i.Help + " One of " + list(i.Allowed) + "."
}
