package points

import "fmt"

// A Code names why a command was refused; callers may rely on it.
type Code string

// The refusals of commands. The table of the API gives each its status and title.
const (
	ValidationFailed       Code = "validation_failed"
	AmountOutOfRange       Code = "amount_out_of_range"
	TimeInFuture           Code = "time_in_future"
	NotFound               Code = "not_found"
	Conflict               Code = "conflict"
	MemberClosed           Code = "member_closed"
	MemberSuspended        Code = "member_suspended"
	TendersDoNotCoverTotal Code = "tenders_do_not_cover_total"
	RedeemRule             Code = "redeem_rule"
	InsufficientPoints     Code = "insufficient_points"
	OutOfStock             Code = "out_of_stock"
	BatchRefused           Code = "batch_refused"
	TransferProhibited     Code = "transfer_prohibited"
	CashOutProhibited      Code = "cash_out_prohibited"
)

// A Refusal is a command's answer when it changes nothing: which rule, on which field, in words for a person.
type Refusal struct {
	Code   Code
	Field  string // where in the request; empty: the whole of it
	Detail string
}

// Error is the refusal in words.
func (r *Refusal) Error() string {
	if r.Field == "" {
		return fmt.Sprintf("%s: %s", r.Code, r.Detail)
	}
	return fmt.Sprintf("%s: %s: %s", r.Code, r.Field, r.Detail)
}

// Refuse is a refusal of the whole request.
func Refuse(code Code, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// RefuseField is a refusal that names the field.
func RefuseField(code Code, field, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Field: field, Detail: fmt.Sprintf(format, args...)}
}
