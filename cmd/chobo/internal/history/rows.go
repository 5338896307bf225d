package history

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxRow bounds a row: a quote that is never closed would else take the whole file into memory.
const maxRow = 1 << 20

// A record is one row as it was read.
type record struct {
	line  int
	cells []string // by the header
	raw   []byte   // of JSON lines: the line
	bad   *Reason  // why it cannot be read
}

// rows reads a file row by row. next ends with io.EOF; an error of ErrFile or ErrHeader ends the file.
type rows interface {
	next() (record, error)
	layout() *layout // of CSV; it is known from the start
}

// without drops a byte order mark, and refuses what is not UTF-8 by its mark.
func without(in *bufio.Reader) error {
	mark, err := in.Peek(3)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(mark, []byte("\xef\xbb\xbf")):
		_, err := in.Discard(3)
		return err
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return fmt.Errorf("%w: it is UTF-16; save it as UTF-8", ErrFile)
	}
	return nil
}

// csvRows reads comma-, semicolon- or tab-separated values as RFC 4180 has them.
type csvRows struct {
	in     *csv.Reader
	limit  *limited
	header *layout
	line   int // of the last row
}

func newCSVRows(r io.Reader, what What, mapping map[string]string) (*csvRows, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	if err := without(in); err != nil {
		return nil, err
	}
	first, err := in.Peek(16 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	c := &csvRows{limit: &limited{r: in}}
	c.in = csv.NewReader(c.limit)
	c.in.Comma = separator(first)
	c.in.FieldsPerRecord = -1
	c.in.ReuseRecord = true
	c.limit.left = maxRow
	header, err := c.in.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("%w: the file is empty; its first row names the columns", ErrHeader)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	names := make([]string, len(header))
	for i, h := range header {
		if !utf8.ValidString(h) {
			return nil, fmt.Errorf("%w: it is not UTF-8; `iconv -f SHIFT_JIS -t UTF-8` may help", ErrFile)
		}
		names[i] = strings.TrimSpace(h)
	}
	c.header, err = newLayout(what, names, mapping)
	return c, err
}

// separator is the mark that stands most often in the first line.
func separator(first []byte) rune {
	line, _, _ := bytes.Cut(first, []byte("\n"))
	best, most := ',', 0
	for _, mark := range ",;\t" {
		if n := bytes.Count(line, []byte(string(mark))); n > most {
			best, most = mark, n
		}
	}
	return best
}

func (c *csvRows) layout() *layout { return c.header }

func (c *csvRows) next() (record, error) {
	c.limit.left = maxRow
	cells, err := c.in.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, errTooLong):
		return record{}, fmt.Errorf("%w: behind line %d a row has no end: is a quote never closed?", ErrFile, c.line)
	case errors.As(err, &syntax):
		return record{line: syntax.StartLine, bad: &Reason{Line: syntax.StartLine, Rule: ruleRow,
			Message: fmt.Sprintf("line %d, character %d: %s", syntax.Line, syntax.Column, syntax.Err)}}, nil
	case err != nil:
		return record{}, err
	}
	line, _ := c.in.FieldPos(0)
	c.line = line
	r := record{line: line, cells: cells}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			r.bad = &Reason{Line: line, Cell: i + 1, Rule: ruleRow, Message: "is not UTF-8"}
			return r, nil
		}
	}
	if n := len(c.header.names); len(cells) != n {
		r.bad = &Reason{Line: line, Rule: ruleCells, Message: fmt.Sprintf("has %d cells, and there are %d columns", len(cells), n)}
	}
	return r, nil
}

var errTooLong = errors.New("too long")

// limited fails once more was read than is left.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLong
	}
	n, err := l.r.Read(b)
	l.left -= n
	return n, err
}

// jsonRows reads JSON lines: an object a line.
type jsonRows struct {
	in   *bufio.Reader
	line int
}

func newJSONRows(r io.Reader) (*jsonRows, error) {
	in := bufio.NewReaderSize(r, maxRow)
	return &jsonRows{in: in}, without(in)
}

func (j *jsonRows) layout() *layout { return nil }

func (j *jsonRows) next() (record, error) {
	for {
		line, err := j.in.ReadSlice('\n')
		if len(line) == 0 && err != nil {
			return record{}, err
		}
		j.line++
		r := record{line: j.line}
		if errors.Is(err, bufio.ErrBufferFull) {
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = j.in.ReadSlice('\n')
			}
			r.bad = &Reason{Line: j.line, Rule: ruleRow, Message: "is longer than 1 MiB"}
			return r, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return record{}, err
		}
		if r.raw = bytes.TrimSpace(line); len(r.raw) == 0 {
			continue
		}
		return r, nil
	}
}

// flat takes an object of texts and numbers apart, into cells by the names of its members.
func flat(raw []byte) (names, cells []string, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("an object is expected")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		value, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		if _, nested := value.(json.Delim); nested {
			return nil, nil, fmt.Errorf("%v must be text, a number, true or false", name)
		}
		cell := ""
		if value != nil {
			cell = fmt.Sprint(value)
		}
		names, cells = append(names, fmt.Sprint(name)), append(cells, cell)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("there is more than one object in the line")
	}
	return names, cells, nil
}
