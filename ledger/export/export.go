package export

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/report"
)

// An Exporter exports one program's books.
type Exporter struct {
	DB *sqlx.DB
	report.Book
}

// A Request says what to export.
type Request struct {
	report.Span
	Format Format
	After  ledger.TransactionID // go on behind this transaction of an export that broke off; zero: from the beginning
	Names  Names                // of accounts in the formats of other programs; nil: those that come with Chobo
}

// A Control is what an export adds up to, told before its first byte. Debits and credits are equal.
type Control struct {
	Lines  int64         // of the journal; of a summary, its rows
	Points ledger.Points // debits; none in a summary
	Money  ledger.Money  // debits, in minor units
}

// Export hands fn the control totals of the whole span and a function that writes the export. Both are of one instant;
// the function may be called once, before fn returns.
//
// It fails with ErrNoTransaction when After is none of the span, and with ErrSums when the format holds no transactions.
func (e Exporter) Export(ctx context.Context, r Request, fn func(c Control, write func(io.Writer) error) error) (err error) {
	if r.After != 0 && r.Format.Summary() {
		return ErrSums
	}
	tx, err := e.DB.BeginTxx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin an export: %w", err)
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	x := &run{Exporter: e, Request: r, ctx: ctx, tx: tx}
	if err := x.begin(); err != nil {
		return err
	}
	return fn(x.control, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<16)
		err := x.write(out)
		return errors.Join(err, out.Flush())
	})
}

// Reasons for which an export cannot go on behind a transaction.
var (
	ErrNoTransaction = errors.New("the export holds no such transaction")
	ErrSums          = errors.New("this format holds sums by day and no transaction to go on behind")
)

// A run is one export under way.
type run struct {
	Exporter
	Request
	ctx     context.Context
	tx      *sqlx.Tx
	control Control
	from    report.Day // where to begin: of After, if there is one
}

const (
	// controlSQL also tells the days between which there is anything, so that no others are asked for.
	controlSQL = `
SELECT coalesce(sum(lines), 0), coalesce(sum(debits), 0), coalesce(sum(worth), 0), min(book_date), max(book_date)
  FROM movements WHERE program = $1 AND book_date BETWEEN $2 AND $3`

	afterSQL = `SELECT book_date FROM transactions WHERE id = $1 AND program = $2 AND book_date BETWEEN $3 AND $4 LIMIT 1`
)

func (x *run) begin() error {
	var first, last sql.NullTime
	err := x.tx.QueryRowContext(x.ctx, controlSQL, x.Program, x.Span.From, x.Span.To).Scan(&x.control.Lines, &x.control.Points, &x.control.Money, &first, &last)
	if err != nil {
		return fmt.Errorf("control totals: %w", err)
	}
	x.from = later(x.Span.From, first.Time.UTC())
	if x.Span.From.Equal(report.Beginning) && first.Valid {
		x.Span.From = x.from // since ever: since there is anything
	}
	if x.After != 0 {
		err := x.tx.QueryRowContext(x.ctx, afterSQL, int64(x.After), x.Program, x.Span.From, x.Span.To).Scan(&x.from)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%w: %s", ErrNoTransaction, x.After)
		}
		if err != nil {
			return fmt.Errorf("find transaction %s: %w", x.After, err)
		}
		x.from = x.from.UTC()
	}
	if x.Format.Summary() {
		if err := x.controlSums(); err != nil {
			return err
		}
	}
	if !first.Valid {
		x.Span.To = x.Span.From.AddDate(0, 0, -1) // nothing at all
	} else if last.Time.UTC().Before(x.Span.To) && x.Format != HLedger && x.Format != Ledger && x.Format != Beancount {
		x.Span.To = last.Time.UTC()
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (x *run) write(w *bufio.Writer) error {
	switch x.Format {
	case CSV:
		return x.csv(w)
	case JSONL:
		return x.jsonl(w)
	case HLedger, Ledger:
		return x.plainText(w)
	case Beancount:
		return x.beancount(w)
	case Freee, MoneyForward, Yayoi, QuickBooks:
		return x.summary(w)
	default:
		return fmt.Errorf("there is no format %q", x.Format)
	}
}
