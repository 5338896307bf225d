package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/goccy/go-yaml"

	"chobo/points/program"
	"chobo/points/registry"
)

type programCommand struct {
	Apply programApply `cmd:"" help:"Hand in a program file: a new program, or a new version of one."`
	List  programList  `cmd:"" help:"List the programs."`
	Show  programShow  `cmd:"" help:"Show a program as it is in force."`
	Check programCheck `cmd:"" help:"Read program files and tell what is wrong with them."`
}

type programApply struct {
	database
	logging
	File string `arg:"" help:"Program file, YAML or JSON; - reads standard input."`
}

// Help explains the command.
func (programApply) Help() string {
	return `A version takes effect at its effective_from, which lies in the future unless it is the first or the program is a
sandbox; orders keep the version that they were placed under. The same content again changes nothing.

  chobo program show samurai-mall > mall.yaml
  $EDITOR mall.yaml
  chobo program apply mall.yaml`
}

// Run hands the file in.
func (c *programApply) Run(l *life, s *screen) error {
	p, err := readProgram(s, c.File)
	if err != nil {
		return err
	}
	return c.withRegistry(l, c.logging, s, func(ctx context.Context, store *registry.Store) error {
		_, version, isNew, err := store.PutProgram(ctx, p, time.Now())
		if err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		word := "is new"
		if !isNew {
			word = "was there already"
		}
		s.printf("%s: version %d, in force from %s, %s.\n", p.Code, version.Number, inZone(version.EffectiveFrom, p.Zone), word)
		return nil
	})
}

type programList struct {
	database
	logging
}

// Run lists the programs.
func (c *programList) Run(l *life, s *screen) error {
	return c.withRegistry(l, c.logging, s, func(ctx context.Context, store *registry.Store) error {
		programs, err := store.Programs(ctx)
		if err != nil {
			return err
		}
		t := newTable("PROGRAM", "NAME", "VERSIONS", "CURRENCY", "ZONE", "CLOCK")
		for _, p := range programs {
			now := p.Now(time.Now())
			v := p.Versions.InForce(now)
			clock := "now"
			if p.Sandbox {
				clock = "sandbox, " + inZone(now, v.Zone)
			}
			t.row(p.Code, v.Name, len(p.Versions), v.Currency, v.Timezone(), clock)
		}
		t.write(s)
		return nil
	})
}

type programShow struct {
	database
	logging
	Code   string `arg:"" help:"The program, such as samurai-mall."`
	Number int    `name:"number" placeholder:"N" help:"Another version than the one in force."`
	Format string `enum:"yaml,json" default:"yaml" help:"${enum}."`
}

// Help explains the command.
func (programShow) Help() string {
	return `What it prints can be edited and handed in again with "chobo program apply".

  chobo program show samurai-mall
  chobo program show samurai-mall --number 1 --format json`
}

// Run shows the program.
func (c *programShow) Run(l *life, s *screen) error {
	return c.withRegistry(l, c.logging, s, func(ctx context.Context, store *registry.Store) error {
		p, err := store.Program(ctx, c.Code)
		if err != nil {
			return unknownProgram(err, c.Code)
		}
		v := p.Versions.InForce(p.Now(time.Now()))
		if c.Number != 0 {
			if c.Number < 1 || c.Number > len(p.Versions) {
				return fmt.Errorf("%s has versions 1 to %d", c.Code, len(p.Versions))
			}
			v = p.Versions.Number(c.Number)
		}
		body, err := json.MarshalIndent(v.Program, "", "  ")
		if err != nil {
			return err
		}
		if c.Format == "json" {
			s.printf("%s\n", body)
			return nil
		}
		text, err := yaml.JSONToYAML(body)
		if err != nil {
			return err
		}
		s.printf("# Version %d of %d.\n%s", v.Number, len(p.Versions), text)
		return nil
	})
}

type programCheck struct {
	Files []string `arg:"" help:"Program files; - reads standard input."`
}

// Help explains the command.
func (programCheck) Help() string {
	return `It needs no database. Problems are told as compilers do it: file:line:column: key message.

  chobo program check programs/*.yaml`
}

// Run checks the files.
func (c *programCheck) Run(s *screen) (err error) {
	for _, file := range c.Files {
		p, problem := readProgram(s, file)
		if problem != nil {
			s.note(problem)
			err = errSilent
			continue
		}
		s.printf("%s: %s, in force from %s\n", file, p.Code, inZone(p.EffectiveFrom, p.Zone))
	}
	return err
}

func readProgram(s *screen, file string) (*program.Program, error) {
	source, err := readFile(s, file)
	if err != nil {
		return nil, err
	}
	return program.Parse(file, source)
}

// readFile reads a file, or standard input for -.
func readFile(s *screen, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.in)
	}
	return os.ReadFile(name)
}

func unknownProgram(err error, code string) error {
	if errors.Is(err, registry.ErrNotFound) {
		return fmt.Errorf("there is no program %s; `chobo program list` lists them", code)
	}
	return err
}

func inZone(t time.Time, zone *time.Location) string { return t.In(zone).Format(time.RFC3339) }
