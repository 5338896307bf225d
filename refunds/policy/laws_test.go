package policy

import (
	"slices"
	"testing"
)

var (
	everything = []string{"price", "shipping", "cod", "settlement"}
	triedOn    = []string{"price", "return_shipping"}
)

// What holds for every return of the mall, over all kinds of goods, reasons, prices and states.
func TestLawsOfTheMall(t *testing.T) {
	p := shippedPolicy(t, "samurai-mall")
	categories := []string{
		"", "books", "books/magazine", "media/disc", "pc", "home", "home/safe", "plants", "pets/food", "drug/cosmetics", "food",
		"fashion", "fashion/earrings", "fashion/lucky-bag", "fashion/shoes", "watch", "jewelry/earrings", "diy/timber", "diy/powered",
		"diy/fixture", "sports/wear", "sports/bicycle", "car/battery", "car/motorcycle", "art", "fuel", "electronics",
	}
	states := []map[string]bool{nil}
	for _, c := range conditions {
		states = append(states, map[string]bool{c: true}, map[string]bool{c: false}, map[string]bool{c: true, "opened": false, "used": false})
	}
	for _, category := range categories {
		for _, reason := range returnReasons {
			for _, price := range []int64{299999, 300000} {
				for _, days := range []*int{nil, new(5), new(6)} {
					for _, state := range states {
						f := Facts{Action: Return, Reason: reason, Category: category, UnitPrice: price, DaysSinceDelivery: days, Condition: state, AtFault: "shop"}
						checkMallLaws(t, f, p.Decide(f))
					}
					for _, attribute := range []string{"parallel_import", "special_handling"} {
						for _, stock := range []*bool{nil, new(false), new(true)} {
							f := Facts{
								Action: Return, Reason: reason, Category: category, UnitPrice: price, DaysSinceDelivery: days,
								Attributes: map[string]any{attribute: true}, ReplacementInStock: stock, PreferredRemedy: "exchange",
							}
							checkMallLaws(t, f, p.Decide(f))
						}
					}
				}
			}
		}
	}
}

func checkMallLaws(t *testing.T, f Facts, d Decision) {
	t.Helper()
	law := func(holds bool, words string) {
		if !holds {
			t.Errorf("%s\nfacts    %+v\ndecision %+v", words, f, d)
		}
	}
	convenience := f.Reason == "customer_convenience"
	accepted := d.Outcome == Accept
	lost := f.Reason == "lost"
	law(!accepted || lost || slices.Equal(d.Requires[:1], []string{GoodsBack}), "accepted goods come back")
	law(!accepted || !convenience || f.DaysSinceDelivery != nil && *f.DaysSinceDelivery <= 5, "convenience ends on the fifth day")
	law(!accepted || !convenience || !f.Condition["used"] || !within(f.Category, "fashion"), "used clothing stays")
	law(d.Remedy != Refund || slices.Equal(d.Refunds, everything) || convenience && slices.Equal(d.Refunds, triedOn), "a refund is of everything or of what was tried on")
	law(d.Remedy == Refund || len(d.Refunds) == 0, "only a refund refunds")
	law(!slices.Equal(d.Refunds, triedOn) || f.Condition["tried_on"], "tried on means told so")
	byMember := accepted && convenience && !slices.Equal(d.Refunds, triedOn)
	law(!accepted || lost || d.ReturnShipping == map[bool]string{true: "member", false: "shop"}[byMember], "who sends back at convenience pays, tried-on goods aside")
	law(f.UnitPrice < 300000 || d.Remedy != Exchange, "costly goods are never exchanged")
	law(f.UnitPrice < 300000 || !accepted || d.Clause == "SM-T.high" || d.Clause == "SM-P8", "costly goods are accepted by their clause")
	law(f.Category != "home/safe" || !accepted || d.Clause == "SM-P8", "a safe stays sold")
	if d.Outcome == Review {
		g := d.IfAccepted
		law(g.Remedy == Refund && slices.Equal(g.Refunds[:4], everything) && g.Requires[0] == GoodsBack &&
			g.ReturnShipping == map[bool]string{true: "member", false: "shop"}[convenience && d.Clause != ""], "a person grants what the rules would")
	}
}

// A person who accepts a case grants a refund of the goods, wherever the case came from.
func TestLawsOfReviews(t *testing.T) {
	for _, p := range Shipped() {
		for _, r := range p.RunExamples() {
			if r.Got.Outcome != Review {
				continue
			}
			d := r.Got.Accepted()
			if d.Outcome != Accept || d.Remedy != Refund || !slices.Contains(d.Refunds, "price") || d.IfAccepted != nil {
				t.Errorf("%s, %s: accepted as %+v", p.Code(), r.Example.Name, d)
			}
			if back := p.Code() != "kiwami-box" && r.Example.Given.Action == Return; d.AwaitsGoods() != back {
				t.Errorf("%s, %s: goods awaited: %v", p.Code(), r.Example.Name, d.AwaitsGoods())
			}
		}
	}
}
