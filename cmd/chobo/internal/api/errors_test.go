package api

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"chobo/points"
)

var update = flag.Bool("update", false, "write the files that people read anew")

const errorsDoc = "../../../../docs/errors.md"

// errorsPageText is docs/errors.md.
func errorsPageText() string {
	var b strings.Builder
	b.WriteString("# Errors\n\nEvery answer that is no success is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail` and a stable `code`;\n" +
		"`errors` lists each field at fault as `{ \"location\", \"message\" }`. A refused request posts nothing.\n\n" +
		"A refusal that depended on the ledger is kept under its `Idempotency-Key` and answered again. These leave the key free: every 400, 401, 403, 413, 415\n" +
		"and 503, `validation_failed`, `not_found` of a program, `internal` and `idempotency_key_reused`; so does `amount_out_of_range` of a single field.\n\n" +
		"| Status | Code | Meaning | What to do |\n|---|---|---|---|\n")
	for _, e := range Explanations {
		fmt.Fprintf(&b, "| %d | `%s` | %s | %s |\n", e.Status, e.Code, e.Title, e.Help)
	}
	return b.String()
}

// The table of errors, its document and what the code may refuse with are one.
func TestTheTableOfErrors(t *testing.T) {
	if *update {
		if err := os.WriteFile(errorsDoc, []byte(errorsPageText()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	doc, err := os.ReadFile(errorsDoc)
	if err != nil {
		t.Fatal(err)
	}
	if string(doc) != errorsPageText() {
		t.Error("docs/errors.md is not what the table says; run this test with -update")
	}
	seen := map[points.Code]bool{}
	for _, e := range Explanations {
		if seen[e.Code] || e.Status < 400 || e.Title == "" || e.Help == "" || !regexp.MustCompile(`^[a-z_]+$`).MatchString(string(e.Code)) {
			t.Errorf("%+v stands there twice or is not complete", e)
		}
		seen[e.Code] = true
	}
	for _, code := range codesOfPoints(t) {
		if !seen[code] {
			t.Errorf("a command refuses with %s, which has no row", code)
		}
	}
}

// codesOfPoints are the codes that package points declares.
func codesOfPoints(t *testing.T) (codes []points.Code) {
	source, err := os.ReadFile("../../../../points/refusal.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`Code = "([a-z_]+)"`).FindAllStringSubmatch(string(source), -1) {
		codes = append(codes, points.Code(m[1]))
	}
	if len(codes) < 10 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	return codes
}

// Each row of the table is documented by some operation, or belongs to no operation at all.
func TestEveryCodeIsAnsweredSomewhere(t *testing.T) {
	s := newHouse(t).server
	said := map[string]bool{string(codeMethod): true}
	for _, r := range s.routes {
		for status, response := range s.operationOf(r).Responses {
			if status < "400" {
				continue
			}
			for _, code := range strings.Split(response.Description, ", ") {
				e, ok := explained[points.Code(code)]
				if !ok || fmt.Sprint(e.Status) != status {
					t.Errorf("%s documents %s %s", r.ID, status, code)
				}
				said[code] = true
			}
		}
	}
	for _, e := range Explanations {
		if !said[string(e.Code)] {
			t.Errorf("no operation documents %s", e.Code)
		}
	}
}
