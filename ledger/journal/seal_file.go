package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"chobo/ledger/rows"
)

// ErrSealFile is a file of seals that cannot be read, or whose seals do not follow one another.
var ErrSealFile = errors.New("not a file of seals")

// A file of seals is text, a line a seal, and only ever grows at its end: what was kept earlier is how a later one
// begins. Each line can be proved by the one before, without a database.
const sealFileHeader = "# number hash previous content batches transactions total sealed_at"

const sealTime = "2006-01-02T15:04:05.000000Z"

// allSealsSQL reads the chain.
const allSealsSQL = `
SELECT record_send(ROW(number, previous, content, hash, batches, transactions, total, sealed_at)) FROM seals ORDER BY number`

// WriteSeals writes every seal for somebody outside to keep.
func WriteSeals(ctx context.Context, db rows.Preparer, w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, sealFileHeader)
	err := rows.Each(ctx, db, func(r *rows.Row) error {
		s := Seal{Number: r.Int64()}
		for _, h := range []*Hash{&s.Previous, &s.Content, &s.Hash} {
			*h, _ = asHash(r.Field())
		}
		s.Batches, s.Transactions, s.Total, s.SealedAt = r.Int64(), r.Int64(), r.Int64(), r.Time()
		_, err := fmt.Fprintln(out, s.Number, s.Hash, s.Previous, s.Content, s.Batches, s.Transactions, s.Total, s.SealedAt.Format(sealTime))
		return err
	}, allSealsSQL)
	if err != nil {
		return fmt.Errorf("write the seals: %w", err)
	}
	return out.Flush()
}

// ReadSeals reads what WriteSeals wrote and proves that the seals follow one another, by the file alone. It may begin
// with any seal. It fails with ErrSealFile, naming the line.
func ReadSeals(r io.Reader) iter.Seq2[Seal, error] {
	return func(yield func(Seal, error) bool) {
		var last *Seal
		in := bufio.NewScanner(r)
		for n := 1; in.Scan(); n++ {
			line := in.Text()
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			s, err := parseSeal(line)
			if err == nil {
				err = s.follows(last)
			}
			if err != nil {
				yield(Seal{}, fmt.Errorf("%w: line %d: %w", ErrSealFile, n, err))
				return
			}
			if !yield(s, nil) {
				return
			}
			last = &s
		}
		if err := in.Err(); err != nil {
			yield(Seal{}, err)
		}
	}
}

// Heads are what Verify compares with the chain.
func Heads(seals iter.Seq2[Seal, error]) iter.Seq2[Head, error] {
	return func(yield func(Head, error) bool) {
		for s, err := range seals {
			if !yield(s.Head(), err) {
				return
			}
		}
	}
}

// follows is after as an error. A file may begin anywhere: its first seal is proved by itself.
func (s Seal) follows(last *Seal) error {
	if last == nil && s.Number > 1 {
		last = &Seal{Number: s.Number - 1, Hash: s.Previous, Total: s.Total - s.Transactions}
	}
	if what := s.after(last); what != "" {
		return errors.New(what)
	}
	return nil
}

func parseSeal(line string) (s Seal, err error) {
	var hash, previous, content, at string
	if _, err := fmt.Sscan(line, &s.Number, &hash, &previous, &content, &s.Batches, &s.Transactions, &s.Total, &at); err != nil {
		return s, fmt.Errorf("a seal has 8 fields: %w", err)
	}
	for _, h := range []struct {
		to   *Hash
		text string
	}{{&s.Hash, hash}, {&s.Previous, previous}, {&s.Content, content}} {
		head, err := ParseHead(h.text + "@1")
		if err != nil {
			return s, fmt.Errorf("%q is no hash", h.text)
		}
		*h.to = head.Hash
	}
	s.SealedAt, err = time.Parse(sealTime, at)
	return s, err
}
