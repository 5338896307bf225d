package main

import (
	"context"
	"strings"
	"unicode/utf8"

	"chobo/cmd/chobo/internal/demo"
	"chobo/cmd/chobo/internal/taccount"
	"chobo/ledger"
)

// pageWidth is how many columns of a terminal the demo's texts and drawings take at most.
const pageWidth = 100

// scenes shows what was decided on a few orders, and how that is booked.
func (c *demoCommand) scenes(ctx context.Context, s *screen, client *demo.Client) error {
	shown, err := client.Scenes(ctx)
	if err != nil {
		return err
	}
	s.printf("\n")
	paragraph(s, "", "Four decisions, and all that the journal has of their members: debits left, credits right, the balance below. A point is worth one yen, so both books read the same.")
	for _, scene := range shown {
		s.printf("\n%s\n\n", s.paint(bold, scene.Title))
		paragraph(s, "", scene.Story)
		s.printf("\n")
		for _, step := range scene.Steps {
			paragraph(s, step.At.Format("  _2 January 15:04  "), step.Text)
		}
		s.printf("\n")
		if err := taccount.Draw(s.out, entries(scene.Journal), pageWidth); err != nil {
			return err
		}
	}
	return nil
}

// entries are the journal's lines, account by account as the chart has them.
func entries(journal []demo.Transaction) (out []taccount.Entry) {
	for _, account := range ledger.Chart {
		for _, t := range journal {
			for _, l := range t.Lines {
				if l.Account == account.Name {
					out = append(out, taccount.Entry{Account: l.Account, Label: t.Kind, Amount: l.Points})
				}
			}
		}
	}
	return out
}

// paragraph writes text behind a lead, with the lines after the first indented as far.
func paragraph(s *screen, lead, text string) {
	line := lead
	indent := strings.Repeat(" ", utf8.RuneCountInString(lead))
	begun := false
	for _, word := range strings.Fields(text) {
		if begun && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > pageWidth {
			s.println(line)
			line, begun = indent, false
		}
		if begun {
			line += " "
		}
		line, begun = line+word, true
	}
	s.println(line)
}
