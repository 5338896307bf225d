package history

import (
	"errors"
	"fmt"
	"strconv"

	"chobo/points"
)

// Why an import ends early.
var (
	// ErrHeader is a file whose columns cannot be told.
	ErrHeader = errors.New("the columns are not clear")
	// ErrFile is a file that cannot be read on: not UTF-8, or a row without an end.
	ErrFile = errors.New("the file cannot be read")
	// ErrBadRows is a file with rows that cannot be imported, where the whole was to be refused.
	ErrBadRows = errors.New("the file has bad rows")
	// ErrInterrupted is an import that was asked to stop. What was posted stays; beginning again goes on.
	ErrInterrupted = errors.New("interrupted")
)

// The rules of the importer's own. Other rules are the codes of the ledger's refusals.
const (
	ruleRow    points.Code = "row_unreadable" // neither CSV nor JSON
	ruleCells  points.Code = "columns_differ" // another number of cells than the header has
	ruleRepeat points.Code = "repeated_id"    // the id stands elsewhere in the file, or was imported before with other content
)

// A Reason is why something was left out.
type Reason struct {
	Line    int         // of the row in the file, from 1
	Cell    int         // which cell, from 1; 0: the whole row
	Column  string      // its name in the file
	Rule    points.Code // stable
	Message string      // for people
}

// String is the reason as compilers tell it, without the file's name.
func (r Reason) String() string {
	at := strconv.Itoa(r.Line)
	if r.Cell > 0 {
		at += ":" + strconv.Itoa(r.Cell)
	}
	what := r.Message
	if r.Column != "" {
		what = r.Column + " " + what
	}
	return fmt.Sprintf("%s: %s [%s]", at, what, r.Rule)
}

// A Row is a row as it was read: its cells, or of JSON lines the line as its only cell.
type Row struct {
	Line  int
	Cells []string
}

// A Refused is rows that were left out together, and every reason.
type Refused struct {
	Columns []string // of the file; of JSON lines only one
	Rows    []Row
	Reasons []Reason
}
