package main

type demoCommand struct {
	database
	logging
}

// Run fills the program.
func (c *demoCommand) Run(l *life, s *screen) error { return nil }
