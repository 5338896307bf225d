package finance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"chobo/cmd/chobo/internal/api"
	"chobo/cmd/chobo/internal/finance"
	"chobo/jobs/reconcile"
	"chobo/jobs/reconcile/trade"
	"chobo/schema/pgtest"
)

// A caller asks a server that runs on a mall.
type caller struct {
	t   testing.TB
	url string
}

func serve(t *testing.T, m *trade.Mall) *caller {
	t.Helper()
	for _, j := range reconcile.Jobs(m.DB) {
		m.Runner.Register(j)
	}
	s := httptest.NewServer(api.New(api.Options{DB: m.DB, Engine: m.Engine, Registry: m.Registry, Jobs: m.Runner, AdminKey: "secret", Log: zerolog.Nop(),
		Mount: finance.Mount(m.DB, m.Engine, time.Now), Close: closer(m).Answer}))
	t.Cleanup(s.Close)
	return &caller{t, s.URL + "/v1/" + trade.Code}
}

func (c *caller) ask(method, path, accept, body string, status int) (http.Header, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	fatal(c.t, err)
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Accept", accept)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	fatal(c.t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	b, err := io.ReadAll(answer.Body)
	fatal(c.t, err)
	if answer.StatusCode != status {
		c.t.Errorf("%s %s: %d, want %d: %s", method, path, answer.StatusCode, status, b)
	}
	return answer.Header, b
}

func (c *caller) json(method, path, body string, status int) (out map[string]any) {
	c.t.Helper()
	_, b := c.ask(method, path, "application/json", body, status)
	if err := json.Unmarshal(b, &out); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, b)
	}
	return out
}

// Every report answers JSON and CSV, and what cannot be read is told.
func TestReportsOverHTTP(t *testing.T) {
	c := serve(t, trade.Open(t, pgtest.NewURL(t)).April())
	for _, r := range finance.Reports {
		path := "/reports/" + r.Name + "?as_of=2026-04&from=2026-04&to=2026-04"
		if out := c.json("GET", path, "", 200); out["program"] != trade.Code {
			t.Errorf("%s: %v", r.Name, out)
		}
		h, b := c.ask("GET", path, "text/csv", "", 200)
		rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
		if err != nil || h.Get("Content-Type") != "text/csv; charset=utf-8" || h.Get("Chobo-Control-Rows") != strconv.Itoa(len(rows)-1) {
			t.Errorf("%s: %v, %v, %d rows", r.Name, err, h, len(rows))
		}
	}
	balance := c.json("GET", "/reports/trial-balance?as_of=2026-04-30", "", 200)
	if totals := balance["totals"].(map[string]any); totals["points"] != 0.0 || totals["money"] != 0.0 {
		t.Errorf("totals %v", totals)
	}
	roll := c.json("GET", "/reports/liability-rollforward?from=2026-04&to=2026-05&by=month", "", 200)
	points := roll["points"].(map[string]any)
	if points["opening"] != 0.0 || points["closing"] != 1336.0 || points["movements"].(map[string]any)["opening"] != 1200.0 || len(roll["groups"].([]any)) != 2 {
		t.Errorf("roll-forward %v", roll)
	}
	if h, b := c.ask("GET", "/reports/expiry-aging?as_of=2026-04", "image/svg+xml", "", 200); h.Get("Content-Type") != "image/svg+xml" || !bytes.Contains(b, []byte("<svg")) {
		t.Errorf("drawn: %v", h)
	}
	if out := c.json("GET", "/reports/general-ledger/redeemed:orders?from=2026-04&to=2026-04", "", 200); len(out["entries"].([]any)) != 6 {
		t.Errorf("general ledger: %v", out)
	}
	for path, field := range map[string]string{
		"/reports/trial-balance?as_of=soon": "query.as_of", "/reports/liability-rollforward?by=week": "query.by", "/reports/shop-settlement?from=2026-05&to=2026-04": "query.to",
		"/reports/trial-balance?format=svg": "query.format", "/reports/breakage?prior=2": "query.prior", "/reports/trial-balance?known_at=then": "query.known_at",
		"/exports/journal?format=xml": "query.format",
	} {
		if out := c.json("GET", path, "", 422); out["code"] != "validation_failed" || !strings.Contains(text(t, out["errors"]), field) {
			t.Errorf("%s: %v", path, out)
		}
	}
	c.json("GET", "/reports/general-ledger/nobody", "", 404)
}

// Exports stream, zipped where that is asked for, and tell what they add up to before their first byte.
func TestExportsOverHTTP(t *testing.T) {
	c := serve(t, trade.Open(t, pgtest.NewURL(t)).April())
	h, plain := c.ask("GET", "/exports/journal?from=2026-04&to=2026-04&format=csv", "", "", 200)
	rows, err := csv.NewReader(bytes.NewReader(plain)).ReadAll()
	if err != nil || h.Get("Chobo-Control-Rows") != strconv.Itoa(len(rows)-1) || h.Get("Chobo-Control-Points") == "" || h.Get("Chobo-Control-Money") == "" {
		t.Errorf("%v, %v, %d rows", err, h, len(rows))
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/exports/journal?from=2026-04&to=2026-04&format=csv", nil)
	fatal(t, err)
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Accept-Encoding", "gzip")
	answer, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	fatal(t, err)
	defer answer.Body.Close() //nolint:errcheck // it was read
	z, err := gzip.NewReader(answer.Body)
	fatal(t, err)
	if unzipped, err := io.ReadAll(z); err != nil || !bytes.Equal(unzipped, plain) || answer.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("zipped: %v, %v", err, answer.Header)
	}
	last := rows[len(rows)-1][0]
	if _, rest := c.ask("GET", "/exports/journal?from=2026-04&to=2026-04&format=csv&after="+last, "", "", 200); len(rest) != 0 {
		t.Errorf("behind the last: %s", rest)
	}
	c.json("GET", "/exports/journal?from=2026-04&to=2026-04&after=1", "", 404)
}

