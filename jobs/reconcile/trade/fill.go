package trade

import (
	_ "embed"
)

//go:embed fill.sql
var fill string

// Fill writes a month of trade of so many orders straight into the tables, which must be empty: 2.5 transactions an
// order. Reports and checks cannot tell it from what the engine posts.
func (m *Mall) Fill(orders, members int) {
	m.t.Helper()
	ctx := m.t.Context()
	conn, err := m.Owner.Connx(ctx)
	m.check(err)
	defer func() { m.check(conn.Close()) }()
	_, err = conn.ExecContext(ctx, `CREATE TEMP TABLE p (program int, orders int, members int)`)
	m.check(err)
	_, err = conn.ExecContext(ctx, `INSERT INTO p VALUES ($1, $2, $3)`, m.Info().ID, orders, members)
	m.check(err)
	_, err = conn.ExecContext(ctx, fill)
	m.check(err)
	_, err = conn.ExecContext(ctx, `VACUUM ANALYZE`)
	m.check(err)
	_, err = conn.ExecContext(ctx, `DROP TABLE p`)
	m.check(err)
}
