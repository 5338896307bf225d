package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/rs/zerolog"

	"chobo/jobs/outbox"
	"chobo/points/registry"
	"chobo/schema"
)

func migrations(ctx context.Context, db *sqlx.DB) []finding {
	current, latest, err := schema.Version(ctx, db)
	switch {
	case err != nil:
		return unasked("migrations", err)
	case current < latest:
		return []finding{{must, "migrations", fmt.Sprintf("the database is at %d of %d", current, latest), "chobo migrate"}}
	case current > latest:
		return []finding{{should, "migrations", fmt.Sprintf("the database is at %d, this chobo knows up to %d", current, latest), "use the newer chobo"}}
	}
	return []finding{fine("migrations", "%d of %d", current, latest)}
}

func privileges(ctx context.Context, db *sqlx.DB) []finding {
	guarded, err := schema.Guarded(ctx, db)
	if err != nil {
		return unasked("privileges", err)
	}
	if !guarded {
		return []finding{{should, "privileges", "the service has its owner's rights: triggers alone guard the journal",
			"as a superuser: CREATE ROLE chobo_app NOLOGIN; GRANT chobo_app TO the owner; then chobo migrate grants it what it needs"}}
	}
	return []finding{fine("privileges", "the service cannot change or remove what was posted")}
}

// unguardedSQL lists the tables of the journal, and partitions of them, without an enabled trigger against changes.
const unguardedSQL = `
SELECT c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
   AND (c.relname = ANY($1) OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent::regclass::text = ANY($1)))
   AND (SELECT count(*) FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname IN ('append_only', 'append_only_truncate') AND t.tgenabled = 'A') < 2
 ORDER BY c.relname`

// journalTables are append-only.
var journalTables = []string{"transactions", "operations", "refunds", "reminders", "batches", "program_versions", "policy_versions"}

func guards(ctx context.Context, db *sqlx.DB) []finding {
	var bare []string
	if err := db.SelectContext(ctx, &bare, unguardedSQL, "{"+strings.Join(journalTables, ",")+"}"); err != nil {
		return unasked("triggers", err)
	}
	if len(bare) > 0 {
		return []finding{{must, "triggers", "nothing keeps the owner from changing " + strings.Join(bare, ", "), "as the owner: CALL chobo_protect('TABLE') for each"}}
	}
	return []finding{fine("triggers", "the journal is append-only")}
}

// foreign tells of a dump of another server: who reads refunds, events, roll-ups and seals in the order of commits would
// miss what is posted before the database is taken in.
func foreign(ctx context.Context, db *sqlx.DB) []finding {
	here, err := schema.Arrived(ctx, db)
	switch {
	case err != nil:
		return unasked("numbers", err)
	case !here:
		return []finding{{must, "numbers", "the books are a dump from another server, whose transactions had other numbers", "chobo migrate, which chobo serve does by itself"}}
	}
	return []finding{fine("numbers", "transactions are in this server's order")}
}

func keysAndPrograms(ctx context.Context, db *sqlx.DB) (found []finding) {
	store := registry.New(db)
	programs, err := store.Programs(ctx)
	if err != nil {
		return unasked("programs", err)
	}
	sandboxes := 0
	for _, p := range programs {
		if p.Sandbox {
			sandboxes++
		}
	}
	if len(programs) == 0 {
		found = append(found, finding{must, "programs", "there are none", "chobo program apply FILE"})
	} else {
		found = append(found, fine("programs", "%d, of them %d sandboxes", len(programs), sandboxes))
	}
	keys, err := store.Keys(ctx)
	if err != nil {
		return append(found, unasked("keys", err)...)
	}
	admins, open := 0, 0
	for _, k := range keys {
		if k.RevokedAt != nil {
			continue
		}
		open++
		if slices.Contains(k.Scopes, "admin") {
			admins++
		}
	}
	if admins == 0 {
		return append(found, finding{should, "keys", fmt.Sprintf("%d, and none with scope admin", open), "chobo keys create NAME --scope admin, unless the servers have CHOBO_ADMIN_KEY"})
	}
	return append(found, fine("keys", "%d, of them %d with scope admin", open, admins))
}

// webhooks tells whose webhook does not take events.
func webhooks(ctx context.Context, db *sqlx.DB) (found []finding) {
	lags, err := outbox.Lags(ctx, db)
	if err != nil {
		return unasked("webhooks", err)
	}
	for _, l := range lags {
		behind := time.Duration(l.Seconds * float64(time.Second)).Round(time.Second)
		switch {
		case l.Failures > 0:
			found = append(found, finding{should, "webhook", fmt.Sprintf("%s is %s behind after %d failures: %s", l.Program, behind, l.Failures, l.LastError),
				"mend the receiver; nothing is lost, and delivery goes on by itself, at once with chobo jobs run deliver"})
		case behind > patience:
			found = append(found, finding{should, "webhook", fmt.Sprintf("%s is %s behind", l.Program, behind), "see whether job deliver runs, and whether a transaction is open for long"})
		}
	}
	if len(found) == 0 && len(lags) > 0 {
		found = append(found, fine("webhook", "%d, none is behind", len(lags)))
	}
	return found
}

// patience is how late a job or an event may be.
const patience = 15 * time.Minute

// jobsLate tells which jobs have not run when they should have.
func jobsLate(ctx context.Context, url string) []finding {
	h, err := build(ctx, url, plan{workers: 1, connections: 4, log: zerolog.Nop()})
	if err != nil {
		return unasked("jobs", err)
	}
	defer func() { _ = h.close(ctx) }()
	lags, err := h.runner.Lags(ctx)
	if err != nil {
		return unasked("jobs", err)
	}
	var late []string
	var longest time.Duration
	never := 0
	for _, l := range lags {
		if l.Never {
			never++
		} else if l.Late > patience {
			late = append(late, strings.TrimLeft(l.Program+" "+l.Job, " "))
			longest = max(longest, l.Late)
		}
	}
	mend := "run chobo serve, which catches up by itself, or chobo jobs run NAME; `chobo jobs list PROGRAM` shows their errors"
	switch {
	case len(late) > 0:
		return []finding{{should, "jobs", fmt.Sprintf("%d are late, the latest by %s: %s", len(late), longest.Round(time.Minute), shorten(late)), mend}}
	case never == len(lags):
		return []finding{{should, "jobs", "none has run yet", mend}}
	}
	return []finding{fine("jobs", "none is late")}
}

func shorten(names []string) string {
	if len(names) > 5 {
		return strings.Join(names[:5], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