// A shop is settled once, whoever asks and however often; what becomes due later is settled by the next.
func TestSettlementsOverHTTP(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	settle := func(shop, to string, status int) (settled float64, transactions int) {
		t.Helper()
		out := c.json("POST", "/shops/"+shop+"/settlements", `{"from":"2026-04","to":"`+to+`","actor":"eva"}`, status)
		return out["settled"].(float64), len(out["transactions"].([]any))
	}
	if n, k := settle("S-1", "2026-04", 201); n != 500 || k != 1 {
		t.Errorf("S-1 was paid %v by %d transactions", n, k)
	}
	if n, k := settle("S-2", "2026-04", 201); n != -161 || k != 1 {
		t.Errorf("S-2 paid %v by %d transactions", n, k)
	}
	for _, shop := range []string{"S-1", "S-3", "S-nobody"} { // settled, even, unknown
		if n, k := settle(shop, "2026-04", 200); n != 0 || k != 0 {
			t.Errorf("%s again: %v by %d transactions", shop, n, k)
		}
	}
	// In May 150 points of the shop came back to a member, and 350 as its own cash, which it is owed all the same.
	if n, k := settle("S-1", "2026-05-02", 201); n != -150 || k != 1 {
		t.Errorf("S-1 then paid %v by %d transactions", n, k)
	}
	if n, k := settle("S-1", "2026-04", 200); n != 0 || k != 0 {
		t.Errorf("April, after May was settled: %v by %d transactions", n, k)
	}
	m.Fold()
	out := c.json("GET", "/reports/shop-settlement?from=2026-05&to=2026-05-02", "", 200)
	for _, s := range out["shops"].([]any) {
		if row := s.(map[string]any); row["closing"] != 0.0 || row["due"] != 0.0 {
			t.Errorf("after the settlements: %v", row)
		}
	}
	run := c.json("POST", "/jobs/reconcile/run", `{}`, 200)
	if run["breaks"] != 0.0 {
		t.Errorf("settled books break: %v %s", run, c.json("GET", "/reconciliation/breaks", "", 200))
	}
}

// Estimates, closing and breaks over HTTP.
func TestMonthEndOverHTTP(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	c.json("GET", "/estimates/last", "", 404)
	c.json("POST", "/estimates", `{"as_of":"2026-04","actor":"eva","cohorts":[{"cohort":"2026-04","expected":1}]}`, 422)
	made := c.json("POST", "/estimates", `{"as_of":"2026-04","actor":"eva","cohorts":[{"cohort":"2026-04","expected":400}]}`, 201)
	if last := c.json("GET", "/estimates/last?as_of=2026-04", "", 200); text(t, last) != text(t, made) {
		t.Errorf("kept %v, made %v", last, made)
	}
	c.json("POST", "/periods/2026-05/close", `{"actor":"eva"}`, 409)
	c.json("POST", "/periods/May/close", `{"actor":"eva"}`, 422)
	m.Owner.MustExec(`UPDATE accounts SET available = available + 1 WHERE member = (SELECT member FROM members WHERE member_id = 'cho')`)
	if out := c.json("POST", "/periods/2026-04/close", `{"actor":"eva"}`, 409); out["code"] != "conflict" {
		t.Errorf("with a break: %v", out)
	}
	breaks := c.json("GET", "/reconciliation/breaks?status=open&check=balances", "", 200)["breaks"].([]any)
	if len(breaks) != 1 {
		t.Fatalf("breaks: %v", breaks)
	}
	id := breaks[0].(map[string]any)["break"].(float64)
	c.ask("PUT", "/reconciliation/breaks/"+strconv.Itoa(int(id))+"/note", "", `{"note":"seen","actor":"eva"}`, 204)
	c.json("PUT", "/reconciliation/breaks/999/note", `{"note":"seen","actor":"eva"}`, 404)
	if run := c.json("GET", "/reports/reconciliation", "", 200); run["breaks"] != 2.0 {
		t.Errorf("the last run: %v", run)
	}
	m.Owner.MustExec(`UPDATE accounts SET available = available - 1 WHERE member = (SELECT member FROM members WHERE member_id = 'cho')`)
	first := c.json("POST", "/periods/2026-04/close", `{"actor":"eva"}`, 200)
	if first["state"] != "closed" || first["estimate"] != made["estimate"] || len(first["valuation"].([]any)) == 0 {
		t.Errorf("closed: %v", first)
	}
	again := c.json("POST", "/periods/2026-04/close", `{"actor":"somebody"}`, 200)
	if again["balances_sha256"] != first["balances_sha256"] || again["actor"] != "eva" || again["valuation"] != nil {
		t.Errorf("closed again: %v", again)
	}
}
