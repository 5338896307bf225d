package bench

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"chobo/schema/private"
)

// pgbench is PostgreSQL's own benchmark on a database of its own.
type pgbench struct {
	program string
	at      *scratch
	env     []string
	target  string // the URL without its password, which ps would show
}

// newPgbench makes its tables at that scale.
func newPgbench(ctx context.Context, ownerURL string, scale int) (_ *pgbench, err error) {
	program, err := private.Program(ctx, "pgbench")
	if err != nil {
		return nil, err
	}
	at, err := newScratch(ctx, ownerURL, "pgbench")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(at.url)
	if err != nil {
		return nil, errors.Join(err, at.drop(ctx))
	}
	p := &pgbench{program: program, at: at, env: os.Environ()}
	if password, ok := u.User.Password(); ok {
		p.env = append(p.env, "PGPASSWORD="+password)
		u.User = url.User(u.User.Username())
	}
	p.target = u.String()
	if _, err := p.run(ctx, "-i", "-q", "-s", strconv.Itoa(scale)); err != nil {
		return nil, errors.Join(err, at.drop(ctx))
	}
	return p, nil
}

func (p *pgbench) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, p.program, append(args, p.target)...)
	cmd.Env = p.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("pgbench: %w: %s", err, out)
	}
	return string(out), nil
}

var tpsLine = regexp.MustCompile(`tps = ([0-9.]+)`)

// best is the highest rate of transactions per second among the numbers of clients.
func (p *pgbench) best(ctx context.Context, script string, took time.Duration, clients ...int) (tps float64, at int, err error) {
	for _, c := range clients {
		out, err := p.run(ctx, "-b", script, "-n", "-M", "prepared", "-c", strconv.Itoa(c), "-j", "2", "-T", strconv.Itoa(max(1, int(took.Seconds()))))
		if err != nil {
			return 0, 0, err
		}
		m := tpsLine.FindStringSubmatch(out)
		if m == nil {
			return 0, 0, fmt.Errorf("pgbench told no rate: %s", out)
		}
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, 0, err
		}
		if n > tps {
			tps, at = n, c
		}
	}
	return tps, at, nil
}
