package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/japanese"

	"chobo/jobs/reconcile/trade"
	"chobo/ledger"
	"chobo/ledger/export"
	"chobo/ledger/report"
	"chobo/schema/pgtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func day(y int, m time.Month, d int) report.Day { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

var (
	april = report.Span{From: day(2026, 4, 1), To: day(2026, 4, 30)}
	may   = report.Span{From: day(2026, 5, 1), To: day(2026, 5, 31)}
)

func fatal(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nasty are ids that mean something to the programs which read exports.
var nasty = []string{`;a|b`, `(*!) =1+1`, `@"quoted" \ back`, `-x, y: z`, `注文 ｱ`, `+8%$#{}`, `a  b 'c'`}

// traded is a mall with a month of trade and members and orders of nasty names.
func traded(t *testing.T) (*trade.Mall, export.Exporter) {
	t.Helper()
	m := trade.Open(t, pgtest.NewURL(t)).April()
	for i, id := range nasty {
		m.Buy(id, trade.Order{ID: id, Shop: nasty[(i+1)%len(nasty)], Price: 5000})
	}
	return m, export.Exporter{DB: m.DB, Book: m.Reader().Book}
}

func exported(t *testing.T, e export.Exporter, r export.Request) (text []byte, c export.Control) {
	t.Helper()
	var out bytes.Buffer
	fatal(t, e.Export(t.Context(), r, func(control export.Control, write func(io.Writer) error) error {
		c = control
		return write(&out)
	}))
	return out.Bytes(), c
}

func needs(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("this test needs %s; install it with: .ci/install hledger ledger beancount", tool)
	}
}

// tool runs a program that reads exports. Where it is not installed the test fails: it never passes by not running.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	needs(t, name)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func written(t *testing.T, text []byte, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	fatal(t, os.WriteFile(file, text, 0o600))
	return file
}

// balances is the trial balance as one text: account, commodity, amount, what is not zero.
func balances(t *testing.T, r report.Reader, to report.Day) map[string]int64 {
	t.Helper()
	b, err := r.TrialBalance(t.Context(), to)
	fatal(t, err)
	out := map[string]int64{}
	for _, row := range b.Rows {
		if row.Points != 0 {
			out[row.ExportAccount+" POINT"] = int64(row.Points)
		}
		if row.Money != 0 {
			out[row.ExportAccount+" JPY"] = int64(row.Money)
		}
	}
	return out
}

func same(t *testing.T, who string, got, want map[string]int64) {
	t.Helper()
	if len(want) == 0 {
		t.Error("the trial balance is empty")
	}
	for k, n := range want {
		if got[k] != n {
			t.Errorf("%s has %d on %s, the trial balance %d", who, got[k], k, n)
		}
		delete(got, k)
	}
	for k, n := range got {
		if n != 0 {
			t.Errorf("%s has %d on %s, the trial balance nothing", who, n, k)
		}
	}
}

// amounts reads what hledger, ledger and beancount print as account, amount and commodity.
func amounts(t *testing.T, text string, line *regexp.Regexp) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, m := range line.FindAllStringSubmatch(text, -1) {
		n, err := strconv.ParseInt(m[line.SubexpIndex("n")], 10, 64)
		fatal(t, err)
		out[m[line.SubexpIndex("account")]+" "+m[line.SubexpIndex("unit")]] += n
	}
	return out
}

