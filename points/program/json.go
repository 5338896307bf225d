package program

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// readJSON makes a value of a JSON document. A key that comes twice is kept twice, for the reader to refuse.
func readJSON(source []byte) (value, *Problem) {
	r := &jsonReader{source: source, places: newPlaces(source), decoder: json.NewDecoder(bytes.NewReader(source))}
	r.decoder.UseNumber()
	if at, deep := tooDeep(source); deep {
		return value{}, r.problem(at, "is nested too deep")
	}
	v, err := r.value()
	if err == nil {
		_, line, column, err := r.next()
		if errors.Is(err, io.EOF) {
			return v, nil
		}
		return value{}, &Problem{Message: "has more after its end", Line: line, Column: column}
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return value{}, r.problem(int(r.decoder.InputOffset()), fmt.Sprintf("is not JSON: %v", err))
}

// isJSON says whether a file is to be read as JSON rather than YAML, which allows less inside brackets.
func isJSON(source []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(source), []byte("{")) && json.Valid(source)
}

type jsonReader struct {
	source  []byte
	places  *places
	decoder *json.Decoder
}

func (r *jsonReader) problem(at int, message string) *Problem {
	line, column := r.places.of(at)
	return &Problem{Message: message, Line: line, Column: column}
}

// next is the next token and where it begins.
func (r *jsonReader) next() (t json.Token, line, column int, err error) {
	at := int(r.decoder.InputOffset())
	for at < len(r.source) && bytes.IndexByte([]byte(" \t\r\n,:"), r.source[at]) >= 0 {
		at++
	}
	line, column = r.places.of(at)
	t, err = r.decoder.Token()
	return t, line, column, err
}

func (r *jsonReader) value() (value, error) {
	t, line, column, err := r.next()
	if err != nil {
		return value{}, err
	}
	v := value{line: line, column: column}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			v.kind = object
			err = r.members(&v)
		} else {
			v.kind = list
			err = r.items(&v)
		}
	case string:
		v.kind, v.text = text, t
		if end := int(r.decoder.InputOffset()); end > len(t) && string(r.source[end-1-len(t):end-1]) == t {
			v.inside = column + 1
		}
	case json.Number:
		v.kind, v.text = number, t.String()
	case bool:
		v.kind, v.text = boolean, fmt.Sprint(t)
	case nil:
		v.kind = null
	}
	return v, err
}

func (r *jsonReader) members(v *value) error {
	for r.decoder.More() {
		key, line, column, err := r.next()
		if err != nil {
			return err
		}
		m := member{key: fmt.Sprint(key), line: line, column: column}
		if m.value, err = r.value(); err != nil {
			return err
		}
		v.members = append(v.members, m)
	}
	_, err := r.decoder.Token()
	return err
}

func (r *jsonReader) items(v *value) error {
	for r.decoder.More() {
		item, err := r.value()
		if err != nil {
			return err
		}
		v.items = append(v.items, item)
	}
	_, err := r.decoder.Token()
	return err
}
