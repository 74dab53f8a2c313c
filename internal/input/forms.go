package input

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// This file accepts notations of other tools, such as the AWS CLI, for the same inputs. A
// notation with only one meaning is accepted. For any other the error has a hint with the
// notation to use.

// fileReference returns an error for the AWS CLI's file://name in an input whose value
// is the text itself.
func fileReference(f field, text string) error {
	const scheme = "file://"
	if !strings.HasPrefix(text, scheme) && !strings.HasPrefix(text, "fileb://") {
		return nil
	}
	switch f.target.Interface().(type) {
	case []string:
		return nil // file-paths accepts it, and networks have another error
	case string:
		if !slices.Contains([]string{
			"definition", "overrides", "run-task-request", "inputs", "job", "strategy", "matrix",
		}, f.Name) {
			return nil // such as the URL of a repository
		}
	case CommandLine, Environment, Pairs, Strategy:
	default:
		return nil
	}
	switch f.Name {
	case "definition":
		return hintedFault("file-paths: task-definition.json",
			"file:// is not supported: give the path in the input file-paths")
	case "environment":
		return hintedFault("environment: '@variables.env'",
			"file:// is not supported: give @ and the path of a .env file or of a map in JSON")
	}
	return hintedFault(fmt.Sprintf(`--%s "$(cat %s.json)"`, f.Name, f.Name),
		"file:// is not supported: give the text itself")
}

// unquote removes one pair of quotes around a text.
func unquote(text string) string {
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] &&
		strings.Count(text, text[:1]) == 2 {
		return text[1 : n-1]
	}
	return text
}

// parseItems parses a list: separated by commas or line breaks, or in JSON or YAML. Items
// may have quotes. literal is true for JSON or YAML.
func parseItems(text string) (items []string, literal bool) {
	if isSequence(text) &&
		(strings.ContainsAny(text, `,."'/`) || strings.HasPrefix(text, "- ")) { // [ab] is a glob
		nodes, ok := contentOf(text, yaml.SequenceNode)
		notScalar := func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }
		if ok && !slices.ContainsFunc(nodes, notScalar) {
			for _, node := range nodes {
				if item := strings.TrimSpace(scalar(node)); item != "" {
					items = append(items, item)
				}
			}
			return items, true
		}
	}
	for _, item := range List(unquote(text)) {
		if item = strings.TrimSpace(unquote(item)); item != "" {
			items = append(items, item)
		}
	}
	return items, false
}

// parsePaths is parseItems for files. It removes a leading file://.
func parsePaths(text string) []string {
	items, _ := parseItems(text)
	for i, item := range items {
		items[i] = strings.TrimPrefix(item, "file://")
	}
	return items
}

var (
	networkInText = lazyregexp.New(`(?i)(^|[^a-z0-9-])(subnet|sg)-[0-9a-f]{8,}`)
	// networkMember matches a member of the API's awsvpcConfiguration, such as subnets=[a,b].
	networkMember = lazyregexp.New(`(?i)^(subnets|security-?groups)=`)
)

// parseNetworks is parseItems for subnets and security groups, without duplicates. Ids
// may also be separated by blanks and semicolons; names can contain both.
func parseNetworks(text, example string) ([]string, error) {
	items, literal := parseItems(text)
	if isSequence(text) && !literal {
		return nil, hintedFault(example, "expected a list of ids, names or filters, separated by commas")
	}
	var networks []string
	for i, item := range items {
		parts := []string{item}
		if !literal {
			var ok bool
			if parts, ok = networkParts(item); !ok {
				return nil, hintedFault(example,
					"item %d: expected one id, name or filter: separate them by commas", i+1)
			}
		}
		for _, part := range parts {
			if !slices.Contains(networks, part) {
				networks = append(networks, part)
			}
		}
	}
	return networks, nil
}

// networkParts returns the ids in an item, or the item itself if it is a name or a
// filter. It returns false if the item is ambiguous.
func networkParts(item string) ([]string, bool) {
	if _, ok := placeholder.Find(item); ok {
		return []string{item}, true // reported as a placeholder later
	}
	parts := strings.FieldsFunc(item, func(r rune) bool { return r == ' ' || r == '\t' || r == ';' })
	ids := 0
	for i, part := range parts {
		parts[i] = unquote(part)
		if awsfacts.IsNetworkID(parts[i]) {
			ids++
		}
	}
	isFilter := strings.Contains(item, "=")
	switch {
	case len(parts) > 0 && ids == len(parts):
		return parts, true
	case ids > 0 && len(parts) > 1,
		networkMember.MatchString(item),
		!isFilter && networkInText.MatchString(item),
		!isFilter && strings.Contains(item, ";"):
		return nil, false
	case unbalanced(item, "[]"), unbalanced(item, "{}"), unbalanced(item, "()"),
		strings.ContainsAny(item[:1], `"'[{`), strings.ContainsAny(item[len(item)-1:], `"'`),
		strings.Contains(item, "={"), strings.Contains(item, "=["), strings.Contains(item, "://"):
		return nil, false
	}
	return []string{item}, true
}

