// Package api is the ledger over HTTP.
//
//	request ─▶ serve (id, recover, one line) ─▶ admit (401, 403, 404 of the program, path) ─▶ one of
//	             command  key? ─ body.Parse ─ Bind ─ points.Command ─ engine.Submit ─▶ the stored bytes
//	             batch    the same for each operation, then engine.SubmitMany or SubmitAtomic
//	             read     huma's parameters ─ engine.Read or a query ─▶ JSON
//
// A route is one row of a table: its scopes, its codes, the Go types of its body and its answer. The OpenAPI document,
// the page at /docs and the checks are made of these rows, so none of them can tell another story.
//
// huma makes the document and reads the parameters of reads; bodies are read by package body, once, because a checkout
// is served in microseconds.
package api
