package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"chobo/ledger"
	"chobo/ledger/rows"
)

// An ask runs a query with its statement prepared.
type ask func(ctx context.Context, query string, args ...any) (*sql.Rows, error)

const anyFields = 0

// each calls fn with every row, of so many fields, of a query that selects one record_send.
func each(result *sql.Rows, err error, fields int, fn func(r *rows.Row)) error {
	if err != nil {
		return err
	}
	defer result.Close() //nolint:errcheck // result.Err has told
	for result.Next() {
		var raw sql.RawBytes
		if err := result.Scan(&raw); err != nil {
			return err
		}
		r := rows.Read(raw)
		if fields != anyFields && r.Fields != fields {
			return fmt.Errorf("a row of %d fields, not %d", r.Fields, fields)
		}
		fn(&r)
		if r.Err != nil {
			return r.Err
		}
	}
	return result.Err()
}

const (
	sessionLife = 5 * time.Minute // of a worker's connection
	planLife    = time.Second     // of the plans made on it
)

// settingsSQL makes a worker's connection keep the plan of each statement, and lets the server drop its locks should
// the network swallow us in mid-transaction.
const settingsSQL = `
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET enable_mergejoin = off;
SET jit = off;
SET statement_timeout = '15s';
SET idle_in_transaction_session_timeout = '15s'`

// A session is a worker's own connection with its prepared statements.
type session struct {
	conn    *sql.Conn
	tx      driver.Tx            // under way; nil: none is
	node    ledger.TransactionID // of the ids posted on it; no other session has it
	stmts   map[string]*sql.Stmt
	born    time.Time
	planned time.Time
}

// replanSQL lets the next batch plan anew. A plan that was right for an empty table would otherwise be kept while the
// table grows to millions of rows.
const replanSQL = `DISCARD PLANS`

// replan forgets the plans that are old.
func (s *session) replan(ctx context.Context) error {
	if time.Since(s.planned) < planLife {
		return nil
	}
	s.planned = time.Now()
	return s.plain(ctx, replanSQL)
}

func openSession(ctx context.Context, db *sqlx.DB) (*session, error) {
	conn, err := db.DB.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{conn: conn, stmts: map[string]*sql.Stmt{}, born: time.Now(), planned: time.Now()}
	if _, err := conn.ExecContext(ctx, settingsSQL); err != nil {
		s.close()
		return nil, err
	}
	if err := conn.QueryRowContext(ctx, nodeSQL, nodeLocks).Scan(&s.node); err != nil {
		s.close()
		return nil, fmt.Errorf("number the session: %w", err)
	}
	return s, nil
}

// nodeLocks is the class of the advisory locks by which a session holds its node number.
const nodeLocks = 0x63686f62 // "chob"

// nodeSQL numbers a session: the next number that no session holds. Ids of one node then belong to one batch after
// another, never to two at once, and the range of ids in the row of a batch holds its transactions alone.
const nodeSQL = `
SELECT n.node FROM (SELECT nextval('nodes') AS node FROM generate_series(1, 4096)) n
 WHERE pg_try_advisory_lock($1, n.node::int) LIMIT 1`

// close ends the connection: its settings are not for the pool.
func (s *session) close() {
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}

// begin begins a transaction, which ends with ctx. The driver watches ctx once for all of it: with a watch for each
// statement, of which database/sql makes a second one, a lone caller waits a sixth longer.
func (s *session) begin(ctx context.Context) error {
	return s.conn.Raw(func(conn any) (err error) {
		begins, ok := conn.(driver.ConnBeginTx)
		if !ok {
			panic("engine: a connection of lib/pq begins transactions")
		}
		s.tx, err = begins.BeginTx(ctx, driver.TxOptions{Isolation: driver.IsolationLevel(sql.LevelReadCommitted)})
		return err
	})
}

// commit ends the transaction, also when it fails.
func (s *session) commit() error {
	tx := s.tx
	s.tx = nil
	return s.conn.Raw(func(any) error { return tx.Commit() })
}

const rollbackSQL = `ROLLBACK`

// rollback ends the transaction, or finds out that the connection answers if none is under way.
func (s *session) rollback(ctx context.Context) error {
	tx := s.tx
	s.tx = nil
	if tx == nil {
		return s.plain(ctx, rollbackSQL)
	}
	return s.conn.Raw(func(any) error { return tx.Rollback() })
}

// watched is what the driver watches while a statement runs: nothing within a transaction, which is watched already.
func (s *session) watched(ctx context.Context) context.Context {
	if s.tx == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

func (s *session) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := s.stmts[query]; ok {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(s.watched(ctx), query)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	s.stmts[query] = stmt
	return stmt, nil
}

func (s *session) ask(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	values, sent := sending(args)
	defer sent()
	return stmt.QueryContext(s.watched(ctx), values...) //nolint:sqlclosecheck // by the caller
}

// exec runs a statement and returns how many rows it touched.
func (s *session) exec(ctx context.Context, query string, args ...any) (int, error) {
	stmt, err := s.prepared(ctx, query)
	if err != nil {
		return 0, err
	}
	values, sent := sending(args)
	defer sent()
	done, err := stmt.ExecContext(s.watched(ctx), values...)
	if err != nil {
		return 0, err
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// plain runs a statement without parameters, outside of transactions.
func (s *session) plain(ctx context.Context, query string) error {
	_, err := s.conn.ExecContext(ctx, query)
	return err
}

// A pool asks for readers, on whichever connection they get. What they ask often is prepared when the engine starts, so
// that nobody takes a second connection to prepare it in the middle of a transaction.
type pool struct {
	db    *sqlx.DB
	stmts map[string]*sql.Stmt
}

// asked are the queries of readers.
var asked = []string{readSQL, documentsSQL, lossesSQL, expiryLotSQL, grantLotSQL, stockSQL}

func newPool(ctx context.Context, db *sqlx.DB) (*pool, error) {
	p := &pool{db: db, stmts: map[string]*sql.Stmt{}}
	for _, query := range asked {
		stmt, err := db.PrepareContext(ctx, query)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("prepare: %w", err), p.close())
		}
		p.stmts[query] = stmt
	}
	return p, nil
}

func (p *pool) ask(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	values, sent := sending(args)
	defer sent()
	if stmt, ok := p.stmts[query]; ok {
		return stmt.QueryContext(ctx, values...) //nolint:sqlclosecheck // by the caller
	}
	return p.db.QueryContext(ctx, query, values...) //nolint:sqlclosecheck // by the caller
}

// snapshot runs fn with queries that all see the database at one instant.
func (p *pool) snapshot(ctx context.Context, fn func(ask) error) (err error) {
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() {
		if err2 := tx.Rollback(); err2 != nil && !errors.Is(err2, sql.ErrTxDone) && err == nil {
			err = err2
		}
	}()
	return fn(func(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
		values, sent := sending(args)
		defer sent()
		if stmt, ok := p.stmts[query]; ok {
			return tx.StmtContext(ctx, stmt).QueryContext(ctx, values...) //nolint:sqlclosecheck // by the caller
		}
		return tx.QueryContext(ctx, query, values...) //nolint:sqlclosecheck // by the caller
	})
}

func (p *pool) close() (err error) {
	for _, stmt := range p.stmts {
		err = errors.Join(err, stmt.Close())
	}
	return err
}
