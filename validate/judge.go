package validate

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"fokker/cases"
	"fokker/validate/compare"
)

// VerifySamples tests whether samples have the laws of a run, conditional on
// survival: those at their times, which must be outputs, or the stationary one.
// What half as many cells along every axis change in a law is allowed for.
func VerifySamples(ctx context.Context, c *cases.Case, r *cases.Result, s Samples, o Options) (*Verdict, error) {
	v := &verifier{ctx: ctx, of: c, result: r, options: o, out: &Verdict{Samples: s.Name, Tolerance: s.Tolerance}}
	v.out.Level = usualLevel
	if task := c.Problem.Validate; task != nil {
		v.out.Level = cmp.Or(task.Level, usualLevel)
	}
	v.options.progress("samples")(0)
	read, err := readSamples(r.Grid, s)
	if err != nil {
		return nil, err
	}
	if len(s.Times) > 0 {
		v.list(s.Times)
	} else {
		v.listStationary()
	}
	if err := v.solveCoarse(); err != nil {
		return nil, err
	}
	if err := v.prepare(); err != nil {
		return nil, err
	}
	for i, l := range v.laws {
		l.Tolerance = s.Tolerance
		if err := v.hold(l, read, i); err != nil {
			return nil, err
		}
	}
	v.equations = len(v.out.Tests)
	v.out.Pass = compare.Decide(v.out.Tests, v.out.Level)
	return v.out, v.diagnose(read)
}

// hold tests the samples of one time.
func (v *verifier) hold(l *subject, read *rows, time int) error {
	s, inside := read.counted(time, l)
	outside := len(read.cell[time]) - inside
	v.out.Particles += inside
	v.out.Outside += outside
	if outside > 0 {
		v.out.Words = append(v.out.Words, fmt.Sprintf("%s: %d of %d samples lie outside the box and are not compared", l.name, outside, len(read.cell[time])))
	}
	switch {
	case inside < 2:
		return read.fail(fmt.Sprintf("%s: found %d samples in the box and %d outside", l.name, inside, outside), "some more inside", l.box())
	case read.source.Chain && inside < compare.ShortestChain:
		return read.fail(fmt.Sprintf("found a chain of %d samples in the box", inside), fmt.Sprintf("%d at least", compare.ShortestChain), "standard errors come from batches of a chain")
	case read.weight != nil && s.Squares == 0:
		return read.fail(fmt.Sprintf("%s: all %d samples in the box have weight 0", l.name, inside), "some weights above 0", "")
	}
	r := compare.Run(l.Law, s)
	for _, name := range r.Skipped {
		v.out.Skipped = append(v.out.Skipped, l.name+": "+name)
	}
	v.out.Comparisons = append(v.out.Comparisons, Comparison{l.name, l.Law, s.Weight, r, smallest(r.Tests)})
	for _, t := range r.Tests {
		t.Name = l.name + ": " + t.Name
		v.out.Tests = append(v.out.Tests, t)
	}
	if read.source.Chain {
		v.out.Words = append(v.out.Words, fmt.Sprintf("%s: the chain tells as much as some %.0f independent samples", l.name, r.Effective))
	}
	return nil
}

// box says where samples are compared.
func (l *subject) box() string {
	out := "the box is "
	for k, a := range l.Grid.Axes() {
		if k > 0 {
			out += ", "
		}
		out += fmt.Sprintf("%s in [%g, %g]", a.Name, a.Edges[0], a.Edges[a.Cells()])
	}
	return out
}

// heaviest is the largest weight of samples in the box.
func (r *rows) heaviest(time int) (most float64) {
	for i, cell := range r.cell[time] {
		if cell >= 0 {
			most = max(most, r.weight[time][i])
		}
	}
	return most
}

// counted are the samples of one time by cells, and how many lie in the box. Weights
// are in units of the largest, whose square could be no float64.
func (r *rows) counted(time int, l *subject) (*compare.Samples, int) {
	s, inside, unit := &compare.Samples{Weight: make([]float64, l.Grid.Size())}, 0, 1.0
	if r.weight != nil {
		if most := r.heaviest(time); most > 0 {
			unit = most
		}
	}
	for i, cell := range r.cell[time] {
		if cell < 0 {
			continue
		}
		inside++
		w := 1.0
		if r.weight != nil {
			w = r.weight[time][i] / unit
			s.Squares += w * w
		}
		s.Weight[cell] += w
		if r.source.Chain {
			s.Chain = append(s.Chain, cell)
		}
	}
	return s, inside
}

