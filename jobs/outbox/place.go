package outbox

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jmoiron/sqlx"
)

// A Place lies behind an event, in the order of commits. The zero place lies before all.
type Place struct {
	XID   uint64 // of the database transaction
	Batch int64  // its batch's id; of what has no batch, its own
	ID    int64
}

// ErrNoPlace is a text that names no place.
var ErrNoPlace = errors.New("not a place among the events")

// String writes the place as ParsePlace reads it.
func (p Place) String() string { return fmt.Sprintf("%d.%d.%d", p.XID, p.Batch, p.ID) }

// ParsePlace reads what String wrote. It fails with ErrNoPlace.
func ParsePlace(text string) (p Place, err error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return p, ErrNoPlace
	}
	var errs [3]error
	p.XID, errs[0] = strconv.ParseUint(parts[0], 10, 64)
	p.Batch, errs[1] = strconv.ParseInt(parts[1], 10, 64)
	p.ID, errs[2] = strconv.ParseInt(parts[2], 10, 64)
	if errors.Join(errs[:]...) != nil {
		return Place{}, ErrNoPlace
	}
	return p, nil
}

// before tells whether the place comes before the other.
func (p Place) before(q Place) bool {
	if p.XID != q.XID {
		return p.XID < q.XID
	}
	if p.Batch != q.Batch {
		return p.Batch < q.Batch
	}
	return p.ID < q.ID
}

// xid is the transaction's number as a statement takes it.
func (p Place) xid() string { return strconv.FormatUint(p.XID, 10) }

// horizonSQL is the first transaction in flight: all before it have ended.
const horizonSQL = `SELECT chobo_horizon()::text`

// Now is the place behind all that no transaction in flight can come before.
func Now(ctx context.Context, q sqlx.QueryerContext) (Place, error) {
	var xid string
	if err := sqlx.GetContext(ctx, q, &xid, horizonSQL); err != nil {
		return Place{}, fmt.Errorf("look for transactions in flight: %w", err)
	}
	n, err := strconv.ParseUint(xid, 10, 64)
	return Place{XID: n}, err
}
