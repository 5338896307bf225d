package history

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"chobo/points/program"
)

// read reads a text and tells what is in it: keys and content of what is good, reasons for what is not.
func read(t testing.TB, what What, text string, edits ...func(*reading)) (out []string, unused []string, err error) {
	t.Helper()
	how := reading{What: what, Format: CSV, versions: versions(t), now: time.Date(2026, 4, 20, 0, 0, 0, 0, time.UTC)}
	if strings.HasPrefix(text, "{") {
		how.Format = JSONL
	}
	for _, edit := range edits {
		edit(&how)
	}
	es, err := newEntries(strings.NewReader(text), how)
	if err != nil {
		return nil, nil, err
	}
	for {
		e, err := es.next()
		if errors.Is(err, io.EOF) {
			return out, es.Unused(), nil
		}
		if err != nil {
			return out, nil, err
		}
		for _, why := range e.bad {
			out = append(out, why.String())
		}
		if len(e.bad) > 0 {
			continue
		}
		for _, s := range e.steps {
			out = append(out, fmt.Sprintf("%s %s %x", e.member, e.key(s, 1), e.content[:4]))
		}
	}
}

// versions are the program's.
func versions(t testing.TB) program.Versions {
	t.Helper()
	p, err := program.Parse("mall.yaml", []byte(programFile))
	if err != nil {
		t.Fatal(err)
	}
	return program.Versions{}.With(p)
}

// A row is the same row whatever the form of its file.
func TestForms(t *testing.T) {
	const want = "M-1 import:points:L-1"
	for name, text := range map[string]string{
		"commas":              "member_id,points,occurred_at,last_day,row_id\nM-1,1200,2026-01-05,2026-12-31,L-1\n",
		"semicolons":          "member_id;points;occurred_at;last_day;row_id\nM-1;1200;2026-01-05;2026-12-31;L-1\n",
		"tabs":                "member_id\tpoints\toccurred_at\tlast_day\trow_id\nM-1\t1200\t2026-01-05\t2026-12-31\tL-1\n",
		"a mark and CRLF":     "\ufeffmember_id,points,occurred_at,last_day,row_id\r\nM-1,1200,2026-01-05,2026-12-31,L-1\r\n",
		"no line end":         "member_id,points,occurred_at,last_day,row_id\nM-1,1200,2026-01-05,2026-12-31,L-1",
		"other names, quoted": "\"Customer No\",\"Balance\",\"Granted at\",\"Valid until\",\"ID\"\n\"M-1\",\"1200\",\"2026/01/05\",\"2026/12/31\",\"L-1\"\n",
		"other order, spaces": "row id, last day ,points,member id,date\nL-1, 20261231 , 1200 ,M-1,2026-01-05 00:00\n",
		"instants":            "member_id,points,occurred_at,expires_at,row_id\nM-1,1200,2026-01-04T15:00:00Z,2027-01-01T00:00:00+09:00,L-1\n",
		"empty lines":         "member_id,points,occurred_at,last_day,row_id\n\n\nM-1,1200,2026-01-05,2026-12-31,L-1\n\n",
		"JSON":                `{"member_id":"M-1","points":1200,"occurred_at":"2026-01-05","last_day":"2026-12-31","row_id":"L-1"}`,
		"JSON, loose":         `{"Row-ID": "L-1", "points": "1200", "expiry": "2027-01-01T00:00:00+09:00", "granted_at": "2026-01-05 00:00:00", "memberId": "M-1", "matures_at": null}`,
		"Japanese":            "会員番号,ポイント,付与日,有効期限,ID\nM-1,1200,2026/1/5,2026/12/31,L-1\n",
	} {
		out, unused, err := read(t, Points, text)
		if err != nil || len(out) != 1 || !strings.HasPrefix(out[0], want) || len(unused) > 0 {
			t.Errorf("%s: %q %q %v", name, out, unused, err)
			continue
		}
		first, _, _ := read(t, Points, "member_id,points,occurred_at,last_day,row_id\nM-1,1200,2026-01-05,2026-12-31,L-1\n")
		if out[0] != first[0] {
			t.Errorf("%s: %s is not %s", name, out[0], first[0])
		}
	}
}

