package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Problem is one thing wrong with a policy file, and where. Line and Column count from 1.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// A LoadError lists everything that is wrong with a file, top to bottom. Nothing of the file was loaded.
type LoadError struct {
	Problems []Problem
}

func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// problems collects while a file is read.
type problems struct {
	file  string
	found []Problem
}

// full reports whether enough was found: what is dear to place is then left out.
func (p *problems) full() bool { return len(p.found) >= maxProblems }

func (p *problems) add(at place, format string, args ...any) {
	if p.full() {
		return
	}
	p.found = append(p.found, Problem{File: p.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)})
}

// err is nil if nothing was found.
func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	slices.SortStableFunc(p.found, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &LoadError{Problems: slices.Compact(p.found)}
}
