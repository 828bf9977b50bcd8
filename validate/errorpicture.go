package validate

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// drawn returns the figures of a task whose errors are known and not noise, the
// largest first.
func (c *Convergence) drawn(task string) []*Figure {
	list := slices.DeleteFunc(slices.Clone(c.Figures), func(f *Figure) bool {
		return f.Task != task || math.IsInf(f.LimitError, 1) || len(f.points(c.Levels)) < 2
	})
	slices.SortStableFunc(list, func(a, b *Figure) int {
		return cmp.Compare(b.Errors[0]/b.scale, a.Errors[0]/a.scale)
	})
	return list[:min(len(list), mostCurves)]
}

// points returns the errors above the noise, over the scale of the figure.
func (f *Figure) points(levels []Level) (out []point) {
	for k, e := range f.Errors {
		if e > f.Noise {
			out = append(out, point{levels[k].H, e / f.scale})
		}
	}
	return out
}

// slopes are what pictures show beside errors: the order of the scheme and half of it.
func (c *Convergence) slopes() []float64 {
	switch c.In {
	case "cells":
		order := schemeOrder(c.of.Problem)
		return []float64{order / 2, order}
	case "time":
		return []float64{1}
	}
	return nil
}

// picture draws errors against h, with slopes as guides, dashed where no
// order was observed; nothing where no figure changes.
func (c *Convergence) picture(path, task string) error {
	figures := c.drawn(task)
	if len(figures) == 0 {
		return nil
	}
	curves := make([][]point, len(figures))
	for i, f := range figures {
		curves[i] = f.points(c.Levels)
	}
	p, err := newChart(curves, max(c.Levels[0].H, c.Levels[len(c.Levels)-1].H))
	if err != nil {
		return err
	}
	p.text(cmp.Or(c.of.Title, c.Case)+": errors, "+task, (left+right)/2, pictureHeight-28, 0.5)
	p.text(across[c.In], (left+right)/2, lower-36, 0.5)
	p.upwards("error over the scale of the figure", left-52, (lower+upper)/2)
	p.frame(c.Levels, c.In)
	p.guides(curves, c.slopes())
	for i, f := range figures {
		if c.In == "cells" && f.Note != "" { // the limit is no extrapolation by an observed order
			p.SetLineDash([]vg.Length{4, 2}, 0)
		}
		p.curve(curves[i], 1.3, hue(i, len(figures)), true)
		p.entry(f.Label, i+len(c.slopes()), hue(i, len(figures)))
		p.SetLineDash(nil, 0)
	}
	return p.save(path)
}

// guides draws at most two slopes through the geometric mean of the coarsest errors, as
// far as they are in the panel.
func (p *chart) guides(curves [][]point, slopes []float64) {
	gray, mean := color.Gray{0x90}, 0.0
	for _, curve := range curves {
		mean += math.Log(curve[0].y) / float64(len(curves))
	}
	for i, slope := range slopes {
		p.SetLineDash([]vg.Length{[...]vg.Length{2, 6}[i], 3}, 0)
		from := max(0, p.x1-(mean-p.y0)/slope)
		p.curve([]point{{math.Exp(from), math.Exp(mean - slope*(p.x1-from))}, {math.Exp(p.x1), math.Exp(mean)}}, 1, gray, false)
		y := upper - 15*float64(i) - 8
		p.stroke(1, gray, point{right + 12, y + 3.5}, point{right + 34, y + 3.5})
		p.SetLineDash(nil, 0)
		p.text(fmt.Sprintf("slope %g", slope), right+40, y, 0)
	}
}

// entry is line i of the legend, whose first are the guides.
func (p *chart) entry(label string, i int, c color.Color) {
	const room = 22
	if r := []rune(label); len(r) > room {
		label = string(r[:room-1]) + "…"
	}
	y := upper - 15*float64(i) - 8
	p.stroke(1.3, c, point{right + 12, y + 3.5}, point{right + 34, y + 3.5})
	p.dot(point{right + 23, y + 3.5}, c)
	p.text(label, right+40, y, 0)
}
