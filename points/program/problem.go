package program

import (
	"fmt"
	"strings"
)

// InvalidError lists everything that is wrong with a program file, in the order of the file.
type InvalidError struct {
	File     string // as given to Parse; empty for Decode
	Problems []Problem
}

// A Problem is one thing wrong with a program file.
type Problem struct {
	Location     string // the key, as earn.rules[0].when; empty: the file as a whole
	Message      string // begins with a verb whose subject is the key: "must be …"
	Line, Column int    // from 1
}

// Error has a line for each problem, as compilers write them: file:line:column: key message.
func (e *InvalidError) Error() string {
	var lines []string
	for _, p := range e.Problems {
		place := fmt.Sprintf("%d:%d: ", p.Line, p.Column)
		if e.File != "" {
			place = e.File + ":" + place
		}
		subject := p.Location
		if subject == "" {
			subject = "the file"
		}
		lines = append(lines, place+subject+" "+p.Message)
	}
	return strings.Join(lines, "\n")
}
