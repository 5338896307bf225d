package schema

import (
	"errors"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// ErrAppendOnly is an attempt to change or remove what was posted.
var ErrAppendOnly = errors.New("what was posted cannot be changed")

// appendOnlyCode is the SQLSTATE that chobo_append_only raises.
const appendOnlyCode pqerror.Code = "CH001"

// AppendOnly returns ErrAppendOnly, wrapping err, if a trigger of chobo_protect refused the statement, else err.
func AppendOnly(err error) error {
	if pq.As(err, appendOnlyCode) != nil {
		return errors.Join(ErrAppendOnly, err)
	}
	return err
}
