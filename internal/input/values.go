package input

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// oneOf returns the allowed value that equals text, ignoring case.
func oneOf(text string, allowed []string) (string, error) {
	for _, value := range allowed {
		if strings.EqualFold(text, value) {
			return value, nil
		}
	}
	return "", fmt.Errorf("expected %s", list(allowed))
}

// list returns the values as "a, b or c".
func list(values []string) string {
	last := len(values) - 1
	if last < 1 {
		return strings.Join(values, "")
	}
	return strings.Join(values[:last], ", ") + " or " + values[last]
}

// parseBool accepts the booleans of YAML 1.2, as GitHub's toolkit does, and the
// spellings that other CIs use.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, errors.New("expected true or false")
}

func parseCount(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, errors.New("expected a whole number of 0 or more")
	}
	return n, nil
}

// maxWait is the longest duration of an input. It is above the time limits of all
// CIs for a job.
const maxWait = 30 * 24 * time.Hour

// parseDuration parses a Go duration, or a number of minutes.
func parseDuration(text string) (time.Duration, error) {
	if minutes, err := strconv.Atoi(text); err == nil {
		if minutes < 0 || minutes > int(maxWait/time.Minute) {
			return 0, errors.New("expected a duration between 0 and 30 days")
		}
		return time.Duration(minutes) * time.Minute, nil
	}
	d, err := time.ParseDuration(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		return 0, errors.New("expected a duration such as 90s, 10m or 1h30m, or a number of minutes")
	}
	if d < 0 || d > maxWait {
		return 0, errors.New("expected a duration between 0 and 30 days")
	}
	return d, nil
}

// parsePairs parses NAME=value lines, a map in YAML or JSON, or the lists and the
// shorthand syntax of the AWS CLI. A number keeps its text: 1.10 stays 1.10.
func parsePairs(text string) (Pairs, error) {
	read := pairsOfMap
	switch {
	case shorthand.MatchString(text):
		read = pairsOfShorthand
	case areLines(text):
		read = pairsOfLines
	case isSequence(text):
		read = pairsOfList
	}
	pairs, err := read(text)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, pair := range pairs {
		if pair.Name == "" {
			return nil, fmt.Errorf("entry %d: the name is empty", i+1)
		}
		if seen[pair.Name] {
			return nil, fmt.Errorf("entry %d: duplicate name", i+1)
		}
		seen[pair.Name] = true
	}
	return pairs, nil
}

// areLines reports whether the first line that is not blank or a comment is NAME=value,
// and not the beginning of a map, list or string of YAML or JSON.
func areLines(text string) bool {
	for line := range strings.Lines(text) {
		if isBlankOrComment(line) {
			continue
		}
		line = strings.TrimSpace(line)
		equals := strings.IndexByte(line, '=')
		colon := strings.Index(line+" ", ": ")
		return equals >= 0 && (colon < 0 || equals < colon) && !strings.ContainsAny(line[:1], `{["'`) &&
			!strings.HasPrefix(line, "- ")
	}
	return false
}

func pairsOfLines(text string) (Pairs, error) {
	var pairs Pairs
	number := 0
	for line := range strings.Lines(text) {
		number++
		if isBlankOrComment(line) {
			continue
		}
		name, value, ok := strings.Cut(strings.Trim(line, "\r\n"), "=")
		if !ok {
			return nil, fmt.Errorf("line %d: expected NAME=value (a value of several lines is written in a "+
				"map, in quotes: on GitHub NAME: ${{ toJSON(secrets.NAME) }})", number)
		}
		if strings.TrimRight(name, " \t") != name {
			value = strings.TrimLeft(value, " \t") // of NAME = value
		}
		pairs = append(pairs, Pair{strings.TrimSpace(name), value})
	}
	return pairs, nil
}