// unbalanced reports whether the numbers of opening and closing brackets differ.
func unbalanced(text, brackets string) bool {
	return strings.Count(text, brackets[:1]) != strings.Count(text, brackets[1:])
}

// pairsOfList parses the API's list of variables or tags, or a list of NAME=value items.
func pairsOfList(text string) (Pairs, error) {
	nodes, ok := contentOf(text, yaml.SequenceNode)
	if !ok {
		return nil, hintedFault(mapForm, "expected a map in YAML or JSON, or NAME=value lines")
	}
	var pairs Pairs
	for i, node := range nodes {
		pair, ok := pairOf(node)
		if !ok {
			return nil, hintedFault(mapForm,
				`item %d: expected a map, NAME=value lines, or the API's list of {"name": …, "value": …}`, i+1)
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}

const mapForm = `{"NAME": "value"}`

func pairOf(node *yaml.Node) (pair Pair, ok bool) {
	if node.Kind == yaml.ScalarNode {
		name, value, found := strings.Cut(node.Value, "=")
		return Pair{strings.TrimSpace(name), value}, found
	}
	if node.Kind != yaml.MappingNode || len(node.Content) != 4 {
		return Pair{}, false
	}
	named, valued := false, false
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i].Value, node.Content[i+1]
		if value.Kind != yaml.ScalarNode {
			return Pair{}, false
		}
		switch key {
		case "name", "Name", "key", "Key":
			pair.Name, named = scalar(value), true
		case "value", "Value":
			pair.Value, valued = scalar(value), true
		}
	}
	return pair, named && valued
}

// The AWS CLI's shorthand syntax for variables and tags: name=A,value=1 name=B,value=2.
var (
	shorthand      = lazyregexp.New(`^([nN]ame|[kK]ey)=[^,=\s]*,\s*[vV]alue=|^[vV]alue=[^,]*,\s*([nN]ame|[kK]ey)=`)
	shorthandItem  = lazyregexp.New(`(^|\s)([nN]ame|[kK]ey|[vV]alue)=`)
	shorthandFirst = lazyregexp.New(`^(?:[nN]ame|[kK]ey)=([^,=\s]+),\s*[vV]alue=([^,]*|"[^"]*"|'[^']*')$`)
	shorthandLast  = lazyregexp.New(`^[vV]alue=([^,]*|"[^"]*"|'[^']*'),\s*(?:[nN]ame|[kK]ey)=([^,=\s]+)$`)
)

func pairsOfShorthand(text string) (Pairs, error) {
	var starts []int
	for _, m := range shorthandItem.FindAllStringIndex(text, -1) {
		starts = append(starts, m[0])
	}
	var pairs Pairs
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1]
		}
		item := strings.TrimSpace(text[start:end])
		if m := shorthandFirst.FindStringSubmatch(item); m != nil {
			pairs = append(pairs, Pair{m[1], unquote(m[2])})
		} else if m := shorthandLast.FindStringSubmatch(item); m != nil {
			pairs = append(pairs, Pair{m[2], unquote(m[1])})
		} else {
			return nil, hintedFault("A=1",
				"item %d: expected NAME=value lines or a map, not the shorthand of the AWS CLI with commas in it", i+1)
		}
	}
	return pairs, nil
}

