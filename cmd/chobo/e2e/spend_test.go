package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"chobo/schema/pgtest"
)

// 200 checkouts try at once to spend 10 each of a member's last 1,000 points: exactly 100 succeed.
func TestLastPointsAreSpentOnce(t *testing.T) {
	for _, servers := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d servers", servers), func(t *testing.T) {
			const spenders, each, last = 200, 10, 1000
			url := pgtest.NewURL(t)
			clients := make([]*client, servers)
			var starting sync.WaitGroup
			for i := range clients {
				starting.Go(func() { clients[i] = start(t, "--database-url", url).client() })
			}
			starting.Wait()
			if t.Failed() {
				t.FailNow()
			}
			const m = "/v1/samurai-mall/members/M-1"
			clients[0].must(201, "POST", m+"/grants", "grant", object{"points": last}, nil)

			var spent, refused atomic.Int64
			var wg sync.WaitGroup
			for i := range spenders {
				wg.Go(func() {
					id := fmt.Sprintf("O-%d", i)
					a, err := clients[i%servers].call(t.Context(), "POST", m+"/orders", id, order(id, each, 0))
					switch {
					case err != nil:
						t.Error(err)
					case a.status == 201:
						spent.Add(1)
					case a.status == 422:
						refused.Add(1)
					default:
						t.Errorf("answered %d: %s", a.status, a.body)
					}
				})
			}
			wg.Wait()
			if spent.Load() != last/each || refused.Load() != spenders-last/each {
				t.Errorf("%d spent and %d were refused, want %d and %d", spent.Load(), refused.Load(), last/each, spenders-last/each)
			}
			for _, c := range clients {
				var got member
				c.must(200, "GET", m, "", nil, &got)
				if got.Points.Available != 0 {
					t.Errorf("%d points are left", got.Points.Available)
				}
			}
			// Asked again on another server, each is told what it was told.
			var replayed atomic.Int64
			for i := range spenders {
				wg.Go(func() {
					id := fmt.Sprintf("O-%d", i)
					a, err := clients[(i+1)%servers].call(t.Context(), "POST", m+"/orders", id, order(id, each, 0))
					if err != nil {
						t.Error(err)
					} else if a.replayed {
						replayed.Add(1)
					}
				})
			}
			wg.Wait()
			if replayed.Load() != spenders {
				t.Errorf("%d of %d answers were replayed", replayed.Load(), spenders)
			}
			balanced(t, pgtest.OpenOwner(t, url))
		})
	}
}
