package program

import "strings"

// Under says whether a category is path or lies below it: books/comics is under books, booksellers is not.
// Nothing is under an empty path.
func Under(category, path string) bool {
	rest, found := strings.CutPrefix(category, path)
	return found && path != "" && (rest == "" || rest[0] == '/')
}
