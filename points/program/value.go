package program

// value is a piece of a file before anything is known of its meaning, the same for YAML and JSON.
type value struct {
	kind         kind
	text         string // of text, numbers, true and false: as written
	members      []member
	items        []value
	line, column int
	inside       int // column at which the text itself begins, if it stands on that line just as it reads; else 0
}

type member struct {
	key          string
	line, column int
	value        value
}

type kind int

const (
	absent kind = iota
	object
	list
	text
	number
	boolean
	null
	strange // YAML that JSON has no word for
)
