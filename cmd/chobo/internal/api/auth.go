package api

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chobo/points/registry"
)

// A Scope is a set of things that a key may do.
type Scope uint8

// The scopes. Admin may do everything.
const (
	Checkout Scope = 1 << iota // orders, reservations, returns, exchanges, reads below a member
	Members                    // those reads, grants, adjustments, revocations, memberships, receivables, resolving, fulfilling
	Finance                    // every read, reports, settlements, closing a period
	Jobs                       // jobs
	Admin                      // all, programs, keys, clocks, times long past
)

var scopeNames = []string{"checkout", "members", "finance", "jobs", "admin"}

// ParseScope is the scope of that name; zero: there is none.
func ParseScope(name string) Scope {
	for i, n := range scopeNames {
		if n == name {
			return 1 << i
		}
	}
	return 0
}

// Names lists the scopes of the set.
func (s Scope) Names() (names []string) {
	for i, n := range scopeNames {
		if s&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// A principal is who calls.
type principal struct {
	id      string // of the key; empty: the key of the environment
	program string // empty: every program
	scopes  Scope
}

// may tells whether one of the scopes is held. Admin holds all.
func (p *principal) may(scopes Scope) bool { return p.scopes&(scopes|Admin) != 0 }

// keyring keeps the keys of the registry in memory, as of one revision.
type keyring struct {
	registry *registry.Store
	admin    [sha256.Size]byte // of CHOBO_ADMIN_KEY
	adminSet bool
	now      func() time.Time

	held  atomic.Pointer[held]
	fresh sync.Mutex // of who looks whether a revision is still the newest
}

// held is the keys of one revision.
type held struct {
	revision int64
	keys     map[string]heldKey // by id
	looked   atomic.Int64       // when the revision was last compared, in Unix milliseconds
}

type heldKey struct {
	principal
	hash [sha256.Size]byte
}

// keyFreshness is how long a revoked key may still work on a server that did not revoke it.
const keyFreshness = time.Second

// who is the principal whose key the request carries. revision is the newest that this server knows of.
func (k *keyring) who(ctx context.Context, r *http.Request, revision int64) (*principal, error) {
	secret, ok := bearer(r.Header.Get("Authorization"))
	if !ok {
		return nil, problem(codeUnauthed, "send Authorization: Bearer KEY")
	}
	hash := registry.HashKey(secret)
	if k.adminSet && subtle.ConstantTimeCompare(hash[:], k.admin[:]) == 1 {
		return &principal{scopes: Admin}, nil
	}
	id := registry.KeyID(secret)
	if id == "" {
		return nil, problem(codeUnauthed, "there is no such key")
	}
	h, err := k.current(ctx, revision)
	if err != nil {
		return nil, err
	}
	key := h.keys[id]
	if subtle.ConstantTimeCompare(hash[:], key.hash[:]) != 1 {
		return nil, problem(codeUnauthed, "there is no such key")
	}
	return &key.principal, nil
}

func bearer(header string) (secret string, ok bool) {
	const scheme = "Bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimSpace(header[len(scheme):]), true
}

// current is the keys as of the newest revision, at most keyFreshness ago.
func (k *keyring) current(ctx context.Context, revision int64) (*held, error) {
	now := k.now().UnixMilli()
	h := k.held.Load()
	if h != nil && h.revision >= revision && now-h.looked.Load() < keyFreshness.Milliseconds() {
		return h, nil
	}
	k.fresh.Lock()
	defer k.fresh.Unlock()
	if h = k.held.Load(); h != nil && h.revision >= revision && now-h.looked.Load() < keyFreshness.Milliseconds() {
		return h, nil
	}
	newest, err := k.registry.Revision(ctx)
	if err != nil {
		return nil, err
	}
	if h != nil && h.revision == newest {
		h.looked.Store(now)
		return h, nil
	}
	keys, err := k.registry.Keys(ctx)
	if err != nil {
		return nil, err
	}
	next := &held{revision: newest, keys: make(map[string]heldKey, len(keys))}
	next.looked.Store(now)
	for _, key := range keys {
		if key.RevokedAt != nil {
			continue
		}
		p := principal{id: key.ID, program: key.Program}
		for _, name := range key.Scopes {
			p.scopes |= ParseScope(name)
		}
		next.keys[key.ID] = heldKey{p, key.Hash}
	}
	k.held.Store(next)
	return next, nil
}

// permit refuses a principal who holds none of the scopes, or whose key belongs to another program than code; empty:
// the call concerns the installation.
func (p *principal) permit(scopes Scope, code string) error {
	if p.program != "" && p.program != code {
		return problem(codeForbidden, "the key belongs to another program")
	}
	if !p.may(scopes) {
		return problem(codeForbidden, "the call needs one of the scopes %s", strings.Join((scopes|Admin).Names(), ", "))
	}
	return nil
}

// pastLimit is how long past a time may be without the scope admin. Source: ruling 2.
const pastLimit = 7 * 24 * time.Hour

// permitTime refuses a time long past to all but admins.
func (p *principal) permitTime(at, now time.Time) error {
	if at.IsZero() || p.may(Admin) || !at.Before(now.Add(-pastLimit)) {
		return nil
	}
	return problem(codeForbidden, "a time more than 7 days past needs the scope admin")
}
