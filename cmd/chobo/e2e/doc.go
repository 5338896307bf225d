// Package e2e tests the real binary from outside: it is built once, started as any operator would, asked over HTTP,
// killed, and its books are checked in the database.
package e2e
