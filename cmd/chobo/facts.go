package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/goccy/go-yaml"
)

// withFacts writes facts of the command line over those of a file: name=value, where a dot leads into condition and
// attributes. A value is read as YAML, so numbers, booleans and lists are what they look like.
func withFacts(source []byte, facts []string) ([]byte, error) {
	given := map[string]any{}
	if err := yaml.Unmarshal(source, &given); err != nil {
		return nil, err
	}
	for _, f := range facts {
		name, text, ok := strings.Cut(f, "=")
		if !ok || name == "" {
			return nil, misused("-f %s: write it as name=value", f)
		}
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
			return nil, misused("-f %s: %v", f, err)
		}
		group, key, nested := strings.Cut(name, ".")
		if !nested {
			given[name] = value
			continue
		}
		inner, ok := given[group].(map[string]any)
		if !ok && given[group] != nil {
			return nil, misused("-f %s: %s has no parts", f, group)
		}
		inner = maps.Clone(inner)
		if inner == nil {
			inner = map[string]any{}
		}
		inner[key] = value
		given[group] = inner
	}
	out, err := json.Marshal(given)
	if err != nil {
		return nil, fmt.Errorf("facts: %w", err)
	}
	return out, nil
}
