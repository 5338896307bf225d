package history

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// What a file holds.
type What string

// The three kinds of files.
const (
	Members What = "members"
	Points  What = "points"
	Orders  What = "orders"
)

// A cellKind says how a cell is read.
type cellKind int

const (
	text    cellKind = iota
	number           // whole
	truth            // true, yes, 1; false, no, 0
	moment           // an instant, or a day that begins then
	expiry           // the first instant without the points; a day alone would not say which
	lastDay          // the last day with them
)

// A column is one thing that a row says: our name for it, and how other systems call it.
type column struct {
	name     string
	kind     cellKind
	required bool
	aliases  string // separated by spaces
}

var columnsOf = map[What][]column{
	Members: {
		{"member_id", text, true, memberAliases},
		{"enrolled_at", moment, false, "registered_at joined_at created_at member_since 登録日 入会日"},
		{"last_active_at", moment, false, activeAliases},
		{"status", text, false, "state 状態"},
		{"reason", text, false, "note remark 理由"},
	},
	Points: {
		{"member_id", text, true, memberAliases},
		{"points", number, true, "balance amount remaining ポイント 残高"},
		{"row_id", text, false, "id lot_id grant_id transaction_id"},
		{"occurred_at", moment, false, "granted_at earned_at acquired_at created_at date 付与日"},
		{"expires_at", expiry, false, "expiry expiration expires"},
		{"last_day", lastDay, false, "expires_on valid_until valid_to expiry_date 有効期限"},
		{"matures_at", moment, false, "available_at available_from pending_until held_until 確定日"},
		{"last_active_at", moment, false, activeAliases},
	},
	Orders: {
		{"member_id", text, true, memberAliases},
		{"order_id", text, true, "order_no order_number order 注文番号"},
		{"shop_id", text, true, "shop store store_id seller 店舗"},
		{"ordered_at", moment, true, "order_date date created_at placed_at 注文日"},
		{"line_id", text, false, "line line_no line_number 明細番号"},
		{"sku", text, false, "item item_code item_id product product_id 商品番号"},
		{"category", text, false, "カテゴリ"},
		{"quantity", number, true, "qty count 数量"},
		{"unit_price", number, true, "price 単価"},
		{"discount", number, false, "値引"},
		{"shipping", number, false, "shipping_fee postage delivery_fee 送料"},
		{"payment_method", text, false, "payment 支払方法"},
		{"destination", text, false, ""},
		{"preorder", truth, false, "予約"},
		{"points", number, false, "points_used used_points 利用ポイント"},
		{"money", number, false, "paid amount_paid total_paid 支払額"},
		{"paid_at", moment, false, "payment_date 入金日"},
		{"shipped_at", moment, false, "shipping_date 発送日"},
		{"delivered_at", moment, false, "delivery_date completed_at 配達日"},
	},
}

const (
	memberAliases = "member customer customer_id customer_no customer_number customer_code user_id 会員番号 会員id"
	activeAliases = "last_qualifying_at last_order_at last_purchase_at last_activity 最終購入日"
)

// Names of columns that an order may have any number of: fee:cod, attribute:magazine.
const (
	feePrefix       = "fee:"
	attributePrefix = "attribute:"
)

// plainName is a name without case, spaces and marks, so that "Member ID" and member_id are the same.
func plainName(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("_-.", r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// A layout says which cell of a row is what.
type layout struct {
	columns []column
	at      []int       // of each column; -1: the file has it not
	extra   []extraCell // fees and attributes
	names   []string    // of the cells, as the file has them
	unused  []string
}

// An extraCell is a fee or an attribute of an order.
type extraCell struct {
	cell      int
	name      string
	attribute bool
}

// newLayout finds the columns in a header. mapping gives columns by our name the header that the file has for them.
//
// It refuses with ErrHeader: a column twice, one that must be there and is not, or a mapping of what is not there.
func newLayout(what What, header []string, mapping map[string]string) (*layout, error) {
	l, err := layoutOf(what, header, mapping)
	if err != nil {
		return nil, err
	}
	for i, c := range l.columns {
		if c.required && l.at[i] < 0 {
			return nil, fmt.Errorf("%w: no column looks like %s; name it with --map %s=NAME. There are %s", ErrHeader, c.name, c.name, strings.Join(header, ", "))
		}
	}
	return l, nil
}

// layoutOf is newLayout of a row that may lack columns: what must be there is looked for later, row by row.
func layoutOf(what What, header []string, mapping map[string]string) (*layout, error) {
	l := &layout{columns: columnsOf[what], names: header}
	l.at = slices.Repeat([]int{-1}, len(l.columns))
	taken := make([]bool, len(header))
	for ours, theirs := range mapping {
		i := slices.IndexFunc(l.columns, func(c column) bool { return c.name == ours })
		k := slices.Index(header, theirs)
		switch {
		case i < 0:
			return nil, fmt.Errorf("%w: %s have no column %s; there are %s", ErrHeader, what, ours, strings.Join(namesOf(what), ", "))
		case k < 0:
			return nil, fmt.Errorf("%w: there is no column %q to take %s from; there are %s", ErrHeader, theirs, ours, strings.Join(header, ", "))
		case taken[k]:
			return nil, fmt.Errorf("%w: column %q is taken twice", ErrHeader, theirs)
		}
		l.at[i], taken[k] = k, true
	}
	for i, c := range l.columns {
		if l.at[i] >= 0 {
			continue
		}
		for k, h := range header {
			if taken[k] || !c.is(h) {
				continue
			}
			if plainName(h) == plainName(c.name) { // our own name needs no guess
				l.at[i] = k
				break
			}
			if l.at[i] >= 0 {
				return nil, fmt.Errorf("%w: columns %q and %q both look like %s; say which with --map %s=NAME", ErrHeader, header[l.at[i]], h, c.name, c.name)
			}
			l.at[i] = k
		}
		if l.at[i] >= 0 {
			taken[l.at[i]] = true
		}
	}
	for k, h := range header {
		if taken[k] {
			continue
		}
		if e, ok := extraOf(what, h); ok {
			e.cell = k
			l.extra = append(l.extra, e)
			continue
		}
		l.unused = append(l.unused, h)
	}
	return l, nil
}

// is tells whether a header names the column: exactly, or by a name that other systems have for it.
func (c column) is(header string) bool {
	plain := plainName(header)
	if plain == plainName(c.name) {
		return true
	}
	for _, alias := range strings.Fields(c.aliases) {
		if plain == plainName(alias) {
			return true
		}
	}
	return false
}

func extraOf(what What, header string) (e extraCell, ok bool) {
	if what != Orders {
		return e, false
	}
	if name, ok := strings.CutPrefix(header, feePrefix); ok && name != "" {
		return extraCell{name: name}, true
	}
	if name, ok := strings.CutPrefix(header, attributePrefix); ok && name != "" {
		return extraCell{name: name, attribute: true}, true
	}
	return e, false
}

func namesOf(what What) (names []string) {
	for _, c := range columnsOf[what] {
		names = append(names, c.name)
	}
	return names
}

// cell is what a row says of a column.
func (l *layout) cell(cells []string, column int) string {
	if k := l.at[column]; k >= 0 && k < len(cells) {
		return strings.TrimSpace(cells[k])
	}
	return ""
}
