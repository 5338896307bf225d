// Package export writes the journal for other programs: as rows, as JSON lines, as plain-text accounting files for
// hledger, ledger and beancount, and as a day's sums for the accounting programs that a company files its taxes with.
//
//	one snapshot ─▶ control totals, balances
//	             ─▶ day by day, in order of book date and id ─▶ a writer a format ─▶ any size, constant memory
//
// A transaction with points and money becomes two in a plain-text file, one a commodity: only then does every program
// notice a wrong amount, since none can read it as an exchange.
package export
