package schema

import (
	"context"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

var (
	// ErrBehind is a database that still misses migrations, or that Migrate has not seen on this server.
	ErrBehind = errors.New("database must be migrated first")
	// ErrReadOnly is a database that takes no writes: a standby, or one set to read only.
	ErrReadOnly = errors.New("database is read-only")
)

// readOnlySQL is on for a standby too.
const readOnlySQL = `SELECT current_setting('transaction_read_only') = 'on'`

// Check says whether db can be posted to now. It fails with ErrUnreachable, ErrReadOnly or ErrBehind, in this order.
//
// A database ahead of this program passes: an older process goes on serving while a newer one takes over.
func Check(ctx context.Context, db *sqlx.DB) error {
	var readOnly bool
	if err := db.GetContext(ctx, &readOnly, readOnlySQL); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if readOnly {
		return ErrReadOnly
	}
	current, latest, err := Version(ctx, db)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if current < latest {
		return fmt.Errorf("%w: it is at %d of %d", ErrBehind, current, latest)
	}
	here, err := Arrived(ctx, db)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if !here {
		return fmt.Errorf("%w: a dump brought it from another server", ErrBehind)
	}
	return nil
}