// All three programs take the exports, and their balances are the trial balance's: for the first month, for one that
// begins with balances brought forward, and for both.
func TestPlainTextTools(t *testing.T) {
	m, e := traded(t)
	for _, s := range []report.Span{april, may, {From: april.From, To: may.To}, {From: day(2026, 4, 10), To: day(2026, 4, 12)}, {From: report.Beginning, To: may.To}} {
		name := s.From.Format(time.DateOnly) + "…" + s.To.Format(time.DateOnly)
		want := balances(t, m.Reader(), s.To)
		t.Run("hledger "+name, func(t *testing.T) {
			text, _ := exported(t, e, export.Request{Span: s, Format: export.HLedger})
			file := written(t, text, "books.journal")
			tool(t, "hledger", "-f", file, "check", "-s")
			tool(t, "hledger", "-f", file, "check", "ordereddates")
			out := tool(t, "hledger", "-f", file, "bal", "--flat", "-N", "-O", "csv", "--layout", "bare")
			same(t, "hledger", amounts(t, out, regexp.MustCompile(`(?m)^"(?P<account>[^"]+)","(?P<unit>[A-Z]+)","(?P<n>-?\d+)"`)), copied(want))
		})
		t.Run("ledger "+name, func(t *testing.T) {
			text, _ := exported(t, e, export.Request{Span: s, Format: export.Ledger})
			file := written(t, text, "books.ledger")
			out := tool(t, "ledger", "--pedantic", "--strict", "-f", file, "reg", "--format", "%(account) %(quantity(amount)) %(commodity(amount))\n")
			got := amounts(t, out, regexp.MustCompile(`(?m)^(?P<account>\S+) (?P<n>-?\d+) (?P<unit>[A-Z]+)$`))
			same(t, "ledger", got, copied(want))
		})
		t.Run("beancount "+name, func(t *testing.T) {
			text, _ := exported(t, e, export.Request{Span: s, Format: export.Beancount})
			file := written(t, text, "books.beancount")
			if out := tool(t, "bean-check", file); strings.TrimSpace(out) != "" {
				t.Fatalf("bean-check: %s", out)
			}
			out := tool(t, "bean-query", "-f", "csv", file, "SELECT account, currency, sum(number) GROUP BY account, currency")
			same(t, "beancount", amounts(t, out, regexp.MustCompile(`(?m)^(?P<account>[A-Z][A-Za-z:]+) *,(?P<unit>[A-Z]+) *, *(?P<n>-?\d+)`)), copied(want))
		})
	}
}

func copied(m map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// A wrong amount anywhere is noticed by every program.
func TestPlainTextToolsNoticeWrongAmounts(t *testing.T) {
	_, e := traded(t)
	amount := regexp.MustCompile(`(?m)^  +[A-Z][A-Za-z:]+  (-?\d+) (POINT|JPY)$`)
	for _, c := range []struct {
		format  export.Format
		command []string
	}{
		{export.HLedger, []string{"hledger", "check", "-f"}},
		{export.Ledger, []string{"ledger", "bal", "-f"}},
		{export.Beancount, []string{"bean-check"}},
	} {
		text, _ := exported(t, e, export.Request{Span: april, Format: c.format})
		places := amount.FindAllSubmatchIndex(text, -1)
		for i := 0; i < len(places); i += len(places)/5 + 1 {
			at := places[i]
			wrong := append(append(bytes.Clone(text[:at[3]]), '7'), text[at[3]:]...)
			file := written(t, wrong, "wrong")
			needs(t, c.command[0])
			if out, err := exec.CommandContext(t.Context(), c.command[0], append(c.command[1:], file)...).CombinedOutput(); err == nil {
				t.Errorf("%s did not notice amount %d of %d: %s", c.command[0], i, len(places), out)
			}
		}
	}
}

// CSV has every line once, no cell that a spreadsheet would run, and adds up to its control totals.
func TestCSV(t *testing.T) {
	m, e := traded(t)
	whole := report.Span{From: report.Beginning, To: may.To}
	text, control := exported(t, e, export.Request{Span: whole, Format: export.CSV})
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	fatal(t, err)
	if !bytes.Contains(text, []byte("\r\n")) {
		t.Error("lines do not end as RFC 4180 has it")
	}
	col := map[string]int{}
	for i, name := range rows[0] {
		col[name] = i
	}
	sums := map[string]int64{}
	var debits [2]int64
	numeric := regexp.MustCompile(`^-?\d+$`)
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t", rune(cell[0])) && !numeric.MatchString(cell) {
				t.Errorf("column %s begins with %q", rows[0][i], cell)
			}
		}
		if key := row[col["transaction_id"]] + " " + row[col["line"]]; seen[key] {
			t.Errorf("line %s stands twice", key)
		} else {
			seen[key] = true
		}
		for j, name := range []string{"points", "money"} {
			n, err := strconv.ParseInt(row[col[name]], 10, 64)
			fatal(t, err)
			sums[row[col["export_account"]]+" "+[]string{"POINT", "JPY"}[j]] += n
			debits[j] += max(n, 0)
		}
	}
	same(t, "csv", sums, balances(t, m.Reader(), may.To))
	if got := (export.Control{Lines: int64(len(rows) - 1), Points: ledger.Points(debits[0]), Money: ledger.Money(debits[1])}); got != control {
		t.Errorf("the rows add up to %+v, the control totals are %+v", got, control)
	}
}

