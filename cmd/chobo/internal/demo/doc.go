// Package demo plays a month of a mall's trade through the HTTP API, as its shops' checkouts, its staff and the clock would.
//
//	world ─▶ story, by seed: what happens on each day ─▶ Fill ─▶ day by day: jobs at night, the day's calls, next day
//
// The program is a sandbox, so the month takes seconds, and the same seed tells the same story. What a first run left
// undone a second one goes on with: keys are made from the story, so nothing is posted twice.
//
// A few members play scenes beside the month, the same with every seed; Scenes reads back what was decided and posted.
package demo
