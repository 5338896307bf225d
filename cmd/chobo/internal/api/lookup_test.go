package api

import (
	"context"
	"sync"
	"testing"
	"time"

	"chobo/points/engine"
)

// TestNewProgramsAreFound makes programs while others are looked for: a look that began earlier, or for another code,
// must not hide them.
func TestNewProgramsAreFound(t *testing.T) {
	var mu sync.Mutex
	config := &engine.Config{Programs: map[string]*engine.Program{}}
	begun, looks := make(chan struct{}, 100), 0
	l := &lookup{reload: func(context.Context) (*engine.Config, error) {
		mu.Lock()
		seen := config
		looks++
		mu.Unlock()
		begun <- struct{}{}
		time.Sleep(30 * time.Millisecond)
		return seen, nil
	}}
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if _, err := l.find(t.Context(), "none"); err == nil {
			t.Error("a program that is none was found")
		}
	})
	<-begun
	mu.Lock()
	config = &engine.Config{Programs: map[string]*engine.Program{"new": {Code: "new"}}}
	mu.Unlock()
	for range 20 {
		waiting.Go(func() {
			if p, err := l.find(t.Context(), "new"); err != nil || p.Code != "new" {
				t.Errorf("the new program is %v, %v", p, err)
			}
		})
	}
	waiting.Wait()
	for range 50 {
		if _, err := l.find(t.Context(), "none"); err == nil {
			t.Error("a program that is none was found")
		}
	}
	if mu.Lock(); looks > 3 {
		t.Errorf("%d looks", looks)
	}
	mu.Unlock()
	for i := range 2 * maxAbsent {
		l.note(string(rune('a'+i)), time.Now())
	}
	if len(l.absent) > maxAbsent {
		t.Errorf("%d codes are remembered", len(l.absent))
	}
}
