package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/alecthomas/kong"

	"chobo/cmd/chobo/internal/finance"
)

// Exit codes that callers may rely on.
const (
	done       = 0
	failed     = 1
	wrongUsage = 2
)

// commands is the command line: one field a subcommand.
type commands struct {
	Serve serveCommand `cmd:"" group:"run" help:"Run the ledger: the API, the console and the jobs."`
	Demo  demoCommand  `cmd:"" group:"run" help:"Fill a program with a month of trade, and say what to look at."`
	Bench benchCommand `cmd:"" group:"run" help:"Measure how fast it posts."`

	Program programCommand `cmd:"" group:"rules" help:"Programs: how points are earned, held, spent and lost."`
	Policy  policyCommand  `cmd:"" group:"rules" help:"Policies: which cancellations and returns are accepted."`

	Report reportCommand `cmd:"" group:"books" help:"Read a report: trial balance, roll-forward, aging, settlement, …"`
	Export exportCommand `cmd:"" group:"books" help:"Export the journal, for other programs."`
	Import importCommand `cmd:"" group:"books" help:"Import members, points and orders from another system."`
	Verify verifyCommand `cmd:"" group:"books" help:"Prove the books from the journal alone, and the journal by its seals."`

	Reconcile reconcileCommand `cmd:"" group:"books" help:"Prove the books' own figures, or compare them with files from outside."`
	Close     closeCommand     `cmd:"" group:"books" help:"Close a month: checks, valuation, balances kept."`

	Jobs    jobsCommand    `cmd:"" group:"house" help:"What is due by the clock: run it now, or see how it went."`
	Keys    keysCommand    `cmd:"" group:"house" help:"Keys of the API."`
	Migrate migrateCommand `cmd:"" group:"house" help:"Bring the database to this version's shape."`
	Doctor  doctorCommand  `cmd:"" group:"house" help:"Examine the installation and say what to mend."`

	Version kong.VersionFlag `short:"V" help:"Print the version."`
}

const about = `Chobo keeps the books of loyalty points. Start with:

  chobo serve                  run it, with a PostgreSQL of its own
  chobo demo                   see a month of a mall's trade
  chobo COMMAND --help         each command explains itself, with examples`

func main() {
	s := standardScreen()
	l := newLife()
	code := run(l, s, os.Args[1:])
	l.end()
	os.Exit(code)
}

// exit is how kong's --help ends the run.
type exit int

// run is main with all that it touches given.
func run(l *life, s *screen, args []string) (code int) {
	defer func() {
		if v := recover(); v != nil {
			n, ok := v.(exit)
			if !ok {
				panic(v)
			}
			code = int(n)
		}
	}()
	var c commands
	parser, err := newParser(&c, l, s)
	if err != nil {
		panic(err) // the commands above are wrong
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		s.complain(err)
		s.notef("See %s --help\n", commandOf(err))
		return wrongUsage
	}
	if err = k.Run(); err == nil {
		err = s.lost
	}
	var usage *usageError
	switch {
	case err == nil:
		return done
	case errors.As(err, &usage):
		s.complain(err)
		return wrongUsage
	case errors.Is(err, errSilent):
		return failed
	default:
		s.complain(err)
		return failed
	}
}

// newParser reads command lines into c. l and s are given to the command that is run.
func newParser(c *commands, l *life, s *screen) (*kong.Kong, error) {
	return kong.New(c, kong.Name("chobo"), kong.Description(about), kong.Writers(s.out, s.err),
		kong.Exit(func(n int) { panic(exit(n)) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.ExplicitGroups([]kong.Group{{Key: "run", Title: "Run"}, {Key: "rules", Title: "Rules"}, {Key: "books", Title: "Books"}, {Key: "house", Title: "House-keeping"}}),
		kong.Vars{"version": version(), "level": "info", "scopes": strings.Join(scopes, ", "), "policies": policyCodes(), "reports": finance.Names()}, kong.Bind(l, s))
}

// commandOf is the command that was meant, as far as it could be read.
func commandOf(err error) string {
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil && p.Context.Selected() != nil {
		return p.Context.Selected().FullPath()
	}
	return "chobo"
}

func (s *screen) complain(err error) { s.notef("chobo: %v\n", err) }

// errSilent is a failure of which all was said already.
var errSilent = errors.New("failed")

// usageError is a command line that could be read but makes no sense.
type usageError struct{ what string }

func (e *usageError) Error() string { return e.what }

func misused(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// version is what the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "chobo, unknown version"
	}
	v := info.Main.Version
	if v == "" || v == "(devel)" {
		v = "development"
	}
	return fmt.Sprintf("chobo %s (%s)", v, info.GoVersion)
}
