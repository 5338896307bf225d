package points

import (
	"encoding/json"
	"fmt"
	"time"

	"chobo/ledger"
)

// A DocumentKind says what a document is about. Its number is what the database stores.
type DocumentKind int16

// The kinds of documents.
const (
	OrderDocument        DocumentKind = 1
	ReturnDocument       DocumentKind = 2 // id: order id, separator, return id
	CancellationDocument DocumentKind = 3 // id: order id
	ReservationDocument  DocumentKind = 4
	ReceivableDocument   DocumentKind = 5
	ExchangeDocument     DocumentKind = 6
	HabitsDocument       DocumentKind = 7 // one a member, id empty: what abuse is judged by
)

// A Key names a document among those of one member.
type Key struct {
	Kind DocumentKind
	ID   string
}

// PartKey joins the id of an order and the id of something below it; callers' ids hold no control characters.
func PartKey(kind DocumentKind, order, part string) Key { return Key{kind, order + "\x1f" + part} }

// A Document is the state of something that a caller named: an order, a return, a reservation. It is a
// projection of what happened, kept so that a command need not read the journal.
type Document struct {
	Key
	State  string    // what work lists select by
	At     time.Time // when it was made
	Body   []byte    // JSON
	Stored bool      // it stands in the database already
	Dirty  bool      // it has to be stored
}

// A Need is what a command asked for that was not loaded. The engine loads it and runs the command again.
type Need struct {
	Documents []Key
	Losses    []ledger.LotID
	Lots      int      // so many more spilled lots, in spending order; negative: all
	Stock     []string // benefits whose stock is counted
}

// Empty tells whether nothing is asked for.
func (n *Need) Empty() bool {
	return len(n.Documents) == 0 && len(n.Losses) == 0 && n.Lots == 0 && len(n.Stock) == 0
}

// missing carries a Need out of a command; Run recovers it.
type missing struct{ need Need }

func lack(n Need) { panic(missing{n}) }

// Load puts a document where commands find it. body nil: there is none of that key.
func (a *Account) Load(key Key, state string, at time.Time, body []byte) {
	if a.documents == nil {
		a.documents = map[Key]*Document{}
	}
	if body == nil {
		a.documents[key] = nil
		return
	}
	a.documents[key] = &Document{Key: key, State: state, At: at, Body: body, Stored: true}
}

// Loaded tells whether the key was looked up already.
func (a *Account) Loaded(key Key) bool {
	_, ok := a.documents[key]
	return ok
}

// LoadLosses tells what of a lot was lost without being spent, as the journal has it.
func (a *Account) LoadLosses(lot ledger.LotID, losses []Loss) {
	if a.losses == nil {
		a.losses, a.lossy = map[ledger.LotID][]Loss{}, map[ledger.LotID]bool{}
	}
	a.losses[lot], a.lossy[lot] = losses, true
}

// Changed are the documents that have to be stored.
func (a *Account) Changed() []*Document {
	var out []*Document
	for _, d := range a.documents {
		if d != nil && d.Dirty {
			out = append(out, d)
		}
	}
	return out
}

// An opened document is one that the command under way looks at, decoded.
type opened struct {
	Key
	value any
	kept  bool // under this state, since that time
	state string
	at    time.Time
}

// open is the document of that key if the command opened it; else nil.
func (a *Account) open(key Key) *opened {
	for i := range a.opened {
		if a.opened[i].Key == key {
			return &a.opened[i]
		}
	}
	return nil
}

// Open is the document of that key, decoded; nil when there is none. What a command changes in it is kept by Keep.
func Open[T any](a *Account, key Key) *T {
	if o := a.open(key); o != nil {
		return o.value.(*T)
	}
	d, ok := a.documents[key]
	if !ok {
		lack(Need{Documents: []Key{key}})
	}
	if d == nil {
		return nil
	}
	v := new(T)
	if err := json.Unmarshal(d.Body, v); err != nil {
		panic(fmt.Sprintf("document %v does not decode: %v", key, err))
	}
	if o, ok := any(v).(documented); ok {
		o.document(d.ID, d.At)
	}
	a.opened = append(a.opened, opened{Key: key, value: v})
	return v
}

// Keep stores what the command made of a document, under its state.
func (a *Account) Keep(key Key, state string, value any) {
	o := a.open(key)
	if o == nil {
		a.opened = append(a.opened, opened{Key: key})
		o = &a.opened[len(a.opened)-1]
	}
	o.value, o.kept, o.state, o.at = value, true, state, a.moment.At
	if d := a.documents[key]; d != nil {
		o.at = d.At
	}
}

// settle turns what the command kept into documents of the account.
func (a *Account) settle() {
	for _, o := range a.opened {
		if !o.kept {
			continue
		}
		value := o.value
		if d, ok := value.(documented); ok {
			value = d.body()
		}
		body, err := json.Marshal(value)
		if err != nil {
			panic(fmt.Sprintf("document %v does not encode: %v", o.Key, err))
		}
		if a.documents == nil {
			a.documents = map[Key]*Document{}
		}
		old := a.documents[o.Key]
		a.documents[o.Key] = &Document{Key: o.Key, State: o.state, At: o.at, Body: body, Stored: old != nil && old.Stored, Dirty: true}
	}
	a.opened = nil
}
