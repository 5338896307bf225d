package finance

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chobo/cmd/chobo/internal/api"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
	"chobo/points/engine"
)

// A SettlementRequest asks for a shop to be settled.
type SettlementRequest struct {
	From  string `json:"from" doc:"First day of the statement."`
	To    string `json:"to" doc:"Last day: what is due by then is settled."`
	Actor string `json:"actor,omitempty" maxLength:"128"`
}

// A SettlementPosted is a shop's statement and the settlement that was posted for it; none where nothing was due.
type SettlementPosted struct {
	ShopID       string               `json:"shop_id"`
	Settled      ledger.Money         `json:"settled" doc:"Paid to the shop; negative: by it."`
	Statement    report.SettlementRow `json:"statement" doc:"As it stood before."`
	Transactions []points.Posted      `json:"transactions"`
}

type settlementInput struct {
	Program string `path:"program"`
	Shop    string `path:"shop_id"`
	Body    SettlementRequest
}

type settlementOutput struct {
	Status int
	Body   SettlementPosted
}

// settlements posts what a shop is owed for points and owes for grants, one transaction on the program's own member.
func (s server) settlements(m *api.Mounting) {
	op := huma.Operation{OperationID: "settlements.create", Method: http.MethodPost, Path: "/v1/{program}/shops/{shop_id}/settlements", DefaultStatus: http.StatusCreated,
		Summary: "Settle with a shop", Tags: []string{"finance"}}
	op.Description = "Posts what is due by the last day and was not settled yet, so asking again posts nothing."
	huma.Register(m.API(), m.Allow(op, api.Finance, points.ValidationFailed, points.Conflict), s.settle)
}

func (s server) settle(ctx context.Context, in *settlementInput) (*settlementOutput, error) {
	r, q, err := s.reader(ctx, &ReportInput{From: in.Body.From, To: in.Body.To, Shop: in.Shop})
	if err != nil {
		return nil, err
	}
	statement, err := r.Settlement(ctx, q.Span(), in.Shop)
	if err != nil {
		return nil, err
	}
	out := &settlementOutput{Status: http.StatusOK, Body: SettlementPosted{ShopID: in.Shop, Transactions: []points.Posted{}}}
	out.Body.Statement.ShopID = in.Shop
	if len(statement.Shops) == 0 {
		return out, nil
	}
	row := statement.Shops[0]
	out.Body.Statement = row
	lines := row.Clearing()
	if len(lines) == 0 {
		return out, nil
	}
	to := q.To.Format(time.DateOnly)
	// The key counts the shop's settlements, so that of two at once one is posted and the other finds it.
	key := fmt.Sprintf("settlement/%s/%d", in.Shop, row.Settlements()+1)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %v", in.Shop, to, lines))
	result, err := s.engine.Submit(ctx, engine.Request{Program: r.Code, Member: points.HouseMember, Key: key, Hash: engine.Hash(sum[:]), Enrol: true,
		Command: points.PostHouse{Kind: ledger.ShopSettlement, Subject: to, Lines: lines, Actor: in.Body.Actor, Reason: "settlement of " + in.Shop}})
	if errors.Is(err, engine.ErrKeyReused) {
		return nil, points.Refuse(points.Conflict, "another settlement of shop %s was posted at this moment; ask again", in.Shop)
	}
	switch {
	case err != nil:
		return nil, err
	case result.Refusal != nil:
		return nil, result.Refusal
	}
	var posted points.HousePosted
	if err := json.Unmarshal(result.Body, &posted); err != nil {
		return nil, errors.Join(errors.New("read the settlement"), err)
	}
	out.Status, out.Body.Transactions = result.Status, posted.Transactions
	for _, l := range lines {
		if l.Account == ledger.ShopSettled {
			out.Body.Settled = -l.Money
		}
	}
	return out, nil
}
