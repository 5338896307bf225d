package rows

import (
	"context"
	"database/sql"
	"errors"
)

// A Querier is what queries: a database, a transaction, a connection.
type Querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Scan calls fn with every row of a query of any columns, which fn scans.
func Scan(ctx context.Context, q Querier, query string, args []any, fn func(*sql.Rows) error) (err error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