// An export that broke off goes on behind any of its transactions, and both parts are the whole.
func TestExportsResume(t *testing.T) {
	m, e := traded(t)
	m.Fold()
	for _, f := range []export.Format{export.CSV, export.JSONL, export.HLedger, export.Beancount} {
		whole, _ := exported(t, e, export.Request{Span: april, Format: f})
		var ids []string
		if err := m.DB.Select(&ids, `SELECT id FROM transactions WHERE book_date <= '2026-04-30' ORDER BY book_date, id`); err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(ids); i += 5 {
			id, err := strconv.ParseInt(ids[i], 10, 64)
			fatal(t, err)
			rest, _ := exported(t, e, export.Request{Span: april, Format: f, After: ledger.TransactionID(id)})
			if !bytes.HasSuffix(whole, rest) {
				t.Fatalf("%s behind %s is not the end of the whole:\n%s", f, ids[i], rest)
			}
			if head := whole[:len(whole)-len(rest)]; f == export.JSONL && !strings.Contains(string(head), ids[i]) {
				t.Errorf("%s begins again before %s", f, ids[i])
			}
		}
	}
	err := e.Export(t.Context(), export.Request{Span: may, Format: export.CSV, After: 1}, func(export.Control, func(io.Writer) error) error { return nil })
	if !errors.Is(err, export.ErrNoTransaction) {
		t.Errorf("an unknown transaction: %v", err)
	}
	for _, f := range export.Summaries {
		err := e.Export(t.Context(), export.Request{Span: april, Format: f, After: 1}, func(export.Control, func(io.Writer) error) error { return nil })
		if !errors.Is(err, export.ErrSums) {
			t.Errorf("%s behind a transaction: %v", f, err)
		}
	}
}

// A JSON line holds all that the digest of its transaction is made of.
func TestJSONLinesHoldTheDigest(t *testing.T) {
	m, e := traded(t)
	text, _ := exported(t, e, export.Request{Span: report.Span{From: report.Beginning, To: may.To}, Format: export.JSONL})
	n := 0
	for line := range bytes.Lines(text) {
		var v map[string]any
		fatal(t, json.Unmarshal(line, &v))
		n++
	}
	var want int
	fatal(t, m.DB.Get(&want, `SELECT count(*) FROM transactions`))
	if n != want {
		t.Errorf("%d lines, want one of each of %d transactions", n, want)
	}
}

// A day's entry adds up in every form, and the months' sums are the trial balance's movement.
func TestSummaries(t *testing.T) {
	_, e := traded(t)
	for _, f := range export.Summaries {
		text, control := exported(t, e, export.Request{Span: april, Format: f})
		if f == export.Yayoi {
			decoded, err := japanese.ShiftJIS.NewDecoder().Bytes(text)
			fatal(t, err)
			text = decoded
		}
		golden(t, string(f)+".csv", text)
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		fatal(t, err)
		at := map[export.Format][2]int{export.Freee: {9, 18}, export.MoneyForward: {8, 16}, export.Yayoi: {8, 14}, export.QuickBooks: {3, 4}}[f]
		sums := map[string]int64{}
		var file export.Control
		for i, row := range rows {
			if i == 0 && f != export.Yayoi {
				continue
			}
			file.Lines++
			key := row[1]
			if f == export.QuickBooks {
				key = row[0]
			}
			for sign, cell := range map[int64]string{1: row[at[0]], -1: row[at[1]]} {
				if cell != "" {
					n, err := strconv.ParseInt(cell, 10, 64)
					fatal(t, err)
					sums[key] += sign * n
					file.Money += ledger.Money(max(0, sign) * n)
				}
			}
		}
		if control != file {
			t.Errorf("%s: the rows add up to %+v, the control totals are %+v", f, file, control)
		}
		for key, n := range sums {
			if n != 0 {
				t.Errorf("%s: entry %s is off by %d", f, key, n)
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		fatal(t, os.MkdirAll("testdata", 0o750))
		fatal(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	fatal(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got:\n%s", file, got)
	}
}

func TestFormats(t *testing.T) {
	for _, f := range append(append([]export.Format{}, export.Journals...), export.Summaries...) {
		got, err := export.ParseFormat(string(f))
		if got != f || err != nil || f.ContentType() == "" || f.Extension() == "" {
			t.Errorf("%s: %v, %v", f, got, err)
		}
	}
	if _, err := export.ParseFormat("xml"); err == nil {
		t.Error("there is no xml")
	}
}
