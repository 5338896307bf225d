// Package engine posts commands: it collects what arrives, posts it a batch at a time, each in one database transaction
// with a fixed number of statements, and answers every caller once the commit is durable.
//
//	Submit ─┐            ┌ take all that waits ┐
//	Submit ─┼─▶ queue ──▶│ lock the members    │ SELECT … FOR UPDATE, in the order of their keys
//	Submit ─┘  a worker  │ recall their keys   │ answered before? the same bytes again; and the documents that they name
//	                     │ load                │ lots, losses and stock, where commands look at them, in one query a kind
//	                     │ apply, in memory    │ points.Run, in order of arrival; what a command lacks is loaded, and it runs again
//	                     │ store               │ INSERT … SELECT unnest($1), …: one statement for what every batch writes
//	                     └ commit, answer ─────┘
//
// There is no timer: a batch is what came in while the last one was in flight, so a lone command waits for nobody, and
// the busier the engine, the cheaper a command. There is no second path either: one command is a batch of one.
//
// Members are shared out among workers by their keys, so that batches of one engine never wait for each other. Between
// engines the row locks alone decide; nothing in memory is trusted but the configuration, and that only while
// installation.revision is what it was read at.
//
// What can go wrong, and what comes of it:
//
//   - A command refuses: its answer is the refusal, kept under its key; the others of the batch do not notice.
//   - A command has a bug and panics: the batch begins again without it, and it alone fails.
//   - The database refuses the batch: it is halved until the one bad command stands alone.
//   - A deadlock, a lost connection, a restart: the batch is tried again, for as long as Options.Patience.
//   - An error at COMMIT: nobody knows whether it was posted. The next try locks the members, so the lost one has ended,
//     and looks for the row of its batch. If that is there, the answers stand as they were decided.
//   - A caller stops waiting: what was asked is posted all the same, once, and its key will tell.
//   - More arrives than is posted: the queue is bounded, and the next caller hears ErrBusy.
//
// The statements keep to what a database sharded by member runs as well. Those that find rows by their whole key join a
// list of keys and say no member = ANY beside it: with it PostgreSQL would rather read all rows of those members.
package engine
