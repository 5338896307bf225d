// Package bench measures how fast Chobo posts, on a database of its own that it makes on a server and drops again.
//
//	seed members ─▶ ANALYZE, new connections ─▶ pgbench ─▶ engine ─▶ HTTP ─▶ HTTP batches ─▶ one hot member ─▶ pgbench
//
// Callers are closed loops: each asks again when it was answered. They run in the same process as what they measure and
// take their share of its CPU; over HTTP that is about a fifth of it. pgbench is run before and after, in the same minutes
// on the same server, and its best result is the one that is compared.
package bench
