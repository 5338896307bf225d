package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"time"
)

// A Hash chains seals.
type Hash [sha256.Size]byte

// String writes the hash in hex.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// A Head is what an outsider keeps of the chain: a seal's number and its hash, which covers everything that was sealed
// up to it.
type Head struct {
	Number int64
	Hash   Hash
}

// String writes a head as HASH@N.
func (h Head) String() string { return fmt.Sprintf("%s@%d", h.Hash, h.Number) }

// ParseHead reads what String wrote.
func ParseHead(s string) (Head, error) {
	text, number, ok := strings.Cut(s, "@")
	n, err := strconv.ParseInt(number, 10, 64)
	b, err2 := hex.DecodeString(text)
	if !ok || err != nil || err2 != nil || len(b) != sha256.Size || n < 1 {
		return Head{}, fmt.Errorf("%q is no head: a head is a hash of %d hexadecimal digits, @ and the seal's number", s, 2*sha256.Size)
	}
	return Head{n, Hash(b)}, nil
}

// A Seal closes a block of batches. Its hash covers them and, through the hash of the seal before, all earlier ones.
type Seal struct {
	Number       int64
	Previous     Hash // zero for the first
	Content      Hash // of its batches in order
	Batches      int64
	Transactions int64
	Total        int64 // transactions in this seal and all before it
	SealedAt     time.Time
	Hash         Hash
}

// Head is what to keep of the seal.
func (s Seal) Head() Head { return Head{s.Number, s.Hash} }

// sum is the hash that the seal must have.
func (s Seal) sum() Hash {
	b := append([]byte("chobo seal\n"), s.Previous[:]...)
	b = append(b, s.Content[:]...)
	for _, n := range []int64{s.Number, s.Batches, s.Transactions, s.Total, s.SealedAt.UnixMicro()} {
		b = binary.BigEndian.AppendUint64(b, uint64(n)) //nolint:gosec // the bits
	}
	return sha256.Sum256(b)
}

// after says how the seal fails to follow the one before; nil for the first. Empty: it follows.
func (s Seal) after(last *Seal) string {
	var before Seal
	if last != nil {
		before = *last
	}
	switch {
	case s.Number != before.Number+1:
		return fmt.Sprintf("seal %d follows seal %d", s.Number, before.Number)
	case s.Previous != before.Hash:
		return fmt.Sprintf("seal %d names another hash before it than seal %d has", s.Number, before.Number)
	case s.Total != before.Total+s.Transactions:
		return fmt.Sprintf("seal %d counts %d transactions in all, and %d come to it", s.Number, s.Total, before.Total+s.Transactions)
	case s.Hash != s.sum():
		return fmt.Sprintf("seal %d has another hash than its content gives", s.Number)
	}
	return ""
}

// A sealing adds batches up to a seal's content, in order.
type sealing struct {
	hash.Hash
	batches, transactions int64
	last                  batch
	disorder              string // the first batch that stands before one committed earlier; empty: none does
}

func newSealing() *sealing { return &sealing{Hash: sha256.New()} }

// add takes in all that the journal says of the next batch.
func (s *sealing) add(b batch) {
	if s.batches > 0 && s.disorder == "" && (b.XID < s.last.XID || b.XID == s.last.XID && b.ID <= s.last.ID) {
		s.disorder = b.String()
	}
	s.last = b
	s.batches++
	s.transactions += int64(b.Transactions)
	var buf []byte
	for _, n := range []uint64{uint64(b.ID), uint64(b.LastID), uint64(b.Transactions), uint64(b.PostedAt.UnixMicro()), b.XID, uint64(len(b.Fingerprint))} { //nolint:gosec // the bits
		buf = binary.BigEndian.AppendUint64(buf, n)
	}
	s.Write(append(buf, b.Fingerprint...))
}

// content is the hash of what was added.
func (s *sealing) content() Hash { return Hash(s.Sum(nil)) }

// asHash turns a stored hash into one; ok is false for any other length.
func asHash(b []byte) (h Hash, ok bool) {
	if len(b) != len(h) {
		return h, false
	}
	return Hash(b), true
}

// equal tells whether what is stored is the hash.
func (h Hash) equal(b []byte) bool { return bytes.Equal(h[:], b) }