func pairsOfMap(text string) (Pairs, error) {
	members, ok := contentOf(text, yaml.MappingNode)
	switch {
	case !ok && strings.Contains(strings.TrimSpace(text), "\n"): // such as a private key or a certificate
		return nil, hintedFault(mapForm,
			"expected a map in YAML or JSON, or NAME=value lines; a value of several lines is written in "+
				"quotes: on GitHub NAME: ${{ toJSON(secrets.NAME) }}")
	case !ok:
		return nil, hintedFault(mapForm, "expected a map in YAML or JSON, or NAME=value lines")
	}
	var pairs Pairs
	for i := 0; i < len(members); i += 2 {
		name, value := members[i], members[i+1]
		if name.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("entry %d: expected a name", i/2+1)
		}
		if name.Value == "containerOverrides" && value.Kind == yaml.SequenceNode {
			return nil, fmt.Errorf("entry %d: containerOverrides belong in the input overrides", i/2+1)
		}
		if strings.Contains(name.Value, "=") && value.ShortTag() == "!!null" {
			return nil, hintedFault(mapForm,
				"entry %d: expected a colon between name and value, or NAME=value lines without braces", i/2+1)
		}
		if value.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("entry %d: expected text, a number, true, false or null", i/2+1)
		}
		pairs = append(pairs, Pair{name.Value, scalar(value)})
	}
	return pairs, nil
}

// parseStrategy parses PROVIDER:weight:base=n items, or the API's list.
func parseStrategy(text string) (Strategy, error) {
	switch {
	case isSequence(text) || strings.HasPrefix(text, "{") && !strategyShorthand.MatchString(text):
		return strategyOfList(text)
	case strategyShorthand.MatchString(text):
		return strategyOfShorthand(text)
	}
	var strategy Strategy
	for i, item := range List(text) {
		parts := strings.Split(item, ":")
		provider := StrategyItem{Provider: parts[0], Weight: 1}
		if err := checkProvider(item, parts[0], i+1); err != nil {
			return nil, err
		}
		for _, part := range parts[1:] {
			name, number, named := strings.Cut(part, "=")
			if !named {
				name, number = "weight", part
			}
			n, err := strconv.ParseInt(number, 10, 32)
			switch {
			case err != nil || n < 0:
				return nil, fmt.Errorf("item %d: expected PROVIDER:weight:base=n, each a whole number", i+1)
			case name == "weight":
				provider.Weight = int32(n)
			case name == "base":
				provider.Base = int32(n)
			default:
				return nil, fmt.Errorf("item %d: expected the settings weight or base", i+1)
			}
		}
		strategy = append(strategy, provider)
	}
	return strategy, strategy.check()
}

// strategyOfList parses the API's list of providers, or a single provider, in JSON or YAML.
func strategyOfList(text string) (Strategy, error) {
	items, ok := contentOf(text, yaml.SequenceNode)
	if strings.HasPrefix(text, "{") { // one provider
		var document yaml.Node
		if ok = yaml.Load([]byte(text), &document) == nil && len(document.Content) == 1; ok {
			items = document.Content
		}
	}
	if !ok {
		return nil, errors.New(`expected a list such as [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]`)
	}
	var strategy Strategy
	for i, item := range items {
		provider, err := providerOf(item)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		strategy = append(strategy, provider)
	}
	return strategy, strategy.check()
}

func providerOf(item *yaml.Node) (StrategyItem, error) {
	provider := StrategyItem{Weight: 1}
	if item.Kind != yaml.MappingNode {
		return provider, errors.New("expected a map with capacityProvider, weight and base")
	}
	number := func(name string, node *yaml.Node, to *int32) error {
		n, err := strconv.ParseInt(scalar(node), 10, 32)
		if err != nil {
			return fmt.Errorf("%s: expected a whole number", name)
		}
		*to = int32(n)
		return nil
	}
	for i := 0; i < len(item.Content); i += 2 {
		value := item.Content[i+1]
		var err error
		switch name := item.Content[i].Value; name {
		case "capacityProvider":
			provider.Provider = scalar(value)
		case "weight":
			err = number(name, value, &provider.Weight)
		case "base":
			err = number(name, value, &provider.Base)
		default:
			err = errors.New("expected no members but capacityProvider, weight and base")
		}
		if err != nil {
			return provider, err
		}
	}
	return provider, nil
}
