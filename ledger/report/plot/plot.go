// Package plot draws reports as SVG: the roll-forward as a waterfall, the aging as a column a month, the triangle of use
// as a line a cohort.
package plot

import (
	"errors"
	"fmt"
	"image/color"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"chobo/ledger/report"
)

// ErrNoPlot is a report that is not drawn.
var ErrNoPlot = errors.New("there is no drawing of this report")

// How large a drawing is.
const (
	width  = 20 * vg.Centimeter
	height = 11 * vg.Centimeter
	column = 0.6 * vg.Centimeter
	margin = 0.3 * vg.Centimeter
)

var (
	standing = color.RGBA{0x33, 0x55, 0x7f, 0xff}
	rising   = color.RGBA{0x4c, 0x8c, 0x5a, 0xff}
	falling  = color.RGBA{0xb0, 0x4a, 0x3f, 0xff}
	waiting  = color.RGBA{0xc9, 0x9a, 0x2e, 0xff}
	lines    = []color.Color{standing, falling, rising, waiting, color.RGBA{0x7a, 0x5a, 0x9a, 0xff}, color.RGBA{0x3a, 0x9a, 0xa0, 0xff}, color.RGBA{0x80, 0x80, 0x80, 0xff}}
)

// SVG draws the report. It fails with ErrNoPlot where there is no drawing of it.
func SVG(w io.Writer, r any) error {
	p := plot.New()
	var err error
	switch r := r.(type) {
	case *report.RollForward:
		err = rollForward(p, r)
	case *report.Aging:
		err = aging(p, r)
	case *report.Breakage:
		err = triangle(p, r)
	default:
		return ErrNoPlot
	}
	if err != nil {
		return fmt.Errorf("draw a report: %w", err)
	}
	p.Title.Padding = margin
	p.Legend.Padding = vg.Points(2)
	p.Y.Max += (p.Y.Max - p.Y.Min) / 20
	canvas := vgsvg.New(width, height)
	p.Draw(draw.Crop(draw.New(canvas), margin, -2*margin, margin, -margin))
	_, err = canvas.WriteTo(w)
	return err
}

// grid lays thin lines behind the columns, at whole numbers in threes.
func grid(p *plot.Plot) {
	g := plotter.NewGrid()
	g.Vertical.Width = 0
	g.Horizontal.Color = color.Gray{0xdd}
	p.Add(g)
	p.Y.Tick.Marker = plot.TickerFunc(whole)
}

// whole marks an axis at whole numbers.
func whole(low, high float64) (ticks []plot.Tick) {
	for _, t := range (plot.DefaultTicks{}).Ticks(low, high) {
		if t.Value != math.Trunc(t.Value) {
			continue
		}
		if t.Label != "" {
			t.Label = grouped(int64(t.Value))
		}
		ticks = append(ticks, t)
	}
	return ticks
}

func grouped(n int64) string {
	s := fmt.Sprint(max(n, -n))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if n < 0 {
		s = "-" + s
	}
	return s
}

// bars adds columns of one colour on top of others; nil: on the ground.
func bars(p *plot.Plot, values plotter.Values, c color.Color, on *plotter.BarChart) (*plotter.BarChart, error) {
	b, err := plotter.NewBarChart(values, column)
	if err != nil {
		return nil, err
	}
	b.Color, b.LineStyle.Width = c, 0
	if on != nil {
		b.StackOn(on)
	}
	p.Add(b)
	return b, nil
}

// rollForward is a waterfall: each movement begins where the one before ended.
func rollForward(p *plot.Plot, f *report.RollForward) error {
	p.Title.Text = fmt.Sprintf("%s: points owed, %s to %s", f.Program, f.From, f.To)
	p.Y.Label.Text = "points"
	grid(p)
	kinds := slices.SortedFunc(maps.Keys(f.Points.Movements), func(a, b string) int { // what raises it first
		x, y := f.Points.Movements[a], f.Points.Movements[b]
		if x != y {
			return int(max(-1, min(1, y-x)))
		}
		return strings.Compare(a, b)
	})
	names := append(append([]string{"at the start"}, kinds...), "at the end")
	n := len(names)
	ground, up, down, total := make(plotter.Values, n), make(plotter.Values, n), make(plotter.Values, n), make(plotter.Values, n)
	at := f.Points.Opening
	total[0], total[n-1] = float64(at), float64(f.Points.Closing)
	for i, k := range kinds {
		next := at + f.Points.Movements[k]
		ground[i+1] = float64(min(at, next))
		if next > at {
			up[i+1] = float64(next - at)
		} else {
			down[i+1] = float64(at - next)
		}
		at = next
	}
	base, err := bars(p, ground, color.Transparent, nil)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		values plotter.Values
		color  color.Color
	}{{up, rising}, {down, falling}, {total, standing}} {
		if _, err := bars(p, part.values, part.color, base); err != nil {
			return err
		}
	}
	names = slices.Clone(names)
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], "_", " ")
	}
	p.NominalX(names...)
	p.X.Tick.Label.Rotation = 0.9
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YTop
	return nil
}

// aging is a column for each month in which points expire.
func aging(p *plot.Plot, a *report.Aging) error {
	p.Title.Text = fmt.Sprintf("%s: points by the month in which they expire, at %s", a.Program, a.AsOf)
	p.Y.Label.Text = "points"
	grid(p)
	names := make([]string, 0, len(a.Months)+1)
	var available, reserved, pending plotter.Values
	add := func(name string, x, y, z float64) {
		names = append(names, name)
		available, reserved, pending = append(available, x), append(reserved, y), append(pending, z)
	}
	for _, m := range a.Months {
		name := m.Month
		if name == "" {
			name = "never"
		}
		add(name, float64(m.Available), float64(m.Reserved), 0)
	}
	add("pending", 0, 0, float64(a.Pending.Points))
	base, err := bars(p, available, standing, nil)
	if err != nil {
		return err
	}
	middle, err := bars(p, reserved, falling, base)
	if err != nil {
		return err
	}
	top, err := bars(p, pending, waiting, middle)
	if err != nil {
		return err
	}
	p.Legend.Add("available", base)
	p.Legend.Add("reserved", middle)
	p.Legend.Add("pending", top)
	p.Legend.Top = true
	p.NominalX(names...)
	return nil
}

// youngest bounds the cohorts of a triangle that are drawn: the latest.
const youngest = 24

// triangle is a line for each cohort: the share of its points that was redeemed by each age.
func triangle(p *plot.Plot, b *report.Breakage) error {
	p.Title.Text = fmt.Sprintf("%s: share of granted points redeemed, at %s", b.Program, b.AsOf)
	p.X.Label.Text, p.Y.Label.Text = "months after the grant", "% of the points"
	p.Add(plotter.NewGrid())
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(whole), plot.TickerFunc(whole)
	p.Y.Min = 0
	cohorts := b.Cohorts[max(0, len(b.Cohorts)-youngest):]
	for i, c := range cohorts {
		points := make(plotter.XYs, len(c.ByAge))
		for age, n := range c.ByAge {
			points[age] = plotter.XY{X: float64(age), Y: 100 * float64(n) / float64(c.Issued)}
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = lines[i%len(lines)], vg.Points(1.5)
		marks.Color, marks.Shape, marks.Radius = line.Color, draw.CircleGlyph{}, vg.Points(2)
		p.Add(line, marks)
		p.Legend.Add(c.Cohort+" "+string(c.Funder), line)
	}
	p.Legend.Top, p.Legend.Left, p.Legend.XOffs = true, true, margin
	return nil
}
