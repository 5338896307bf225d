package demo

import "time"

// Program is the code of the demo's program.
const Program = "samurai-mall-demo"

// Heroine is the member whose month is scripted and worth reading.
const Heroine = "aoki"

var zone = mustLoad("Asia/Tokyo")

func mustLoad(name string) *time.Location {
	z, err := time.LoadLocation(name)
	if err != nil {
		panic(err) // the zones are part of the binary
	}
	return z
}

// The story plays in April 2026. A year before, members were welcomed with points that lapse if they never come back.
var (
	welcomed = time.Date(2025, 4, 5, 10, 0, 0, 0, zone)
	first    = time.Date(2026, 4, 1, 0, 0, 0, 0, zone)
)

const days = 30

type object = map[string]any

// programFile is the mall's program with shorter holds, so that a month shows all of it.
var programFile = object{
	"program": Program, "sandbox": true, "name": "Samurai Mall (demo)", "currency": "JPY", "timezone": "Asia/Tokyo",
	"effective_from": "2025-04-01", "point_value": "1", "returns_policy": "samurai-mall",
	"earn": object{"rate": "0.01", "rounding": "floor", "hold": object{"days": 7, "from": "ordered"}, "funded_by": "mall",
		"rules": []object{{"name": "partner-week", "when": `shop_id == "S-9"`, "rate": "0.05", "funded_by": "shop",
			"valid": object{"from": "2026-04-01", "to": "2026-04-08"}}}},
	"expiry":   object{"mode": "inactivity", "months": 12},
	"sweep":    object{"days": 14},
	"clawback": object{"take": []string{"lot", "other_lots", "receivable"}},
}

// A shop sells goods.
type shop struct {
	id    string
	goods []good
}

type good struct {
	sku, category string
	price         int
}

var shops = []shop{
	{"S-1", []good{{"BK-101", "books", 1650}, {"BK-117", "books", 2420}, {"BK-130", "books/magazine", 890}}},
	{"S-2", []good{{"FS-7", "fashion/shoes", 12800}, {"FS-21", "fashion/shirt", 4900}, {"FS-30", "fashion/earrings", 6600}}},
	{"S-3", []good{{"EL-3", "electronics", 24800}, {"EL-8", "electronics", 7980}, {"PC-1", "pc", 118000}}},
	{"S-4", []good{{"PL-2", "plants", 3300}, {"DI-5", "diy/timber", 5400}, {"HM-9", "home/lamp", 8200}}},
	{"S-5", []good{{"FD-1", "food", 2160}, {"FD-4", "food", 3780}, {"DR-2", "drug/cosmetics", 2980}}},
	{"S-9", []good{{"WT-1", "watch", 38500}, {"AR-6", "art", 16500}, {"BK-900", "books", 6000}}},
}

// members are all but the heroine.
var members = []string{
	"abe", "arai", "endo", "fujii", "fujita", "fukuda", "goto", "hara", "harada", "hasegawa", "hashimoto", "hayashi", "ikeda", "imai", "inoue",
	"ishida", "ishii", "ishikawa", "ito", "iwasaki", "kaneko", "kato", "kikuchi", "kimura", "kobayashi", "kondo", "kudo", "maeda", "maruyama",
	"matsuda", "matsumoto", "mori", "morita", "murakami", "murata", "nakagawa", "nakajima", "nakamura", "nakano", "nishimura", "noguchi", "ogawa",
	"okada", "ono", "ota", "saito", "sakai", "sasaki", "sato", "shibata", "shimizu", "sugiyama", "suzuki", "takada", "takahashi", "takeda",
	"tanaka", "ueda", "uchida", "wada", "watanabe", "yamada", "yamaguchi", "yamamoto", "yamashita", "yokoyama", "yoshida",
}

// absent are welcomed members who never come back: their points lapse.
var absent = map[string]bool{"arai": true, "kudo": true, "noguchi": true, "ueda": true}