// An order is the same order, as rows and as the API has it.
func TestFormsOfAnOrder(t *testing.T) {
	rows, _, err := read(t, Orders, `order_id,member_id,shop_id,ordered_at,sku,quantity,unit_price,discount,shipping,fee:cod,points,payment_method,attribute:magazine,paid_at
O-1,M-1,S-1,2026-04-02 10:00,BK-7,2,1500,100,500,300,1000,card,true,2026-04-03
O-1,M-1,S-1,2026-04-02 10:00,BK-8,1,900,,500,300,1000,card,,
`)
	if err != nil {
		t.Fatal(err)
	}
	object, _, err := read(t, Orders, `{"member_id":"M-1","order_id":"O-1","shop_id":"S-1","ordered_at":"2026-04-02T10:00:00+09:00","shipping":500,"fees":{"cod":300},"payment_method":"card",`+
		`"lines":[{"line_id":"1","sku":"BK-7","quantity":2,"unit_price":1500,"discount":100,"attributes":{"magazine":true}},{"line_id":"2","sku":"BK-8","quantity":1,"unit_price":900}],`+
		`"tenders":{"points":1000,"money":3600},"paid_at":"2026-04-02T15:00:00Z"}`)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows, object) || len(rows) != 2 || !strings.HasPrefix(rows[0], "M-1 import:order:O-1 ") || !strings.HasPrefix(rows[1], "M-1 import:order-paid:O-1 ") {
		t.Errorf("%q\n%q", rows, object)
	}
}

// What is wrong is told by line, cell and rule, and nothing good is lost beside it.
func TestWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, text string
		what       What
		want       []string // a * stands for the rest
	}{
		{"numbers", "member_id,points\nM-1,1.0\nM-1,1e3\nM-1,\nM-1,0\nM-1,9007199254740992\nM-1,０\n", Points, []string{
			`M-1 *`, `3:2: points must be a whole number without separators, not "1e3" [validation_failed]`,
			`4:2: points is missing [validation_failed]`, `5:2: points must be at least 1 [amount_out_of_range]`, `6:2: points must lie between 1 and 9007199254740991 [amount_out_of_range]`,
			`7:2: points must be a whole number without separators, not "０" [validation_failed]`}},
		{"several in one row", "member_id,points,last_day\n,x,2026-02-30\n", Points, []string{
			`2:2: points must be a whole number without separators, not "x" [validation_failed]`, `2:3: last_day must be a time or a day, *`}},
		{"ids", "member_id,points\n" + strings.Repeat("x", 129) + ",1\n\"a\tb\",1\n", Points, []string{
			`2:1: member_id must have at most 128 characters, not 129 [validation_failed]`, `3:1: member_id must not hold control characters [validation_failed]`}},
		{"not UTF-8", "member_id,points\nM-\xff,1\nM-2,1\n", Points, []string{`2:1: is not UTF-8 [row_unreadable]`, `M-2 *`}},
		{"quotes", "member_id,points\nM-\"1,1\nM-2,1\n", Points, []string{`2: line 2, character 3: bare " in non-quoted-field [row_unreadable]`, `M-2 *`}},
		{"line numbers behind a cell of two lines", "member_id,points,row_id\n\"M\n1\",1,a\nM-2,x,b\n", Points, []string{
			`2:1: member_id must not hold control characters [validation_failed]`, `4:2: points must be a whole number *`}},
		{"a status", "member_id,status\nM-1,asleep\n", Members, []string{`2:2: status must be one of active, suspended, closed [validation_failed]`}},
		{"JSON", "{\"member_id\":\"M-1\",\"points\":1\n{\"member_id\":\"M-1\",\"points\":[1]}\n[]\n{} {}\n{\"member_id\":\"M-1\",\"points\":1,\"row_id\":\"z\"}\n", Points, []string{
			`1: *`, `2: points must be text, a number, true or false [row_unreadable]`, `3: an object is expected [row_unreadable]`, `4: there is more than one object in the line [row_unreadable]`, `M-1 import:points:z *`}},
		{"an order's field", `{"member_id":"M-1","order_id":"O-1","shop_id":"S","ordered_at":"2026-04-01T00:00:00Z","lines":[{"line_id":"1","quantity":0,"unit_price":5}],"tenders":{"points":0,"money":5},"colour":1}`, Orders, []string{
			`1: lines[0].quantity must be at least 1 [validation_failed]`, `1: colour is not known [validation_failed]`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, _, err := read(t, c.what, c.text)
			if err != nil {
				t.Fatal(err)
			}
			same := len(out) == len(c.want)
			for i := range min(len(out), len(c.want)) {
				begin, any := strings.CutSuffix(c.want[i], "*")
				same = same && (out[i] == c.want[i] || any && strings.HasPrefix(out[i], begin))
			}
			if !same {
				t.Errorf("says\n\t%s\nnot\n\t%s", strings.Join(out, "\n\t"), strings.Join(c.want, "\n\t"))
			}
		})
	}
}

