// Package ledger holds the words and the laws of the books: points, money, the chart of accounts,
// lines, transactions, and the arithmetic that never loses a unit.
//
// It is pure: no database, no clock, no log.
package ledger