var (
	anyName      = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_.-]*=`)
	constantName = lazyregexp.New(`^[A-Z_][A-Z0-9_]*=`)
)

// checkJoined returns an error if every line has several variables, such as A=1,B=2 or
// A=1 B=2, which would become one variable. A line is accepted if its first value
// contains an equals sign itself. If at least one line has a single variable, all lines
// are accepted.
func checkJoined(text string) error {
	var fault error
	number := 0
	for line := range strings.Lines(text) {
		number++
		if isBlankOrComment(line) {
			continue
		}
		names := joinedNames(strings.TrimSpace(line))
		if names == nil {
			return nil
		}
		if fault == nil {
			fault = hintedFault(strings.Join(names, "=…\n")+"=…",
				`line %d has several NAME=value: write each on a line of its own, or, if it is one value, as `+
					`a map: {"NAME": "value"}`, number)
		}
	}
	return fault
}

// joinedNames returns the names of the variables on a line, or nil if it has only one.
func joinedNames(line string) []string {
	first, value, _ := strings.Cut(line, "=")
	if first = strings.TrimSpace(first); !anyName.MatchString(first + "=") {
		return nil
	}
	later := anyName // of the same style as the first
	if constantName.MatchString(first + "=") {
		later = constantName
	}
	for _, separator := range []string{",", ";", " ", `\n`} { // the last is a backslash and an n, as from shell quotes
		parts := strings.Split(value, separator)
		names := []string{first}
		all := true
		for _, part := range parts[1:] {
			part = strings.TrimSpace(part)
			isName := later.MatchString(part) && (separator != ";" || constantName.MatchString(part))
			all = all && isName
			if isName {
				name, _, _ := strings.Cut(part, "=")
				names = append(names, name)
			}
		}
		if strings.Contains(parts[0], "=") || len(names) < 2 ||
			(separator == " " || separator == ";") && (!all || strings.HasPrefix(value, "-")) {
			continue
		}
		return names
	}
	return nil
}

// The AWS CLI's shorthand syntax for capacity providers.
var strategyShorthand = lazyregexp.New(`(^|[\s,{])capacityProvider=`)

const strategyForm = "FARGATE_SPOT:4,FARGATE:1:base=1"

func strategyOfShorthand(text string) (Strategy, error) {
	var strategy Strategy
	for _, entry := range strings.Fields(text) {
		given := map[string]bool{}
		item := StrategyItem{Weight: 1}
		for part := range strings.SplitSeq(strings.Trim(entry, ","), ",") {
			key, value, _ := strings.Cut(part, "=")
			if given[key] && key == "capacityProvider" {
				strategy = append(strategy, item)
				given, item = map[string]bool{}, StrategyItem{Weight: 1}
			}
			n, err := strconv.ParseInt(cmp.Or(value, "0"), 10, 32)
			switch {
			case given[key]:
				err = errors.New("twice")
			case key == "capacityProvider" && providerName.MatchString(value):
				item.Provider, err = value, nil
			case key == "weight":
				item.Weight = int32(n)
			case key == "base":
				item.Base = int32(n)
			default:
				err = errors.New("unknown")
			}
			if err != nil {
				return nil, hintedFault(strategyForm,
					"item %d: expected PROVIDER:weight:base=n, or capacityProvider=, weight= and base= "+
						"as in the AWS CLI", len(strategy)+1)
			}
			given[key] = true
		}
		strategy = append(strategy, item)
	}
	return strategy, strategy.check()
}

var providerName = lazyregexp.New(`^[A-Za-z0-9_-]+$`)

var fargateWeight = lazyregexp.New(`^(FARGATE|FARGATE_SPOT)=([0-9]+)$`)

// checkProvider returns an error if name is not a valid name of a capacity provider.
func checkProvider(item, name string, index int) error {
	if providerName.MatchString(name) {
		return nil
	}
	hint := strategyForm
	if m := fargateWeight.FindStringSubmatch(item); m != nil {
		hint = m[1] + ":" + m[2]
	}
	return hintedFault(hint,
		"item %d: expected PROVIDER:weight:base=n: a capacity provider has letters, digits, _ and -", index)
}

// List splits a text at commas and line breaks. It drops empty items.
func List(text string) []string {
	items := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' })
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return slices.DeleteFunc(items, func(item string) bool { return item == "" })
}

// check returns an error if a strategy exceeds the limits that the RunTask API documents.
func (s Strategy) check() error {
	bases, weights, fargate := 0, int32(0), 0
	seen := map[string]bool{}
	for i, item := range s {
		if item.Provider == "" {
			return fmt.Errorf("item %d: the capacity provider has no name", i+1)
		}
		if item.Weight < 0 || item.Weight > 1000 || item.Base < 0 || item.Base > 100_000 {
			return fmt.Errorf("item %d: expected a weight of 0 to 1000 and a base of 0 to 100000", i+1)
		}
		if item.Base > 0 {
			bases++
		}
		switch name := item.Provider; {
		case name == "FARGATE" || name == "FARGATE_SPOT":
			fargate++
		case strings.HasPrefix(strings.ToUpper(name), "FARGATE"): // ECS reserves names with this prefix
			meant := "FARGATE"
			if strings.Contains(strings.ToUpper(name), "SPOT") {
				meant = "FARGATE_SPOT"
			}
			return hintedFault(meant, "item %d: the capacity providers of Fargate are FARGATE and FARGATE_SPOT", i+1)
		}
		if seen[item.Provider] {
			return fmt.Errorf("item %d: duplicate capacity provider", i+1)
		}
		seen[item.Provider] = true
		weights += item.Weight
	}
	switch {
	case len(s) == 0 || len(s) > 20:
		return errors.New("expected 1 to 20 capacity providers")
	case fargate > 0 && fargate < len(s):
		return errors.New("the capacity providers of Fargate can't be mixed with others")
	case bases > 1:
		return errors.New("only one capacity provider can have a base")
	case weights == 0:
		return errors.New("one capacity provider must have a weight of 1 or more")
	}
	return nil
}
