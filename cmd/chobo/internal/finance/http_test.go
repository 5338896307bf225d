package finance_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
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
	return c.send(method, path, http.Header{"Accept": {accept}}, body, status)
}

// post posts under a key; empty: under none.
func (c *caller) post(path, key, body string, status int) (http.Header, []byte) {
	c.t.Helper()
	h := http.Header{}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	return c.send("POST", path, h, body, status)
}

func (c *caller) send(method, path string, h http.Header, body string, status int) (http.Header, []byte) {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	fatal(c.t, err)
	r.Header = h
	r.Header.Set("Authorization", "Bearer secret")
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
		addsUp(t, r.Name, rows, h)
	}
	h, b := c.ask("GET", "/reports/general-ledger/redeemed:orders?from=2026-04&to=2026-04", "text/csv", "", 200)
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	fatal(t, err)
	addsUp(t, "general ledger", rows, h)
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
		"/reports/trial-balance?format=svg": "query.format", "/reports/breakage?prior=2": "query.prior", "/reports/breakage?term=0": "query.term", "/reports/breakage?term=-1": "query.term", "/reports/trial-balance?known_at=then": "query.known_at",
		"/exports/journal?format=xml": "query.format", "/exports/journal?format=freee&after=1": "query.after",
	} {
		if out := c.json("GET", path, "", 422); out["code"] != "validation_failed" || !strings.Contains(text(t, out["errors"]), field) {
			t.Errorf("%s: %v", path, out)
		}
	}
	c.json("GET", "/reports/general-ledger/nobody", "", 404)

	// A member's statement, whole and in pages, agrees with what the member is told.
	statement := c.json("GET", "/reports/member-statement?member_id=ann&as_of=2026-04", "", 200)
	if entries := statement["entries"].([]any); len(entries) != 14 || statement["lines"] != 14.0 || entries[12].(map[string]any)["balance_after"] != statement["closing"].(map[string]any)["available"] {
		t.Errorf("member statement: %v", statement)
	}
	told := c.json("GET", "/members/ann/entries?as_of=2026-04-30T23:59:59%2B09:00", "", 200)["entries"].([]any)
	for _, e := range statement["entries"].([]any) {
		if e := e.(map[string]any); e["account"] == "available" {
			last := told[len(told)-1].(map[string]any)
			told = told[:len(told)-1]
			for name, v := range last {
				if text(t, e[name]) != text(t, v) {
					t.Errorf("%s: finance reads %v, the member %v", name, e[name], v)
				}
			}
		}
	}
	if len(told) != 0 {
		t.Errorf("finance does not read %v", told)
	}
	page := c.json("GET", "/reports/member-statement?member_id=ann&as_of=2026-04&limit=3", "", 200)["entries"].([]any)
	next := c.json("GET", "/reports/member-statement?member_id=ann&as_of=2026-04&limit=1&after="+page[2].(map[string]any)["transaction_id"].(string), "", 200)
	if len(page) != 3 || text(t, next["entries"]) != text(t, statement["entries"].([]any)[3:5]) {
		t.Errorf("a page %v and the next %v", page, next)
	}
	h, b = c.ask("GET", "/reports/member-statement?member_id=ann&as_of=2026-04", "text/csv", "", 200)
	if rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll(); err != nil || len(rows) != 15 || h.Get("Chobo-Control-Rows") != "14" || rows[0][4] != "balance_after" {
		t.Errorf("as CSV: %v, %v, %s", err, h, b)
	}
	c.json("GET", "/reports/member-statement?member_id=nobody", "", 404)
	c.json("GET", "/reports/member-statement?member_id=%1Fhouse", "", 404)
	c.json("GET", "/reports/member-statement", "", 422)
}

// addsUp checks the control totals of a file: there are some, and they are the sums of its columns.
func addsUp(t *testing.T, name string, rows [][]string, h http.Header) {
	t.Helper()
	totals := strings.Split(h.Get("Chobo-Control-Totals"), "; ")
	for _, total := range totals {
		column, want, ok := strings.Cut(total, "=")
		i := slices.Index(rows[0], column)
		if !ok || i < 0 {
			t.Errorf("%s: control totals %q", name, totals)
			return
		}
		if strings.Contains(want, ".") {
			continue // a rate
		}
		var sum int64
		for _, row := range rows[1:] {
			if row[i] != "" {
				n, err := strconv.ParseInt(row[i], 10, 64)
				fatal(t, err)
				sum += n
			}
		}
		if strconv.FormatInt(sum, 10) != want {
			t.Errorf("%s: column %s adds up to %d, the control total is %s", name, column, sum, want)
		}
	}
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
	h, sums := c.ask("GET", "/exports/journal?from=2026-04&to=2026-04&format=quickbooks", "", "", 200)
	rows, err = csv.NewReader(bytes.NewReader(sums)).ReadAll()
	if err != nil || h.Get("Chobo-Control-Rows") != strconv.Itoa(len(rows)-1) || h.Get("Chobo-Control-Points") != "0" {
		t.Errorf("sums: %v, %v, %d rows", err, h, len(rows))
	}
}

