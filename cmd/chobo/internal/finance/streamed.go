package finance

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
)

// WriteStreamed writes the fields of a head, a JSON object, and then its entries, one by one.
func WriteStreamed[E any](w io.Writer, head any, entries iter.Seq2[E, error]) error {
	text, err := json.Marshal(head)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s,\"entries\":[", text[:len(text)-1]); err != nil {
		return err
	}
	comma := ""
	for e, err := range entries {
		if err != nil {
			return err
		}
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s%s", comma, b); err != nil {
			return err
		}
		comma = ","
	}
	_, err = io.WriteString(w, "]}")
	return err
}
