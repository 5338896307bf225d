package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chobo/points/engine"
)

const members = `member_id,enrolled_at,status
M-1,2026-01-05,
M-2,2026-01-06,suspended
M-3,2026-01-07,closed
`

func TestMembers(t *testing.T) {
	h := newHouse(t)
	h.expect(Members, members, 3, 0, 0)
	h.expect(Members, members, 0, 3, 0)
	if n := h.count(`SELECT count(*) FROM members`); n != 3 {
		t.Errorf("%d members", n)
	}
	if n := h.count(`SELECT count(*) FROM transactions WHERE kind IN (70, 72)`); n != 2 || h.count(`SELECT count(*) FROM transactions`) != 2 {
		t.Errorf("%d marks", n)
	}
	left := h.expect(Points, "member_id,points,occurred_at\nM-1,10,2026-02-01\nM-2,20,2026-02-01\nM-3,30,2026-02-01\n", 2, 0, 1)
	if left != "4: the membership is closed [member_closed]" {
		t.Error(left)
	}
	h.prove()
}

func TestPoints(t *testing.T) {
	h := newHouse(t)
	h.expect(Points, `member_id,points,occurred_at,last_day,matures_at,row_id
M-1,100,2026-01-15 10:00,2026-12-31,,a
M-1,50,2026-02-15,,2026-05-01,b
M-2,7,,never?,,c
`, 2, 0, 1)
	if got := h.balance("M-1"); got != "100 and 50" {
		t.Error(got)
	}
	for query, want := range map[string]int64{
		`SELECT count(*) FROM lines WHERE expires_at = '2027-01-01 00:00+09'`:                                     1,
		`SELECT count(*) FROM transactions WHERE kind = 60 AND occurred_at = '2026-01-15 10:00+09'`:               1,
		`SELECT count(*) FROM transactions WHERE subject IN ('a', 'b') AND actor = 'test'`:                        2,
		`SELECT sum(points) FROM lines WHERE account = 24`:                                                        150,
		`SELECT holds[3] / 1000000 - extract(epoch FROM timestamptz '2026-05-01 00:00+09')::bigint FROM accounts`: 0,
		`SELECT holds[4] / 1000000 - extract(epoch FROM timestamptz '2027-05-02 00:00+09')::bigint FROM accounts`: 0,
	} {
		if n := h.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	h.prove()
}

// Blnk, Midaz: equal payments are taken for one, or a retry for two.
func TestEqualLotsCountAndRetriesDoNot(t *testing.T) {
	h := newHouse(t)
	const file = "member_id,points,occurred_at\nM-1,5,2026-02-01\nM-1,5,2026-02-01\nM-1,5,2026-02-01\nM-1,6,2026-02-01\n"
	s, _, err := h.imported(Points, file)
	h.check(err)
	if s.Posted != 4 || s.Repeats != 2 {
		t.Errorf("%+v", s)
	}
	h.expect(Points, file, 0, 4, 0)
	// In another order, among others, and in another form.
	h.expect(Points, "points;member id;date;remark\n6;M-1;2026-02-01;\n5;M-1;2026/02/01;\n5;M-1;2026-02-01 00:00;\n7;M-1;2026-02-01;new\n", 1, 3, 0)
	h.expect(Points, `{"member_id":"M-1","points":5,"occurred_at":"2026-01-31T15:00:00Z"}`+"\n", 0, 1, 0)
	if got := h.balance("M-1"); got != "28 and 0" {
		t.Error(got)
	}
	h.prove()
}

func TestOrders(t *testing.T) {
	h := newHouse(t)
	h.expect(Points, "member_id,points,occurred_at\nM-1,1000,2026-02-01\n", 1, 0, 0)
	const file = `member_id,order_id,shop_id,ordered_at,sku,quantity,unit_price,shipping,fee:cod,points,attribute:magazine,delivered_at
M-1,O-1,S-1,2026-04-02 10:00,BK-7,2,1500,500,300,1000,,2026-04-05
M-1,O-2,S-1,2026-04-03,BK-7,1,1500,,,,false,
M-1,O-2,S-1,2026-04-03,MG-1,3,400,,,,true,
`
	h.expect(Orders, file, 2, 0, 0)
	h.expect(Orders, file, 0, 2, 0)
	h.expect(Points, "member_id,points\nM-1,1\n", 1, 0, 0) // the holds of both orders are over by now
	if got := h.balance("M-1"); got != "50 and 0" {        // 22 of O-1, 15 and 12 of O-2, and this one
		t.Error(got)
	}
	for query, want := range map[string]int64{
		`SELECT count(*) FROM documents WHERE kind = 1 AND state = 'delivered'`:                                         1,
		`SELECT count(*) FROM documents WHERE kind = 1 AND body::jsonb #>> '{tenders,money}' = '2800'`:                  1,
		`SELECT count(*) FROM documents WHERE kind = 1 AND body::jsonb #>> '{lines,1,attr,magazine}' = 'true'`:          1,
		`SELECT count(*) FROM transactions WHERE kind = 12 AND subject = 'O-1' AND occurred_at = '2026-04-02 10:00+09'`: 1,
	} {
		if n := h.count(query); n != want {
			t.Errorf("%s: %d, want %d", query, n, want)
		}
	}
	left := h.expect(Orders, strings.Replace(file, ",2,1500,", ",3,1500,", 1), 0, 1, 1)
	if left != "2: O-1 was imported before with other content [repeated_id]" {
		t.Error(left)
	}
	h.prove()
}

// TigerBeetle #2374, the other way round: what was refused is remembered, and yet must not be refused for good.
func TestWhatWasRefusedIsTriedAgain(t *testing.T) {
	h := newHouse(t)
	const orders = `{"member_id":"M-1","order_id":"O-1","shop_id":"S-1","ordered_at":"2026-04-02T00:00:00Z","lines":[{"line_id":"1","quantity":1,"unit_price":900}],"tenders":{"points":900,"money":0},"delivered_at":"2026-04-05T00:00:00Z"}` + "\n"
	for range 3 {
		if left := h.expect(Orders, orders, 0, 0, 1); !strings.Contains(left, "[insufficient_points]") {
			t.Fatal(left)
		}
	}
	h.expect(Points, "member_id,points\nM-1,900\n", 1, 0, 0)
	h.expect(Orders, orders, 1, 0, 0)
	h.expect(Orders, orders, 0, 1, 0)
	s, _, err := h.imported(Orders, orders, func(how *How) { how.DryRun = true })
	h.check(err)
	if s.Already != 1 {
		t.Errorf("%+v", s)
	}
	h.prove()
}

// Formance #1684: what is only tried leaves no trace.
func TestADryRunLeavesNoTrace(t *testing.T) {
	h := newHouse(t)
	h.expect(Points, "member_id,points\nM-1,5\n", 1, 0, 0)
	before := tables(t, h.DB)
	dry := func(how *How) { how.DryRun = true }
	for what, text := range map[What]string{
		Members: members,
		Points:  "member_id,points,last_day\nM-1,5,\nM-2,6,\nM-1,5,2020-01-01\n",
		Orders:  "member_id,order_id,shop_id,ordered_at,quantity,unit_price\nM-1,O-1,S-1,2026-04-02,1,5\n",
	} {
		s, left, err := h.imported(what, text, dry)
		h.check(err)
		if what == Points && (s.Posted != 1 || s.Already != 1 || s.Refused != 1 || !strings.Contains(left, "expires_at must lie behind")) {
			t.Errorf("%+v %s", s, left)
		}
	}
	if after := tables(t, h.DB); after != before {
		t.Errorf("before: %s\nafter:  %s", before, after)
	}
}

func TestBadRowsRefuseTheWholeFile(t *testing.T) {
	h := newHouse(t)
	before := tables(t, h.DB)
	s, left, err := h.imported(Points, "member_id,points\nM-1,5\nM-1,five\n", func(how *How) { how.Whole = true })
	if !errors.Is(err, ErrBadRows) || s.Refused != 1 || s.Posted != 0 || !strings.Contains(left, `3:2: points must be a whole number without separators, not "five"`) {
		t.Errorf("%v %+v %s", err, s, left)
	}
	if after := tables(t, h.DB); after != before {
		t.Errorf("before: %s\nafter:  %s", before, after)
	}
	_, _, err = h.imported(Members, "member_id,status\nM-1,closed\n", func(how *How) { how.Whole = true })
	h.check(err)
	_, left, err = h.imported(Points, "member_id,points\nM-1,5\n", func(how *How) { how.Whole = true })
	if !errors.Is(err, ErrBadRows) || !strings.Contains(left, "[member_closed]") {
		t.Errorf("a refusal of the ledger: %v, %s", err, left)
	}
	if _, _, err := h.imported(Points, "member_id,points\nM-1,5\n", func(how *How) { how.Program = "none" }); !errors.Is(err, engine.ErrUnknownProgram) {
		t.Error(err)
	}
}

// lots is a file of so many lots of a hundred members, worth so many points.
func lots(n int) (text string, sum int64) {
	var b strings.Builder
	b.WriteString("member_id,points,occurred_at\n")
	for i := range n {
		fmt.Fprintf(&b, "M-%d,%d,2026-02-01\n", i%100, 1+i%7)
		sum += int64(1 + i%7)
	}
	return b.String(), sum
}

// What is interrupted is begun again: from its beginning, or where it stopped.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	h := newHouse(t)
	text, sum := lots(3*chunkSize + 17)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	how := How{What: Points, Program: mall, Format: CSV}
	s, err := Import(ctx, h.Books, strings.NewReader(text), how, Watch{Progress: func(doing string, _, _ int64) {
		if doing == "posting" {
			cancel()
		}
	}})
	if !errors.Is(err, ErrInterrupted) || s.Posted == 0 || s.Posted >= int64(3*chunkSize) {
		t.Fatalf("%v %+v", err, s)
	}
	h.prove()
	how.Resume = true
	rest, err := Import(t.Context(), h.Books, strings.NewReader(text), how, Watch{})
	h.check(err)
	if rest.Skipped != s.Posted || rest.Skipped+rest.Posted != rest.Read || rest.Already != 0 {
		t.Errorf("%+v behind %+v", rest, s)
	}
	how.Resume = false
	again, err := Import(t.Context(), h.Books, strings.NewReader(text), how, Watch{})
	h.check(err)
	if again.Posted != 0 || again.Already != again.Read {
		t.Errorf("%+v", again)
	}
	if n := h.count(`SELECT sum(available) FROM accounts`); n != sum {
		t.Errorf("%d points were brought over, not %d", n, sum)
	}
	h.prove()
}

