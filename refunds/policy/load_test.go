package policy

import "testing"

func TestShippedFilesLoad(t *testing.T) {
	names, _ := files.ReadDir("files")
	for _, n := range names {
		src, _ := files.ReadFile("files/" + n.Name())
		if _, err := Load(n.Name(), src); err != nil {
			t.Errorf("%v", err)
		}
	}
}
