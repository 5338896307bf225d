package export

import (
	"bufio"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"chobo/ledger"
	"chobo/ledger/report"
)

var csvHead = []string{"transaction_id", "line", "book_date", "occurred_at", "posted_at", "kind", "account", "export_account", "points", "money",
	"member_id", "lot", "expires_at", "shop_id", "subject", "part", "actor", "version", "reverses"}

// csv writes a row a line. An export that goes on behind a transaction has no head, so that it can be appended.
func (x *run) csv(w *bufio.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if x.After == 0 {
		if err := out.Write(csvHead); err != nil {
			return err
		}
	}
	record := make([]string, len(csvHead))
	err := x.each(func(e *entry) error {
		for i, l := range e.Lines {
			account, _ := l.Account.Entry()
			record = append(record[:0], e.ID.String(), strconv.Itoa(i+1), e.BookDate.Format(time.DateOnly), x.instant(e.OccurredAt), x.instant(e.PostedAt),
				e.Kind.String(), account.Name, account.Export, strconv.FormatInt(int64(l.Points), 10), strconv.FormatInt(int64(l.Money), 10),
				report.Guard(e.MemberID), number(int64(l.Lot)), x.instant(l.ExpiresAt), report.Guard(l.Shop), report.Guard(e.Subject), report.Guard(e.Part),
				report.Guard(e.Actor), strconv.Itoa(e.Version), number(int64(e.Reverses)))
			if err := out.Write(record); err != nil {
				return err
			}
		}
		return nil
	})
	out.Flush()
	if err == nil {
		err = out.Error()
	}
	return err
}

// instant is a time in the program's zone; empty for none.
func (x *run) instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(x.Zone).Format(time.RFC3339Nano)
}

// number is a number that 0 stands for none of.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// A jsonTransaction is a line of a JSON lines export. It holds all that the transaction's digest is computed from, so
// that seals can be checked without the database.
type jsonTransaction struct {
	ID         ledger.TransactionID `json:"id"`
	Program    string               `json:"program"`
	Number     int                  `json:"program_number"`
	Member     string               `json:"member"`
	MemberID   string               `json:"member_id"`
	Kind       ledger.Kind          `json:"kind"`
	BookDate   string               `json:"book_date"`
	OccurredAt string               `json:"occurred_at"`
	PostedAt   string               `json:"posted_at"`
	Subject    string               `json:"subject,omitempty"`
	Part       string               `json:"part,omitempty"`
	Version    int                  `json:"version"`
	Actor      string               `json:"actor,omitempty"`
	NoteHash   string               `json:"note_hash,omitempty"`
	Reverses   ledger.TransactionID `json:"reverses,omitzero"`
	Lines      []jsonLine           `json:"lines"`
}

type jsonLine struct {
	Account   string        `json:"account"`
	Points    ledger.Points `json:"points"`
	Money     ledger.Money  `json:"money"`
	Lot       ledger.LotID  `json:"lot,omitempty"`
	Shop      string        `json:"shop_id,omitempty"`
	ExpiresAt string        `json:"expires_at,omitempty"`
}

// jsonl writes a transaction a line, those without lines too.
func (x *run) jsonl(w *bufio.Writer) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return x.each(func(e *entry) error {
		t := jsonTransaction{ID: e.ID, Program: x.Code, Number: x.Program, Member: e.Member.String(), MemberID: e.MemberID, Kind: e.Kind,
			BookDate: e.BookDate.Format(time.DateOnly), OccurredAt: x.instant(e.OccurredAt), PostedAt: x.instant(e.PostedAt), Subject: e.Subject, Part: e.Part,
			Version: e.Version, Actor: e.Actor, NoteHash: hex.EncodeToString(e.NoteHash), Reverses: e.Reverses, Lines: []jsonLine{}}
		for _, l := range e.Lines {
			t.Lines = append(t.Lines, jsonLine{l.Account.String(), l.Points, l.Money, l.Lot, l.Shop, x.instant(l.ExpiresAt)})
		}
		return out.Encode(t)
	})
}
