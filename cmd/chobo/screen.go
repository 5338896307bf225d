package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
)

// A screen is where a command writes: results to out, all else to err. Colours are for people at terminals only.
// What could not be written is kept in lost, and makes the command fail in the end.
type screen struct {
	in         io.Reader
	out, err   io.Writer
	outColours bool
	errColours bool
	lost       error
}

// printf writes a part of the result.
func (s *screen) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(s.out, format, args...); err != nil && s.lost == nil {
		s.lost = err
	}
}

// println writes a line of the result.
func (s *screen) println(line string) { s.printf("%s\n", line) }

// notef writes what is not the result.
func (s *screen) notef(format string, args ...any) {
	_, _ = fmt.Fprintf(s.err, format, args...) // there is nobody else to tell
}

// note writes a line that is not the result.
func (s *screen) note(line any) { s.notef("%v\n", line) }

func standardScreen() *screen {
	colours := func(f *os.File) bool {
		_, never := os.LookupEnv("NO_COLOR")
		return !never && os.Getenv("TERM") != "dumb" && isatty.IsTerminal(f.Fd())
	}
	return &screen{in: os.Stdin, out: os.Stdout, err: os.Stderr, outColours: colours(os.Stdout), errColours: colours(os.Stderr)}
}

// A colour of the terminal.
type colour string

const (
	bold   colour = "\x1b[1m"
	dim    colour = "\x1b[2m"
	red    colour = "\x1b[31m"
	green  colour = "\x1b[32m"
	yellow colour = "\x1b[33m"
	cyan   colour = "\x1b[36m"
	plain  colour = "\x1b[0m"
)

// paint colours text that goes to out.
func (s *screen) paint(c colour, text string) string {
	if !s.outColours {
		return text
	}
	return string(c) + text + string(plain)
}

// A logging says how much is logged and in what form.
type logging struct {
	LogLevel  string `enum:"debug,info,warn,error,off" default:"${level}" env:"CHOBO_LOG_LEVEL" help:"Least that is logged: ${enum}."`
	LogFormat string `enum:"auto,json,text" default:"auto" env:"CHOBO_LOG_FORMAT" help:"${enum}; auto is text on a terminal, else json."`
}

// logger writes to the screen's err: lines for people on a terminal, JSON for machines elsewhere.
func (l logging) logger(s *screen) zerolog.Logger {
	level, err := zerolog.ParseLevel(l.LogLevel)
	if err != nil || l.LogLevel == "off" {
		level = zerolog.Disabled
	}
	w := s.err
	if l.LogFormat == "text" || l.LogFormat == "auto" && s.errColours {
		w = zerolog.ConsoleWriter{Out: s.err, TimeFormat: time.TimeOnly, NoColor: !s.errColours}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}
