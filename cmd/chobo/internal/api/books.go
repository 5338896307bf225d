package api

import (
	"fmt"
	"sync"

	"chobo/points/engine"
	"chobo/refunds/policy"
)

// books keeps each program's policies ready to decide, as of one configuration.
type books struct {
	mu       sync.Mutex
	byCode   map[string]book
	policies map[string]*policy.Policy // read already, by source
}

type book struct {
	program *engine.Program
	policy.Book
}

// of is the program's policies: those that come with Chobo, and those that were handed in. A file that cannot be read
// any more is a bug, since it was proved when it came.
func (b *books) of(p *engine.Program) (policy.Book, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if have, ok := b.byCode[p.Code]; ok && have.program == p {
		return have.Book, nil
	}
	next, err := b.bind(p.Code, p.Policies)
	if err != nil {
		return next, err
	}
	if b.byCode == nil {
		b.byCode = map[string]book{}
	}
	b.byCode[p.Code] = book{p, next}
	return next, nil
}

// with is what the program's policies would be if these were handed in.
func (b *books) with(code string, stored []engine.Policy) (policy.Book, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bind(code, stored)
}

func (b *books) bind(code string, stored []engine.Policy) (policy.Book, error) {
	if b.policies == nil {
		b.policies = map[string]*policy.Policy{}
	}
	next, err := policy.Book{}.With(policy.Shipped()...)
	if err != nil {
		return next, fmt.Errorf("shipped policies: %w", err)
	}
	for _, v := range stored {
		read, err := b.read(v.Name, v.Body)
		if err != nil {
			return next, err
		}
		if next, err = next.With(read); err != nil {
			return next, fmt.Errorf("policy %s of program %s: %w", v.Name, code, err)
		}
	}
	return next, nil
}

func (b *books) read(name, source string) (*policy.Policy, error) {
	if p := b.policies[source]; p != nil {
		return p, nil
	}
	p, err := policy.Load(name, []byte(source))
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", name, err)
	}
	b.policies[source] = p
	return p, nil
}

// policies are those that decide for the target.
func (at *target) policies() policy.Book {
	book, err := at.books.of(at.program)
	if err != nil {
		panic(err)
	}
	return book
}
