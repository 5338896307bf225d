package export

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"

	"chobo/ledger"
	"chobo/ledger/report"
)

// A summary is one account's and shop's movement of a day, in money.
type summary struct {
	account ledger.Account
	shop    string
	money   ledger.Money // debit positive
}

// summarySQL nets a day's movements by account and shop. Points are no money and stay here.
const summarySQL = `
SELECT book_date, account, shop, sum(money)
  FROM movements
 WHERE program = $1 AND book_date BETWEEN $2 AND $3
 GROUP BY book_date, account, shop
HAVING sum(money) <> 0
 ORDER BY book_date, account, shop`

// controlSumsSQL adds up what summarySQL gives: its sums, the rows in which debits and credits stand beside each other,
// and the debits.
const controlSumsSQL = `
WITH sums AS (
  SELECT book_date, sum(money) AS money
    FROM movements
   WHERE program = $1 AND book_date BETWEEN $2 AND $3
   GROUP BY book_date, account, shop
), days AS (
  SELECT count(*) FILTER (WHERE money > 0) AS debits, count(*) FILTER (WHERE money < 0) AS credits, sum(money) FILTER (WHERE money > 0) AS worth
    FROM sums GROUP BY book_date
)
SELECT coalesce(sum(debits + credits), 0), coalesce(sum(greatest(debits, credits)), 0), coalesce(sum(worth), 0) FROM days`

// controlSums is what the file adds up to: days are netted, so that it is less than the journal.
func (x *run) controlSums() error {
	var sums, pairs int64
	x.control = Control{}
	if err := x.tx.QueryRowContext(x.ctx, controlSumsSQL, x.Program, x.Span.From, x.Span.To).Scan(&sums, &pairs, &x.control.Money); err != nil {
		return fmt.Errorf("control totals: %w", err)
	}
	x.control.Lines = pairs
	if forms[x.Format].single {
		x.control.Lines = sums
	}
	return nil
}