// A shop is settled once, whoever asks and however often; what becomes due later is settled by the next.
func TestSettlementsOverHTTP(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	keys := 0
	settle := func(shop, to string, status int) (settled float64, transactions int) {
		t.Helper()
		keys++
		_, b := c.post("/shops/"+shop+"/settlements", "s-"+strconv.Itoa(keys), `{"from":"2026-04","to":"`+to+`","actor":"eva"}`, status)
		var out struct {
			Settled      float64 `json:"settled"`
			Transactions []any   `json:"transactions"`
		}
		fatal(t, json.Unmarshal(b, &out))
		return out.Settled, len(out.Transactions)
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
		if row := s.(map[string]any); row["closing"] != 0.0 {
			t.Errorf("after the settlements: %v", row)
		}
	}
	run := c.json("POST", "/jobs/reconcile/run", `{}`, 200)
	if run["breaks"] != 0.0 {
		t.Errorf("settled books break: %v %s", run, c.json("GET", "/reconciliation/breaks", "", 200))
	}
}

// A settlement is keyed as every posting call is, and can be tried.
func TestSettlementsHaveKeys(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	const path, april = "/shops/S-1/settlements", `{"from":"2026-04","to":"2026-04","actor":"eva"}`
	refused := func(key, body string, status int, code string) {
		t.Helper()
		var problem struct {
			Code string `json:"code"`
		}
		_, b := c.post(path, key, body, status)
		fatal(t, json.Unmarshal(b, &problem))
		if problem.Code != code {
			t.Errorf("%s under %q: %s, want %s", body, key, b, code)
		}
	}
	refused("", april, 400, "idempotency_key_missing")
	refused("k-1", `{"from":"soon","to":"2026-04"}`, 422, "validation_failed") // and leaves the key free
	var tried struct {
		DryRun  bool
		Settled int64
		Journal []struct {
			Kind  string
			Lines []struct {
				Account string
				Money   int64
			}
		}
	}
	_, b := c.post(path+"?dry_run=true", "", april, 201)
	fatal(t, json.Unmarshal(b, &tried))
	if tried.Settled != 500 || len(tried.Journal) != 1 || tried.Journal[0].Kind != "shop_settlement" || len(tried.Journal[0].Lines) != 2 ||
		tried.Journal[0].Lines[1].Account != "shop:settled" || tried.Journal[0].Lines[1].Money != -500 {
		t.Errorf("tried: %s", b)
	}
	h, first := c.post(path, "k-1", april, 201)
	if h.Get("Idempotency-Replayed") != "" {
		t.Error("the first answer is a replay")
	}
	h, again := c.post(path, "k-1", `{ "actor": "eva", "to": "2026-04", "from": "2026-04" }`, 201)
	if h.Get("Idempotency-Replayed") != "true" || !bytes.Equal(again, first) {
		t.Errorf("again: %v %s, first %s", h, again, first)
	}
	refused("k-1", `{"from":"2026-04","to":"2026-05","actor":"eva"}`, 422, "idempotency_key_reused")
	if h, b := c.post("/shops/S-2/settlements", "k-1", april, 422); h.Get("Idempotency-Replayed") != "" {
		t.Errorf("the key for another shop: %s", b)
	}
	// That nothing was due is an answer too, and stays one when something is.
	_, nothing := c.post(path, "k-2", `{"from":"2026-05","to":"2026-05-02"}`, 201)
	_, even := c.post(path, "k-3", `{"from":"2026-05","to":"2026-05-02"}`, 200)
	m.At("2026-05-03 10:00").Buy("ann", trade.Order{ID: "late", Shop: "S-1", Price: 100, Points: 10})
	if _, b := c.post(path, "k-3", `{"from":"2026-05","to":"2026-05-02"}`, 200); !bytes.Equal(b, even) || bytes.Equal(b, nothing) {
		t.Errorf("nothing was due: %s, then %s", even, b)
	}
}

// Of settlements at once, under one key or several, one is paid, and a key has one answer.
func TestSettlementsAtOncePayOnce(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	const callers, keys = 12, 6 // the shop by the caller's parity, so two callers have a key
	answers := make([]string, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			path := "/shops/S-" + strconv.Itoa(1+i%2) + "/settlements"
			r, err := http.NewRequestWithContext(t.Context(), "POST", c.url+path, strings.NewReader(`{"from":"2026-04","to":"2026-04"}`))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header = http.Header{"Authorization": {"Bearer secret"}, "Content-Type": {"application/json"}, "Idempotency-Key": {"k-" + strconv.Itoa(i%keys)}}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close() //nolint:errcheck // it was read
			b, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode/100 != 2 {
				t.Errorf("%d %s, %v", answer.StatusCode, b, err)
			}
			answers[i] = string(b)
		})
	}
	all.Wait()
	paid := 0
	for i, answer := range answers[:keys] {
		if answers[i+keys] != answer {
			t.Errorf("key %d was answered %s and %s", i, answer, answers[i+keys])
		}
		if strings.Contains(answer, `"shop_settlement"`) {
			paid++
		}
	}
	if paid != 2 {
		t.Errorf("%d of 2 shops were paid", paid)
	}
	var posted int
	fatal(t, m.Owner.Get(&posted, `SELECT count(*) FROM transactions WHERE kind = 61`))
	if posted != 2 {
		t.Errorf("%d settlements were posted", posted)
	}
}

// Estimates, closing and breaks over HTTP.
func TestMonthEndOverHTTP(t *testing.T) {
	m := trade.Open(t, pgtest.NewURL(t)).April()
	c := serve(t, m)
	c.json("GET", "/estimates/last", "", 404)
	c.json("POST", "/estimates", `{"as_of":"2026-04","actor":"eva","cohorts":[{"cohort":"2026-04","expected":1}]}`, 422)
	c.json("POST", "/estimates", `{"as_of":"2026-04","actor":"eva","term":0}`, 422)
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
	if text(t, again) != text(t, first) || again["actor"] != "eva" {
		t.Errorf("closed again: %v", again)
	}
}