// diagnose names causes of a rejection that can be recognised: another law that is
// easily taken for that of the case and that the samples have, a part of the box
// they never reach, a chain that is not at rest.
func (v *verifier) diagnose(read *rows) error {
	if v.out.Pass {
		return nil
	}
	for i, l := range v.laws {
		v.missing(l, v.out.Comparisons[i])
		if read.source.Chain {
			v.unsettled(l, read, i)
		}
	}
	return v.misread(read)
}

// missing says where the law has mass and no sample lies.
func (v *verifier) missing(l *subject, c Comparison) {
	parts, n := c.Result.Parts, c.Result.Effective
	counts := make([]float64, len(parts.Mass))
	for i, w := range c.Weights {
		counts[parts.Of[i]] += w
	}
	const empty = 1e-9 // probability of an empty part with so much mass
	mass, center := 0.0, make([]float64, l.Grid.Dim())
	for i, m := range l.Mass {
		part := parts.Of[i]
		if counts[part] > 0 || math.Exp(-n*parts.Mass[part]) > empty {
			continue
		}
		mass += m
		for k := range center {
			center[k] += m * l.Grid.Centers(k)[l.Grid.Along(k, i)]
		}
	}
	if mass == 0 {
		return
	}
	at := ""
	for k, x := range center {
		at += fmt.Sprintf(", %s = %.3g", l.Grid.Axis(k).Name, x/mass)
	}
	v.out.Words = append(v.out.Words, fmt.Sprintf("%s: no sample lies where the law has %.3g %% of its mass, around %s: a well may have been missed", l.name, 100*mass, at[2:]))
}

// unsettled compares the first tenth of a chain with the rest.
func (v *verifier) unsettled(l *subject, read *rows, time int) {
	var chain []int32
	for _, cell := range read.cell[time] {
		if cell >= 0 {
			chain = append(chain, cell)
		}
	}
	cut := len(chain) / 10
	mean := func(part []int32, phi []float64) (m float64) {
		for _, cell := range part {
			m += phi[cell] / float64(len(part))
		}
		return m
	}
	for i := range v.out.Tests {
		t := v.out.Tests[i]
		for _, f := range l.Functions {
			if t.Pass || t.Bias == nil || t.Name != l.name+": "+f.Name {
				continue
			}
			law := 0.0
			for c, m := range l.Mass {
				law += m * f.Values[c]
			}
			early, late := mean(chain[:cut], f.Values)-law, mean(chain[cut:], f.Values)-law
			if math.Abs(late) < math.Abs(*t.Bias)/2 && math.Abs(early) > 3*math.Abs(*t.Bias) {
				v.out.Words = append(v.out.Words, fmt.Sprintf("%s is off by %.2g in the first tenth of the chain and by %.2g in the rest: it was not at rest when it began", t.Name, early, late))
				return
			}
		}
	}
}

// misread solves the processes that are easily taken for that of the case, and says
// which one the samples have the law of, without the tolerance: what is allowed to be
// off may be off in the direction of either.
func (v *verifier) misread(read *rows) error {
	for _, other := range v.of.Problem.Misreadings() {
		c := v.on(other.Problem, 1)
		r, err := c.Run(v.ctx, v.options.solving("diagnosis"))
		if v.ctx.Err() != nil {
			return v.ctx.Err()
		}
		if err != nil {
			continue // it has no such law
		}
		w := &verifier{ctx: v.ctx, of: c, result: r, out: &Verdict{}}
		if len(read.source.Times) > 0 {
			w.list(read.source.Times)
		} else {
			w.listStationary()
		}
		if err := w.prepare(); err != nil {
			return err
		}
		for i, l := range w.laws {
			l.Changes = append(l.Changes, v.laws[i].Changes...) // what a mesh does is much the same
			if err := w.hold(l, read, i); err != nil {
				return err
			}
		}
		if compare.Decide(w.out.Tests, v.out.Level) {
			v.out.Words = append(v.out.Words, "the samples have the law of another process: "+other.Words)
			return nil
		}
	}
	return v.slightly()
}
