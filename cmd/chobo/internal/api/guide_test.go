package api

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every command of docs/api.md works, and answers what the guide says: each member that it shows, with that value.
func TestTheGuideRuns(t *testing.T) {
	h := newHouse(t)
	guide, err := os.ReadFile("../../../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"CHOBO_ADMIN_KEY": adminKey}
	var last answered
	blocks := regexp.MustCompile("(?ms)^```(sh|json)\n(.*?)^```$").FindAllStringSubmatch(string(guide), -1)
	if len(blocks) < 20 {
		t.Fatalf("the guide has %d blocks", len(blocks))
	}
	for _, block := range blocks {
		if block[1] == "json" {
			var want any
			if err := json.Unmarshal([]byte(block[2]), &want); err != nil {
				t.Fatalf("%v: %s", err, block[2])
			}
			var got any
			if err := json.Unmarshal(last.raw, &got); err != nil {
				t.Fatalf("%v: %s", err, last.raw)
			}
			if where := differs("", want, got); where != "" {
				t.Errorf("the guide says %s\nanswered is %s\nthey differ at %s", block[2], last.raw, where)
			}
			continue
		}
		for _, words := range commands(t, block[2], vars) {
			last = h.curl(words)
			if last.status >= 400 && last.get("code") != "idempotency_key_reused" {
				t.Fatalf("%q: %s", words, last.raw)
			}
		}
	}
}

// curl does what the command line says.
func (h *house) curl(words []string) answered {
	h.t.Helper()
	method, path, body, headers := "", "", "", []string{}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-s":
		case "-X":
			i++
			method = words[i]
		case "-H":
			i++
			headers = append(headers, words[i])
		case "--json":
			i++
			body = words[i]
		default:
			path = strings.TrimPrefix(words[i], "http://127.0.0.1:8080")
		}
	}
	if method == "" {
		method = map[bool]string{true: "POST", false: "GET"}[body != ""]
	}
	return h.call(method, path, body, headers...)
}

// commands takes a block of shell apart: assignments, and commands of words, quoted or not, with variables.
func commands(t *testing.T, block string, vars map[string]string) (out [][]string) {
	word := regexp.MustCompile(`(?s)^(?:'([^']*)'|"([^"]*)"|([^\s'"]+))`)
	variable := regexp.MustCompile(`\$([A-Z_]+)`)
	expand := func(s string) string {
		return variable.ReplaceAllStringFunc(s, func(v string) string { return vars[v[1:]] })
	}
	var words []string
	end := func() {
		if len(words) == 1 && strings.Contains(words[0], "=") {
			name, value, _ := strings.Cut(words[0], "=")
			vars[name] = value
		} else if len(words) > 0 {
			out = append(out, words)
		}
		words = nil
	}
	for rest := block; rest != ""; {
		switch rest[0] {
		case '\n':
			end()
			rest = rest[1:]
		case ' ':
			rest = rest[1:]
		default:
			joined := ""
			for {
				m := word.FindStringSubmatch(rest)
				if m == nil {
					break
				}
				joined += m[1] + expand(m[2]+m[3])
				rest = rest[len(m[0]):]
			}
			if joined == "" {
				t.Fatalf("not understood: %q", rest)
			}
			words = append(words, joined)
		}
	}
	end()
	return out
}

// differs tells where got lacks what want has; empty: nowhere.
func differs(at string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		m, _ := got.(map[string]any)
		for name, v := range want {
			if where := differs(at+"."+name, v, m[name]); where != "" {
				return where
			}
		}
	case []any:
		l, _ := got.([]any)
		for i, v := range want {
			if i >= len(l) {
				return fmt.Sprintf("%s[%d]", at, i)
			}
			if where := differs(fmt.Sprintf("%s[%d]", at, i), v, l[i]); where != "" {
				return where
			}
		}
	default:
		if fmt.Sprint(want) != fmt.Sprint(got) {
			return at
		}
	}
	return ""
}
