// Package outbox tells other systems what was committed.
//
//	journal (batches ▶ transactions ▶ lines), refunds, reminders
//	      │ in the order of commits, below every transaction in flight
//	      ▼
//	    Read ──▶ GET …/events: a page and a cursor
//	      └────▶ job deliver: one signed message after the other ──▶ the program's webhook
//
// Nothing is written for it when points are posted: the journal is the outbox. A place in it is never passed while a
// transaction that could still come before it is in flight, so what commits late is not missed, and a place that was
// reached keeps its meaning for ever.
//
// The order is that of seals: by the database's transaction number, then by batch. Where two servers post for one member
// at the same instant, these numbers may stand the other way round than his transactions; their ids tell the order.
package outbox
