package finance

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"chobo/cmd/chobo/internal/api"
	"chobo/ledger"
	"chobo/ledger/report"
	"chobo/points"
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

// settlements posts what a shop is owed for points and owes for grants, one transaction on the program's own member.
func (s server) settlements(m *api.Mounting) {
	op := huma.Operation{OperationID: "settlements.create", Path: "/v1/{program}/shops/{shop_id}/settlements", DefaultStatus: http.StatusCreated,
		Summary: "Settle with a shop", Tags: []string{"finance"}}
	op.Description = "Posts what is due by the last day and was not settled yet. Where nothing is, it posts nothing and answers 200."
	api.PostHouse[SettlementRequest, SettlementPosted](m, op, api.Finance, s.settlement)
}

// settlement is the command that settles what is due to the shop as the books stand.
func (s server) settlement(ctx context.Context, param func(string) string, in *SettlementRequest) (points.Command, error) {
	shop := param("shop_id")
	r, q, err := s.reader(ctx, &ReportInput{From: in.From, To: in.To, Shop: shop})
	if err != nil {
		return nil, err
	}
	statement, err := r.Settlement(ctx, q.Span(), shop)
	if err != nil {
		return nil, err
	}
	c := settle{after: statement.After, answer: SettlementPosted{ShopID: shop, Transactions: []points.Posted{}}}
	c.answer.Statement.ShopID = shop
	if len(statement.Shops) > 0 {
		c.answer.Statement = statement.Shops[0]
	}
	c.PostHouse = points.PostHouse{Kind: ledger.ShopSettlement, Subject: q.To.Format(time.DateOnly), Lines: c.answer.Statement.Clearing(), Actor: in.Actor,
		Reason: "settlement of " + shop}
	for _, l := range c.Lines {
		if l.Account == ledger.ShopSettled {
			c.answer.Settled = -l.Money
		}
	}
	return c, nil
}

// settle posts a settlement, unless the house has posted since it was computed: then it may be settled already.
type settle struct {
	points.PostHouse
	after  ledger.TransactionID // the house's last when it was computed; zero: it had none
	answer SettlementPosted
}

// Apply posts what is due, if anything is.
func (c settle) Apply(a *points.Account, m points.Moment) (points.Reply, error) {
	if a.LastTransaction != c.after {
		return points.Reply{}, api.ErrOvertaken
	}
	if len(c.Lines) == 0 {
		return points.Reply{Status: http.StatusOK, Body: c.answer}, nil
	}
	reply, err := c.PostHouse.Apply(a, m)
	if err != nil {
		return reply, err
	}
	c.answer.Transactions = a.Posted()
	reply.Body = c.answer
	return reply, nil
}