// kill -9 in the middle, several times.
func TestAKilledImportIsBegunAgain(t *testing.T) {
	h := newHouse(t)
	text, sum := lots(30_000)
	name := filepath.Join(t.TempDir(), "lots.csv")
	h.check(os.WriteFile(name, []byte(text), 0o600))
	for range 3 {
		child := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very test
		child.Env = append(os.Environ(), "CHOBO_TEST_IMPORT_INTO="+h.url, "CHOBO_TEST_IMPORT_FILE="+name)
		child.Stderr = os.Stderr
		h.check(child.Start())
		before := h.count(`SELECT count(*) FROM transactions`)
		for end := time.Now().Add(time.Minute); h.count(`SELECT count(*) FROM transactions`) < before+2000 && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		h.check(child.Process.Kill())
		_ = child.Wait()
	}
	if n := h.count(`SELECT count(*) FROM transactions`); n == 0 || n == 30_000 {
		t.Fatalf("%d lots were posted before it was killed", n)
	}
	s, _, err := h.imported(Points, text)
	h.check(err)
	if s.Posted+s.Already != 30_000 || s.Posted == 0 || s.Already == 0 {
		t.Errorf("%+v", s)
	}
	if n := h.count(`SELECT sum(available) FROM accounts`); n != sum {
		t.Errorf("%d points were brought over, not %d", n, sum)
	}
	h.prove()
}
