package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// A Key opens the API to whoever holds its secret. Only a hash of the secret is kept.
type Key struct {
	ID        string
	Name      string
	Program   string // empty: every program
	Scopes    []string
	CreatedAt time.Time
	RevokedAt *time.Time

	Hash [sha256.Size]byte // of the whole secret
}

const (
	keysSQL = `
SELECT key_id, hash, name, coalesce(program, '') AS program, scopes, created_at, revoked_at FROM api_keys
 ORDER BY created_at, key_id`
	addKeySQL    = `INSERT INTO api_keys (key_id, hash, name, program, scopes, created_at) VALUES ($1, $2, $3, nullif($4, ''), $5, $6)`
	revokeKeySQL = `UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE key_id = $1`
)

// KeyPrefix begins every secret, so that scanners for leaked secrets can know one.
const KeyPrefix = "chobo_"

// KeyID is the id that a secret carries; empty: it is no secret of a key.
func KeyID(secret string) string {
	rest, ok := strings.CutPrefix(secret, KeyPrefix)
	if !ok {
		return ""
	}
	id, _, ok := strings.Cut(rest, "_")
	if !ok {
		return ""
	}
	return id
}

// HashKey is what is kept of a secret. It is random with 128 bits and more, so a plain hash keeps it.
func HashKey(secret string) [sha256.Size]byte { return sha256.Sum256([]byte(secret)) }

// CreateKey makes a key and returns its secret, which is not to be had again. A program that it names must exist, else
// ErrNotFound.
func (s *Store) CreateKey(ctx context.Context, name, code string, scopes []string, now time.Time) (k Key, secret string, err error) {
	id := strings.ToLower(rand.Text()[:12])
	secret = KeyPrefix + id + "_" + rand.Text() + rand.Text()
	k = Key{ID: id, Name: name, Program: code, Scopes: scopes, CreatedAt: now.UTC().Truncate(time.Microsecond), Hash: HashKey(secret)}
	err = s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		if code != "" {
			if _, err := readProgram(ctx, tx, code); err != nil {
				return false, err
			}
		}
		if _, err := tx.ExecContext(ctx, addKeySQL, k.ID, k.Hash[:], name, code, pq.Array(scopes), k.CreatedAt); err != nil {
			return false, fmt.Errorf("keep the key: %w", err)
		}
		return true, nil
	})
	return k, secret, err
}

// Keys lists all keys, revoked ones too, oldest first.
func (s *Store) Keys(ctx context.Context) ([]Key, error) {
	var rows []struct {
		ID        string         `db:"key_id"`
		Hash      []byte         `db:"hash"`
		Name      string         `db:"name"`
		Program   string         `db:"program"`
		Scopes    pq.StringArray `db:"scopes"`
		CreatedAt time.Time      `db:"created_at"`
		RevokedAt *time.Time     `db:"revoked_at"`
	}
	if err := s.db.SelectContext(ctx, &rows, keysSQL); err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	keys := make([]Key, 0, len(rows))
	for _, r := range rows {
		k := Key{ID: r.ID, Name: r.Name, Program: r.Program, Scopes: r.Scopes, CreatedAt: r.CreatedAt, RevokedAt: r.RevokedAt}
		copy(k.Hash[:], r.Hash)
		keys = append(keys, k)
	}
	return keys, nil
}

// RevokeKey ends a key. Doing it again changes nothing. It fails with ErrNotFound.
func (s *Store) RevokeKey(ctx context.Context, id string, now time.Time) error {
	return s.write(ctx, func(tx *sqlx.Tx) (bool, error) {
		done, err := tx.ExecContext(ctx, revokeKeySQL, id, now.UTC().Truncate(time.Microsecond))
		if err != nil {
			return false, fmt.Errorf("revoke the key: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return false, ErrNotFound
		}
		return true, nil
	})
}
