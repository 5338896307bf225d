package main

import (
	"fmt"
	"strings"
)

// A progress is a bar on a terminal; elsewhere it is nothing.
type progress struct {
	screen *screen
	last   int
}

const barWidth = 40

// show draws the bar: how much is over, from 0 to 1, and what is under way.
func (p *progress) show(over float64, what string) {
	if !p.screen.errColours {
		return
	}
	full := int(over * barWidth)
	line := fmt.Sprintf("%s%s %3.0f %%  %s", strings.Repeat("█", full), strings.Repeat("░", barWidth-full), 100*over, what)
	p.screen.notef("\r%-*s", p.last, line)
	p.last = len([]rune(line))
}

// end takes the bar away.
func (p *progress) end() {
	if p.last > 0 {
		p.screen.notef("\r%s\r", strings.Repeat(" ", p.last))
		p.last = 0
	}
}
