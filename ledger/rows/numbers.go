package rows

import "bytes"

// Numbers are whole numbers and lists of them as concat_ws(' ', …) writes them. Of small numbers that is a third of the bytes
// that fields and arrays take, and the server makes it faster.
type Numbers struct{ b []byte }

// Numbers is the next field; without any where it is null.
func (r *Row) Numbers() Numbers { return Numbers{r.Field()} }

var space = []byte{' '}

func (n *Numbers) word() (word []byte) {
	word, n.b, _ = bytes.Cut(n.b, space)
	return word
}

// Next is the next number; ok is false where there is none.
func (n *Numbers) Next() (_ int64, ok bool) {
	number, rest := digits(n.word())
	return number, rest != nil && len(rest) == 0
}

// More tells whether something was not read yet.
func (n *Numbers) More() bool { return len(n.b) > 0 }

// List adds the next list to those given. It adds nothing, and ok is false, where none stands there: an array has several
// dimensions, does not begin with 1, or holds a null.
func (n *Numbers) List(into []int64) (_ []int64, ok bool) {
	word, list := n.word(), into
	if len(word) < 2 || word[0] != '{' || word[len(word)-1] != '}' {
		return into, false
	}
	for b := word[1 : len(word)-1]; len(b) > 0; {
		number, rest := digits(b)
		if rest == nil || len(rest) > 0 && rest[0] != ',' {
			return into, false
		}
		list = append(list, number)
		b = rest[min(1, len(rest)):]
	}
	return list, true
}

// digits reads a number and returns what stands behind it; nil: there is no number.
func digits(b []byte) (n int64, rest []byte) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	from := i
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n = 10*n + int64(b[i]-'0')
	}
	if i == from {
		return 0, nil
	}
	if from == 1 {
		n = -n // the least number too: it is its own opposite
	}
	return n, b[i:]
}
