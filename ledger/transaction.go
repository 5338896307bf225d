package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Member is the internal key of a member: journal, balances and documents carry it instead of the id that the
// caller chose. It is computed from program, id and the installation's secret, never looked up.
type Member [16]byte

// String writes the key as a uuid.
func (m Member) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", m[0:4], m[4:6], m[6:8], m[8:10], m[10:16])
}

// ParseMember reads a key that String wrote.
func ParseMember(uuid string) (m Member, err error) {
	if n, err := hex.Decode(m[:], []byte(strings.ReplaceAll(uuid, "-", ""))); err != nil || n != len(m) {
		return Member{}, fmt.Errorf("%q is no member's key", uuid)
	}
	return m, nil
}

// A LotID numbers the lots of one member, from 1, in the order in which they were granted. Zero: no lot.
type LotID int64

// A TransactionID orders the transactions of one member in time. It is microseconds since 2020 in the upper 51
// bits and the posting worker's node number in the lower 12.
type TransactionID int64

// NodeBits is how many lower bits of a TransactionID are the node number; ids of one node are IDStep apart.
const (
	NodeBits = 12
	IDStep   = TransactionID(1) << NodeBits
)

// epoch is when transaction ids begin to count microseconds.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// FirstID is the least id of what is posted at an instant of the poster's clock or later.
func FirstID(at time.Time) TransactionID {
	return TransactionID(at.Sub(epoch).Microseconds()) << NodeBits
}

// String is the id in the API: a decimal number in a string, since it exceeds what a JSON number keeps.
func (id TransactionID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalJSON writes the id as a string.
func (id TransactionID) MarshalJSON() ([]byte, error) {
	return []byte(strconv.Quote(id.String())), nil
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (id *TransactionID) UnmarshalJSON(b []byte) error {
	text, err := strconv.Unquote(string(b))
	if err != nil {
		return fmt.Errorf("transaction id %s: not a string", b)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	*id = TransactionID(n)
	return err
}

// A Line moves points, and their value in money, on one account. Debit is plus, credit is minus.
type Line struct {
	Account   Account
	Points    Points
	Money     Money
	Lot       LotID     // the lot that moved: on every line of available, pending and reserved points, and where a lot's points are lost or regained
	Shop      string    // who is owed or funds, on house accounts of shops
	ExpiresAt time.Time // on the line that makes a lot available: the first instant without it; zero: it never expires
}

// A Transaction is one event in one member's books. Its lines add up to zero in points and in money.
type Transaction struct {
	ID         TransactionID
	Kind       Kind
	OccurredAt time.Time // when it happened
	PostedAt   time.Time // when it was written, by the program's clock
	BookDate   time.Time // midnight UTC of the day that finance counts it to
	Subject    string    // the order, reservation, exchange or receivable that it belongs to
	Part       string    // the return of that order
	Version    int       // of the program, that decided it
	Actor      string
	Note       string // free text; the journal keeps a salted hash of it
	Reverses   TransactionID
	Lines      []Line
}

// Shop is whom the transaction's lines on accounts of shops name; empty: there are none, or nobody is named.
func (t *Transaction) Shop() string {
	for i := range t.Lines {
		if s := t.Lines[i].Shop; s != "" {
			return s
		}
	}
	return ""
}

// Check tells whether the transaction keeps the journal's laws: known kind and accounts, no empty line, both
// columns adding up to zero, a lot on every line of a member's lots, one shop on all lines of shops and on no other.
func (t *Transaction) Check() error {
	if _, ok := kindNames[t.Kind]; !ok {
		return fmt.Errorf("transaction %s: unknown %s", t.ID, t.Kind)
	}
	var points Points
	var money Money
	shop := t.Shop()
	for i, l := range t.Lines {
		if _, ok := chartByAccount[l.Account]; !ok {
			return fmt.Errorf("transaction %s, line %d: unknown %s", t.ID, i+1, l.Account)
		}
		if l.Points == 0 && l.Money == 0 {
			return fmt.Errorf("transaction %s, line %d: nothing moves on %s", t.ID, i+1, l.Account)
		}
		if (l.Account == MemberAvailable || l.Account == MemberPending || l.Account == MemberReserved) && l.Lot == 0 {
			return fmt.Errorf("transaction %s, line %d: %s without a lot", t.ID, i+1, l.Account)
		}
		if of := l.Account.OfShop(); of && l.Shop != shop || !of && l.Shop != "" {
			return fmt.Errorf("transaction %s, line %d: %s of shop %q, and the transaction is of shop %q", t.ID, i+1, l.Account, l.Shop, shop)
		}
		points += l.Points
		money += l.Money
	}
	if points != 0 || money != 0 {
		return fmt.Errorf("transaction %s (%s) does not add up: points %+d, money %+d", t.ID, t.Kind, points, money)
	}
	return nil
}

// Digest is a hash over all that the journal keeps of the transaction, for seals. note is the salted hash that
// stands in the journal instead of the text.
func (t *Transaction) Digest(member Member, program int, note []byte) [32]byte {
	b := make([]byte, 0, 256)
	text := func(s string) { b = binary.AppendUvarint(b, uint64(len(s))); b = append(b, s...) }
	num := func(n int64) { b = binary.AppendVarint(b, n) }
	b = append(b, member[:]...)
	num(int64(program))
	num(int64(t.ID))
	num(int64(t.Kind))
	num(t.OccurredAt.UnixMicro())
	num(t.PostedAt.UnixMicro())
	b = binary.AppendUvarint(b, uint64(len(time.DateOnly)))
	b = t.BookDate.AppendFormat(b, time.DateOnly)
	text(t.Subject)
	text(t.Part)
	num(int64(t.Version))
	text(t.Actor)
	text(string(note))
	num(int64(t.Reverses))
	num(int64(len(t.Lines)))
	for _, l := range t.Lines {
		num(int64(l.Account))
		num(int64(l.Points))
		num(int64(l.Money))
		num(int64(l.Lot))
		text(l.Shop)
		if l.ExpiresAt.IsZero() {
			num(0)
		} else {
			num(l.ExpiresAt.UnixMicro())
		}
	}
	return sha256.Sum256(b)
}
