// Package registry stores what operators decide and servers keep in memory: programs and their versions, the clocks of
// sandboxes, policies, benefits, the closed periods, and the keys of the API.
//
//	a write ──▶ one transaction: UPDATE installation SET revision = revision + 1 ─▶ the rows ─▶ COMMIT
//	                              (writers take turns here)
//
// Every batch of the engine reads the revision together with its members' rows, so the first batch that begins behind a
// write knows of it, on every server. Nothing else invalidates anything.
package registry
