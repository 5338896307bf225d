package program

import (
	"embed"
	"fmt"
	"slices"
	"sync"
)

//go:embed files/*.yaml
var files embed.FS

// Shipped are the programs that come with Chobo, by code. A value that the shop's own documents do not give is marked
// as assumed in its file.
func Shipped() []*Program { return slices.Clone(shipped()) }

var shipped = sync.OnceValue(func() []*Program {
	entries, err := files.ReadDir("files")
	if err != nil {
		panic(fmt.Sprintf("program: shipped files: %v", err))
	}
	var programs []*Program
	for _, entry := range entries {
		source, err := files.ReadFile("files/" + entry.Name())
		if err != nil {
			panic(fmt.Sprintf("program: shipped files: %v", err))
		}
		p, err := Parse(entry.Name(), source)
		if err != nil {
			panic(fmt.Sprintf("program: shipped file %v", err))
		}
		programs = append(programs, p)
	}
	return programs
})