// An order of which a row cannot be read is not imported without it.
func TestATornOrderIsLeftOut(t *testing.T) {
	const head = "order_id,member_id,shop_id,ordered_at,quantity,unit_price\n"
	row := func(order string) string { return order + ",M-1,S-1,2026-04-02,1,100\n" }
	for name, c := range map[string]struct {
		text       string
		good, torn string
	}{
		"in the middle": {row("O-1") + "O-1,M-1\n" + row("O-1") + row("O-2"), "O-2", "2"},
		"at its end":    {row("O-1") + "O-1,M-1\n" + row("O-2") + row("O-3"), "O-3", "2 4"},
		"at its start":  {"O-1,\"M\"-1,S-1\n" + row("O-1") + row("O-2"), "O-2", "3"},
		"a bad cell":    {row("O-1") + strings.Replace(row("O-1"), ",100", ",1OO", 1) + row("O-2"), "O-2", ""},
	} {
		out, _, err := read(t, Orders, head+c.text)
		if err != nil {
			t.Fatal(err)
		}
		var good []string
		for _, line := range out {
			if rest, ok := strings.CutPrefix(line, "M-1 import:order:"); ok {
				good = append(good, rest[:3])
			}
		}
		if strings.Join(good, " ") != c.good {
			t.Errorf("%s: %q are imported, not %s\n%s", name, good, c.good, strings.Join(out, "\n"))
		}
	}
}

func TestHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		mapping map[string]string
		want    string // part of the error; empty: none
		unused  string
	}{
		"a column that lacks":     {"member_id,saldo\n", nil, "no column looks like points", ""},
		"mapped":                  {"Nr,Saldo,Bem\nM-1,5,x\n", map[string]string{"member_id": "Nr", "points": "Saldo"}, "", "Bem"},
		"two that look alike":     {"customer_id,customer_no,points\n", nil, `"customer_id" and "customer_no" both look like member_id`, ""},
		"and one is said":         {"customer_id,customer_no,points\nM-1,7,5\n", map[string]string{"member_id": "customer_id"}, "", "customer_no"},
		"our own name needs none": {"customer_id,member_id,points\n7,M-1,5\n", nil, "", "customer_id"},
		"a mapping of nothing":    {"member_id,points\n", map[string]string{"points": "Saldo"}, `no column "Saldo"`, ""},
		"a mapping to nothing":    {"member_id,points\n", map[string]string{"colour": "points"}, "have no column colour", ""},
		"a column taken twice":    {"member_id,points\n", map[string]string{"points": "points", "row_id": "points"}, "taken twice", ""},
		"an empty file":           {"", nil, "the file is empty", ""},
		"UTF-16":                  {"\xff\xfem\x00", nil, "UTF-16", ""},
		"Shift JIS":               {"\x89\xef\x88\xf5\x94\xd4\x8d\x86,points\n", nil, "not UTF-8", ""},
		"a quote without its end": {"member_id,points\n\"M-1,5\n" + strings.Repeat("M-2,6\n", 400_000), nil, "a row has no end", ""},
	} {
		_, unused, err := read(t, Points, c.text, func(r *reading) { r.mapping = c.mapping })
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) || strings.Join(unused, " ") != c.unused {
			t.Errorf("%s: %v, unused %q", name, err, unused)
		}
		if err != nil && !errors.Is(err, ErrHeader) && !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v is no error of a file", name, err)
		}
	}
}

// What repeats is found whatever the filter takes for a repeat.
func TestRepeats(t *testing.T) {
	r := newRepeats(0)
	of := func(n int) digest { return contentOf(n) }
	const n = 30_000 // far more than the filter is for
	for i := range n {
		r.note(of(i % (n - 10)))
	}
	for i := range n {
		want := 1
		if i >= n-10 {
			want = 2
		}
		if got := r.count(of(i % (n - 10))); got != want {
			t.Fatalf("row %d is there for the %d. time, not the %d.", i, got, want)
		}
	}
	r.again()
	if len(r.counts) != 10 || !r.repeated(of(3)) || r.repeated(of(10)) {
		t.Errorf("%d repeat", len(r.counts))
	}
}

// Whatever a file holds, it is read to its end or refused, and nothing good has a fault.
func FuzzFiles(f *testing.F) {
	for _, text := range []string{"member_id,points\nM-1,5\n", "{\"member_id\":\"M\",\"points\":1}\n", "order_id,member_id,shop_id,ordered_at,quantity,unit_price\nO,M,S,2026-01-01,1,1\nO,M\n", "\"", ";;\n;"} {
		f.Add(text, "a=b")
	}
	f.Fuzz(func(t *testing.T, text, mapping string) {
		ours, theirs, _ := strings.Cut(mapping, "=")
		for _, what := range []What{Members, Points, Orders} {
			for _, form := range []Format{CSV, JSONL} {
				out, _, err := read(t, what, text, func(r *reading) { r.Format, r.mapping = form, map[string]string{ours: theirs} })
				if err != nil && !errors.Is(err, ErrHeader) && !errors.Is(err, ErrFile) {
					t.Fatalf("%s %s: %v", what, form, err)
				}
				if len(out) > 10*(1+strings.Count(text, "\n")) {
					t.Fatalf("%d things are said of %d lines", len(out), strings.Count(text, "\n"))
				}
			}
		}
	})
}
