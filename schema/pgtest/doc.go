// Package pgtest gives each test a migrated database of its own, in about 20 ms.
//
// All test processes of a user share one throwaway server (see package private), which a keeper runs:
//
//	test process ──shared lock on users──▶ keeper ──▶ postgres (fsync off)
//	test process ──shared lock──────────┘    └─ ends with its server once nobody has held the lock for 30 s
//
// The keeper is the test binary of whoever came first, started again in a session of its own, so neither the end of that
// process nor Ctrl-C takes the server from the others. Locks end with their processes, so a killed test holds nothing.
// Nothing stays on the disk when it ends.
//
// With CHOBO_TEST_DATABASE_URL set, tests use that server instead; its user must be allowed to create databases.
//
// A test's database is a copy of a template named for the migrations, which the first test that needs it makes.
package pgtest
