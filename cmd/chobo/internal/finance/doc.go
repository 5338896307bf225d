// Package finance serves the reports and exports of the books over HTTP and on the command line.
//
// A report is read by ledger/report and answered as JSON, as CSV or as an aligned table; an export is streamed by
// ledger/export. Nothing here writes to the books.
package finance
