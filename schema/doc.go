// Package schema owns the shape of the database: its migrations, the way to it, and the check that it is the one this
// program was built for.
//
//	owner's URL ──Migrate──▶ tables, role chobo_app, append-only triggers
//	     │
//	     ├──Open────────────▶ pool whose every connection runs SET ROLE chobo_app
//	     └──OpenOwner───────▶ pool with the owner's rights, for migrations and repairs
//
// Migrations are numbered SQL files in migrations/, applied in order and never undone. A table is given to the service
// by one of two procedures, and the catalogue test refuses a table that is given by neither:
//
//	CALL chobo_protect('journal')   append-only: SELECT and INSERT, everything else refused by trigger
//	CALL chobo_grant('accounts')    ordinary:    SELECT, INSERT, UPDATE, DELETE
//
// What is kept for every table with a column "member" is listed in catalogue_test.go.
package schema
