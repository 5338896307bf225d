package registry

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"chobo/ledger"
)

const (
	// installSQL gives an installation its secret, once.
	installSQL = `INSERT INTO installation (secret) VALUES ($1) ON CONFLICT DO NOTHING`
	chartSQL   = `INSERT INTO chart (account, name) SELECT * FROM unnest($1::smallint[], $2::text[])
ON CONFLICT (account) DO UPDATE SET name = excluded.name WHERE chart.name <> excluded.name`
	kindsSQL = `INSERT INTO kinds (kind, name) SELECT * FROM unnest($1::smallint[], $2::text[])
ON CONFLICT (kind) DO UPDATE SET name = excluded.name WHERE kinds.name <> excluded.name`
)

// Prepare makes a migrated database an installation: it gives it its secret and writes what the numbers in the journal
// mean. Doing it again changes nothing.
func (s *Store) Prepare(ctx context.Context) error {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return fmt.Errorf("make a secret: %w", err)
	}
	if _, err := s.db.ExecContext(ctx, installSQL, secret); err != nil {
		return fmt.Errorf("keep the secret: %w", err)
	}
	var numbers []int64
	var names []string
	for _, e := range ledger.Chart {
		numbers, names = append(numbers, int64(e.Account)), append(names, e.Name)
	}
	if err := explain(ctx, s.db, chartSQL, numbers, names); err != nil {
		return fmt.Errorf("write the chart: %w", err)
	}
	numbers, names = nil, nil
	for k, name := range ledger.Kinds() {
		numbers, names = append(numbers, int64(k)), append(names, name)
	}
	if err := explain(ctx, s.db, kindsSQL, numbers, names); err != nil {
		return fmt.Errorf("write the kinds: %w", err)
	}
	return nil
}

func explain(ctx context.Context, db *sqlx.DB, query string, numbers []int64, names []string) error {
	_, err := db.ExecContext(ctx, query, pq.Array(numbers), pq.Array(names))
	return err
}
