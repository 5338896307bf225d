// Package jobs does what is due by the clock: it visits the accounts that nobody else visits, and runs what the house
// does once a day.
//
//	cron, in UTC ──entries in each program's zone──▶ ┐
//	POST …/jobs/{job}/run ─────────────────────────▶ ├─ Runner.Run ──▶ a row of job_runs
//	what was missed while nobody ran ──────────────▶ ┘      │
//	                                                        ▼
//	        list of whom to visit (table due) ──1,000 at a time──▶ engine.SubmitMany(points.Visit)
//
// What was committed is told to other systems by package outbox, the books are proved by package reconcile.
//
// No answer of the ledger depends on a job having run, and running one again posts nothing, so several replicas might
// all run them. One of them is chosen only to save the others the work.
package jobs