// summary writes one journal entry a day.
func (x *run) summary(w *bufio.Writer) (err error) {
	var to io.Writer = w
	if x.Format == Yayoi { // it reads nothing else; what Shift_JIS does not have becomes a question mark
		to = encoding.ReplaceUnsupported(japanese.ShiftJIS.NewEncoder()).Writer(w)
	}
	out := csv.NewWriter(to)
	out.UseCRLF = true
	form := forms[x.Format]
	if form.head != nil {
		if err := out.Write(form.head); err != nil {
			return err
		}
	}
	rows, err := x.tx.QueryContext(x.ctx, summarySQL, x.Program, x.Span.From, x.Span.To)
	if err != nil {
		return fmt.Errorf("sum up days: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var day report.Day
	var sums []summary
	flush := func() error {
		defer func() { sums = sums[:0] }()
		if len(sums) == 0 {
			return nil
		}
		for _, record := range form.rows(x, day, sums) {
			if err := out.Write(record); err != nil {
				return err
			}
		}
		return nil
	}
	for rows.Next() {
		var on time.Time
		var s summary
		if err := rows.Scan(&on, &s.account, &s.shop, &s.money); err != nil {
			return err
		}
		if !on.UTC().Equal(day) {
			if err := flush(); err != nil {
				return err
			}
			day = on.UTC()
		}
		sums = append(sums, s)
	}
	if err := errors.Join(rows.Err(), flush()); err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// A form is how one accounting program wants a day's entry.
type form struct {
	head   []string // nil: it wants none
	rows   func(x *run, day report.Day, sums []summary) [][]string
	single bool // a row is a debit or a credit; else one beside the other
}

var forms = map[Format]form{
	Freee:        {head: freeeHead, rows: freeeRows},
	MoneyForward: {head: moneyForwardHead, rows: moneyForwardRows},
	Yayoi:        {rows: yayoiRows},
	QuickBooks:   {head: quickBooksHead, rows: quickBooksRows, single: true},
}

// sides are debits and credits beside each other; the shorter side ends in zero values.
func sides(sums []summary) (out [][2]*summary) {
	var debits, credits []*summary
	for i := range sums {
		if sums[i].money > 0 {
			debits = append(debits, &sums[i])
		} else {
			credits = append(credits, &sums[i])
		}
	}
	for i := range max(len(debits), len(credits)) {
		var pair [2]*summary
		if i < len(debits) {
			pair[0] = debits[i]
		}
		if i < len(credits) {
			pair[1] = credits[i]
		}
		out = append(out, pair)
	}
	return out
}

// amount is what stands on a side, in the currency's major unit: never negative, whichever it is.
func (x *run) amount(s *summary) string {
	n := decimal.NewFromInt(int64(max(s.money, -s.money)))
	unit, err := currency.ParseISO(x.Currency)
	if err != nil {
		return n.String()
	}
	scale, _ := currency.Standard.Rounding(unit)
	return n.Shift(-int32(scale)).StringFixed(int32(scale)) //nolint:gosec // at most four
}

// slip is the number of a day's entry.
func slip(day report.Day) string { return day.Format("20060102") }

// outOfScope is the tax class of all of it: points are granted and settled out of scope of the consumption tax.
const outOfScope = "対象外"

var freeeHead = []string{"日付", "伝票番号", "決算整理仕訳",
	"借方勘定科目", "借方補助科目", "借方取引先", "借方部門", "借方品目", "借方メモタグ", "借方金額", "借方税区分", "借方税額",
	"貸方勘定科目", "貸方補助科目", "貸方取引先", "貸方部門", "貸方品目", "貸方メモタグ", "貸方金額", "貸方税区分", "貸方税額", "摘要"}

func freeeRows(x *run, day report.Day, sums []summary) (rows [][]string) {
	side := func(s *summary) []string {
		if s == nil {
			return make([]string, 9)
		}
		n := x.name(s.account)
		return []string{n.Account, n.Sub, report.Guard(s.shop), "", "", "", x.amount(s), outOfScope, "0"}
	}
	for _, pair := range sides(sums) {
		row := append([]string{day.Format(time.DateOnly), slip(day), ""}, side(pair[0])...)
		rows = append(rows, append(append(row, side(pair[1])...), x.remark()))
	}
	return rows
}

// remark is what stands beside each row.
func (x *run) remark() string { return "ポイント " + report.Guard(x.Code) }

var moneyForwardHead = []string{"取引No", "取引日",
	"借方勘定科目", "借方補助科目", "借方部門", "借方取引先", "借方税区分", "借方インボイス", "借方金額(円)", "借方税額",
	"貸方勘定科目", "貸方補助科目", "貸方部門", "貸方取引先", "貸方税区分", "貸方インボイス", "貸方金額(円)", "貸方税額",
	"摘要", "仕訳メモ", "タグ", "MF仕訳タイプ", "決算整理仕訳", "作成日時", "作成者", "最終更新日時", "最終更新者"}

func moneyForwardRows(x *run, day report.Day, sums []summary) (rows [][]string) {
	side := func(s *summary) []string {
		if s == nil {
			return make([]string, 8)
		}
		n := x.name(s.account)
		return []string{n.Account, n.Sub, "", report.Guard(s.shop), outOfScope, "", x.amount(s), "0"}
	}
	for _, pair := range sides(sums) {
		row := append([]string{slip(day), day.Format("2006/01/02")}, side(pair[0])...)
		row = append(append(row, side(pair[1])...), x.remark())
		rows = append(rows, append(row, make([]string, 8)...))
	}
	return rows
}

// yayoiRows: flag 2111 is a slip of one row, 2110, 2100 and 2101 the first, middle and last row of a longer one.
func yayoiRows(x *run, day report.Day, sums []summary) (rows [][]string) {
	side := func(s *summary) []string {
		if s == nil {
			return []string{"", "", "", "", "0", ""}
		}
		n := x.name(s.account)
		return []string{n.Account, n.Sub, "", outOfScope, x.amount(s), "0"}
	}
	pairs := sides(sums)
	for i, pair := range pairs {
		flag := "2100"
		switch {
		case len(pairs) == 1:
			flag = "2111"
		case i == 0:
			flag = "2110"
		case i == len(pairs)-1:
			flag = "2101"
		}
		remark := x.remark()
		for _, s := range pair {
			if s != nil && s.shop != "" {
				remark += " " + s.shop
			}
		}
		row := append([]string{flag, day.Format("0102"), "", day.Format("2006/01/02")}, side(pair[0])...)
		row = append(append(row, side(pair[1])...), remark, "", "", "3", "", "", "0", "0", "no")
		rows = append(rows, row)
	}
	return rows
}

var quickBooksHead = []string{"Journal No.", "Journal Date", "Account Name", "Debits", "Credits", "Description", "Name", "Class", "Location"}

func quickBooksRows(x *run, day report.Day, sums []summary) (rows [][]string) {
	for i := range sums {
		s := &sums[i]
		debit, credit := x.amount(s), ""
		if s.money < 0 {
			debit, credit = "", x.amount(s)
		}
		rows = append(rows, []string{"CHOBO-" + slip(day), day.Format("01/02/2006"), x.englishName(s.account), debit, credit,
			"Loyalty points " + report.Guard(x.Code), report.Guard(s.shop), "", ""})
	}
	return rows
}
