package api

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The document is one that tools can read: every reference leads somewhere, every path parameter is declared, every
// operation has an id of its own, a way in and an answer.
func TestTheOpenAPIDocument(t *testing.T) {
	h := newHouse(t)
	a := h.must(200, h.call("GET", "/openapi.json", "", "Authorization"))
	var doc map[string]any
	if err := json.Unmarshal(a.raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", doc["openapi"])
	}
	ids := map[string]bool{}
	for path, item := range object(doc["paths"]) {
		for method, v := range object(item) {
			op := object(v)
			id, _ := op["operationId"].(string)
			name := method + " " + path
			if id == "" || ids[id] {
				t.Errorf("%s: operationId %q", name, id)
			}
			ids[id] = true
			if op["security"] == nil || op["summary"] == nil || op["tags"] == nil {
				t.Errorf("%s lacks security, summary or tags", name)
			}
			var declared []string
			params, _ := op["parameters"].([]any)
			for _, p := range params {
				if p := object(p); p["in"] == "path" {
					declared = append(declared, fmt.Sprint(p["name"]))
				}
			}
			for _, m := range regexp.MustCompile(`\{([a-z_]+)\}`).FindAllStringSubmatch(path, -1) {
				if !slices.Contains(declared, m[1]) {
					t.Errorf("%s does not declare {%s}", name, m[1])
				}
			}
			responses := object(op["responses"])
			if responses["200"] == nil && responses["201"] == nil || responses["401"] == nil || responses["403"] == nil {
				t.Errorf("%s answers %v", name, responses)
			}
		}
	}
	walk(doc, func(key string, v any) {
		if key != "$ref" {
			return
		}
		at := any(doc)
		for _, step := range strings.Split(strings.TrimPrefix(fmt.Sprint(v), "#/"), "/") {
			m, _ := at.(map[string]any)
			at = m[step]
		}
		if at == nil {
			t.Errorf("%v leads nowhere", v)
		}
	})
	page := string(h.must(200, h.call("GET", "/docs", "", "Authorization")).raw)
	for id := range ids {
		if !strings.Contains(page, `id="`+id+`"`) {
			t.Errorf("/docs does not show %s", id)
		}
	}
	if strings.Contains(page, "https://") || strings.Contains(page, "<script") {
		t.Error("/docs needs something from elsewhere")
	}
}

func walk(v any, fn func(key string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, w := range v {
			fn(k, w)
			walk(w, fn)
		}
	case []any:
		for _, w := range v {
			walk(w, fn)
		}
	}
}

// object is a JSON object; nil: it is none.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}
