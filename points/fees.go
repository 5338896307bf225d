package points

import (
	"bytes"
	"encoding/json"
	"fmt"

	"chobo/ledger"
)

// Fees are named amounts in the order in which the caller gave them: remainders of a spread go to the earlier one.
// In JSON they are an object.
type Fees []FeeAmount

// A FeeAmount is one of them.
type FeeAmount struct {
	Name   string
	Amount ledger.Money
}

// UnmarshalJSON reads an object and keeps its order. A name given twice is an error.
func (f *Fees) UnmarshalJSON(b []byte) error {
	*f = nil
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t == nil {
		return err
	} else if t != json.Delim('{') {
		return fmt.Errorf("fees: an object of names and amounts is expected")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		fee := FeeAmount{Name: t.(string)}
		if err := d.Decode(&fee.Amount); err != nil {
			return fmt.Errorf("fees.%s: %w", fee.Name, err)
		}
		for _, g := range *f {
			if g.Name == fee.Name {
				return fmt.Errorf("fees.%s appears twice", fee.Name)
			}
		}
		*f = append(*f, fee)
	}
	return nil
}

// MarshalJSON writes the object in its order.
func (f Fees) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, fee := range f {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(fee.Name)
		if err != nil {
			return nil, err
		}
		b = append(b, name...)
		b = fmt.Appendf(b, ":%d", fee.Amount)
	}
	return append(b, '}'), nil
}
