package policy

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

//go:embed files/*.yaml
var files embed.FS

// Shipped returns the five policies that come with the program, in the order of their codes. They are compiled once.
func Shipped() []*Policy { return slices.Clone(shipped()) }

var shipped = sync.OnceValue(func() []*Policy {
	names, err := fs.Glob(files, "files/*.yaml")
	if err != nil {
		panic(err)
	}
	policies := make([]*Policy, len(names))
	for i, name := range names {
		src, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		if policies[i], err = Load(name, src); err != nil {
			panic(fmt.Sprintf("policy: a shipped file is wrong:\n%v", err))
		}
	}
	return policies
})
