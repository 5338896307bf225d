package engine

import (
	"context"
	"fmt"
	"slices"
)

// postSQL stores what commands did to accounts, in one round trip: the members' rows, if they still are at the version
// that was read, the journal, new documents, the answers under their keys and the row of the batch. It touches as many
// rows as it has members. What the accounts have of lots, holds and documents to watch comes as one array for all
// members, of which each takes its slice, and so do transactions of their lines. The batch's xid is what chobo_xid would give,
// without a call that plans its own query each time.
//
// Accounts are $1 to $31, transactions and lines go to $51, documents to $58, answers to $65, the batch to $70.
const postSQL = `
WITH journal AS (
INSERT INTO transactions (member, id, occurred_at, posted_at, book_date, program, version, kind, subject, part, actor, note_hash, reverses,
                          shop, accounts, moves, expires)
SELECT t.member, t.id, t.occurred_at, t.posted_at, t.book_date, t.program, t.version, t.kind, t.subject, t.part, t.actor, t.note_hash, t.reverses,
       t.shop, ($49::smallint[])[t.lines_from + 1 : t.lines_to], ($50::bigint[])[3 * t.lines_from + 1 : 3 * t.lines_to],
       CASE WHEN t.expiring THEN ($51::bigint[])[t.lines_from + 1 : t.lines_to] END
  FROM (SELECT unnest($32::uuid[]) AS member, unnest($33::bigint[]) AS id, unnest($34::timestamptz[]) AS occurred_at,
               unnest($35::timestamptz[]) AS posted_at, unnest($36::date[]) AS book_date, unnest($37::int[]) AS program,
               unnest($38::int[]) AS version, unnest($39::smallint[]) AS kind, unnest($40::text[]) AS subject, unnest($41::text[]) AS part,
               unnest($42::text[]) AS actor, unnest($43::bytea[]) AS note_hash, unnest($44::bigint[]) AS reverses, unnest($45::text[]) AS shop,
               unnest($46::int[]) AS lines_from, unnest($47::int[]) AS lines_to, unnest($48::boolean[]) AS expiring) t
), made AS (
INSERT INTO documents (member, kind, id, at, program, state, body)
SELECT unnest($52::uuid[]), unnest($53::smallint[]), unnest($54::text[]), unnest($55::timestamptz[]), unnest($56::int[]),
       unnest($57::text[]), unnest($58::text[])
), answered AS (
INSERT INTO operations (member, key, first_transaction, transactions, status, request, answer)
SELECT unnest($59::uuid[]), unnest($60::text[]), unnest($61::bigint[]), unnest($62::smallint[]),
       unnest($63::smallint[]), unnest($64::bytea[]), unnest($65::bytea[])
), sealable AS (
INSERT INTO batches (id, last_id, transactions, posted_at, fingerprint, xid)
SELECT $66::bigint, $67::bigint, $68::integer, $69::timestamptz, $70::bytea, (pg_current_xact_id()::text::bigint + lift)::text::xid8
  FROM numbering WHERE only_one AND $68::integer > 0
)
UPDATE accounts a
   SET version = a.version + 1, status = u.status,
       available = u.available, pending = u.pending, reserved = u.reserved, debt = u.debt,
       last_transaction = u.last_transaction, last_lot = u.last_lot,
       last_at = u.last_at, qualified_at = u.qualified_at, active_at = u.active_at, lapsed_at = u.lapsed_at,
       spilled = u.spilled, spilled_points = u.spilled_points, spill_expires = u.spill_expires,
       hints = CASE WHEN u.hints_to > u.hints_from THEN ($17::bigint[])[u.hints_from + 1 : u.hints_to] END,
       lots = CASE WHEN u.lots_to > u.lots_from THEN ($18::bigint[])[u.lots_from + 1 : u.lots_to] END,
       holds = CASE WHEN u.holds_to > u.holds_from THEN ($19::bigint[])[u.holds_from + 1 : u.holds_to] END,
       hold_orders = CASE WHEN u.orders_to > u.orders_from THEN ($20::text[])[u.orders_from + 1 : u.orders_to] END,
       watch = CASE WHEN u.watch_to > u.watch_from THEN ($21::text[])[u.watch_from + 1 : u.watch_to] END
  FROM (SELECT unnest($1::uuid[]) AS member, unnest($2::bigint[]) AS version, unnest($3::smallint[]) AS status,
               unnest($4::bigint[]) AS available, unnest($5::bigint[]) AS pending, unnest($6::bigint[]) AS reserved, unnest($7::bigint[]) AS debt,
               unnest($8::bigint[]) AS last_transaction, unnest($9::bigint[]) AS last_lot,
               unnest($10::timestamptz[]) AS last_at, unnest($11::timestamptz[]) AS qualified_at, unnest($12::timestamptz[]) AS active_at,
               unnest($13::timestamptz[]) AS lapsed_at, unnest($14::int[]) AS spilled, unnest($15::bigint[]) AS spilled_points,
               unnest($16::timestamptz[]) AS spill_expires,
               unnest($22::int[]) AS hints_from, unnest($23::int[]) AS hints_to, unnest($24::int[]) AS lots_from, unnest($25::int[]) AS lots_to,
               unnest($26::int[]) AS holds_from, unnest($27::int[]) AS holds_to, unnest($28::int[]) AS orders_from, unnest($29::int[]) AS orders_to,
               unnest($30::int[]) AS watch_from, unnest($31::int[]) AS watch_to) u
 WHERE a.member = u.member AND a.version = u.version AND a.member = ANY($1::uuid[])`

// post runs postSQL, unless there is nothing to keep. made are new documents; what it makes of the lots goes to spill.
func (b *batch) post(ctx context.Context, changed []*loaded, postings []posting, made []any, spill *spill) error {
	answers, n := b.answerRows()
	if len(changed) == 0 && n == 0 {
		return nil
	}
	rows := slices.Concat(accountRows(changed, spill), transactionRows(postings), made, answers, b.batchRow(postings))
	touched, err := b.exec(ctx, postSQL, rows...)
	if err == nil && touched != len(changed) {
		err = fmt.Errorf("%d rows, not %d: %w", touched, len(changed), errOvertaken)
	}
	return err
}
