package cases

import (
	"fmt"
	"math"
	"slices"

	"fokker/cases/expr"
	"fokker/operators"
)

// equation is a process in symbols: dX = b dt + σ dW in the sense of Itô, with
// D = σσᵀ/2, and removal at the rate of killing.
type equation struct {
	axes      []string
	drift     []*expr.Node
	diffusion [][]*expr.Node
	noise     [][]*expr.Node // dim × columns; nil: the symmetric root of 2D
	killing   *expr.Node     // nil: none
	calculus  string
	gibbs     *gibbs // nil unless a potential with a temperature
	table     *table // the keys it was read from
}

// gibbs is the isothermal process of a potential: b = −M∇U + F + ∇·(MT),
// D = MT.
type gibbs struct {
	potential   *expr.Node
	mobility    []*expr.Node
	force       []*expr.Node
	temperature []float64
}

// readProcess reads [process].
func (r *reader) readProcess(t *table, axes []string) *equation {
	eq := &equation{axes: axes, drift: r.zeros(len(axes)), table: t}
	if s := r.sub(t, "drift"); s != nil {
		eq.drift = r.orZero(r.perAxis(s, axes))
	}
	if e := t.find("killing"); e != nil {
		eq.killing = r.node(r.scope, e.line, "process.killing", e.value)
	}
	eq.calculus = r.choice(t, "calculus", "ito", "ito", "stratonovich", "isothermal")
	if t.find("temperature") != nil {
		r.readGibbs(t, eq)
		return eq
	}
	r.readNoise(t, eq)
	if u := t.find("potential"); u != nil {
		force := slices.Clone(eq.drift)
		r.pushDown(t, u, eq)
		r.recogniseGibbs(t, u, eq, force)
	} else if e := t.find("mobility"); e != nil {
		r.fail(e.line, "process.mobility", "found without a potential", "", "mobility multiplies the force of `potential`")
	}
	r.toIto(t, eq)
	return eq
}

func (r *reader) zeros(n int) []*expr.Node {
	out := make([]*expr.Node, n)
	for i := range out {
		out[i] = r.scope.Number(0)
	}
	return out
}

func (r *reader) orZero(nodes []*expr.Node) []*expr.Node {
	for i, n := range nodes {
		if n == nil {
			nodes[i] = r.scope.Number(0)
		}
	}
	return nodes
}

// scalarOrAxes reads one expression for all axes or a table with one for each.
func (r *reader) scalarOrAxes(e *entry, path string, axes []string) []*expr.Node {
	if t, ok := e.value.(*table); ok {
		return r.orZero(r.perAxis(t, axes))
	}
	n := r.node(r.scope, e.line, path, e.value)
	out := make([]*expr.Node, len(axes))
	for i := range out {
		out[i] = n
	}
	return out
}

// readNoise reads `diffusion` or `noise` into D and σ.
func (r *reader) readNoise(t *table, eq *equation) {
	d, s := t.find("diffusion"), t.find("noise")
	n := len(eq.axes)
	switch {
	case d != nil && s != nil:
		r.fail(s.line, "process.noise", "found beside `diffusion`", "one of the two", "diffusion is D = σσᵀ/2, noise is σ")
		fallthrough
	case d != nil:
		eq.diffusion = r.readDiffusion(d, eq.axes)
	case s != nil:
		eq.noise = r.readSigma(s, eq.axes)
		eq.diffusion = covariance(r.scope, eq.noise)
	default:
		eq.diffusion = diagonalMatrix(r.scope, r.zeros(n))
	}
	if eq.noise == nil && isDiagonal(eq.diffusion) {
		eq.noise = diagonalMatrix(r.scope, roots(r.scope, eq.diffusion))
	}
}

func (r *reader) readDiffusion(e *entry, axes []string) [][]*expr.Node {
	t, ok := e.value.(*table)
	if !ok {
		return diagonalMatrix(r.scope, r.scalarOrAxes(e, "process.diffusion", axes))
	}
	m := r.matrix(t, axes, true)
	for k := range m {
		r.orZero(m[k])
	}
	return m
}

func (r *reader) readSigma(e *entry, axes []string) [][]*expr.Node {
	list, ok := e.value.([]any)
	if !ok {
		return diagonalMatrix(r.scope, r.scalarOrAxes(e, "process.noise", axes))
	}
	out := r.zerosMatrix(len(axes))
	if len(list) != len(axes) {
		r.fail(e.line, "process.noise", fmt.Sprintf("found %d rows", len(list)), fmt.Sprintf("%d, one per axis", len(axes)), "")
		return out
	}
	for k, item := range list {
		row, ok := item.([]any)
		if !ok || len(row) == 0 || k > 0 && len(row) != len(out[0]) {
			r.fail(e.line, fmt.Sprintf("process.noise[%d]", k), describe(item), "a list of expressions, equally many in each row", "")
			return r.zerosMatrix(len(axes))
		}
		out[k] = make([]*expr.Node, len(row))
		for c, v := range row {
			out[k][c] = r.node(r.scope, e.line, fmt.Sprintf("process.noise[%d][%d]", k, c), v)
		}
	}
	return out
}

func (r *reader) zerosMatrix(n int) [][]*expr.Node {
	return diagonalMatrix(r.scope, r.zeros(n))
}

func diagonalMatrix(s *expr.Scope, d []*expr.Node) [][]*expr.Node {
	out := make([][]*expr.Node, len(d))
	for k := range d {
		out[k] = make([]*expr.Node, len(d))
		for l := range d {
			out[k][l] = s.Number(0)
		}
		out[k][k] = d[k]
	}
	return out
}

// covariance returns D = σσᵀ/2.
func covariance(s *expr.Scope, sigma [][]*expr.Node) [][]*expr.Node {
	out := make([][]*expr.Node, len(sigma))
	for k := range sigma {
		out[k] = make([]*expr.Node, len(sigma))
		for l := range sigma {
			sum := s.Number(0)
			for c := range sigma[k] {
				sum = expr.Add(sum, expr.Mul(sigma[k][c], sigma[l][c]))
			}
			out[k][l] = expr.Mul(s.Number(0.5), sum)
		}
	}
	return out
}

// roots returns σ = √(2D) of a diagonal D.
func roots(s *expr.Scope, d [][]*expr.Node) []*expr.Node {
	out := make([]*expr.Node, len(d))
	for k := range d {
		out[k] = expr.Sqrt(expr.Mul(s.Number(2), d[k][k]))
	}
	return out
}

// coupled returns the groups of two or more axes that noise couples.
func (eq *equation) coupled() (groups [][]int) {
	group := make([]int, len(eq.axes))
	for k := range group {
		group[k] = k
	}
	for k := range group {
		for l := range k {
			if old := group[k]; old != group[l] && !isZero(eq.diffusion[k][l]) {
				for j := range group {
					if group[j] == old {
						group[j] = group[l]
					}
				}
			}
		}
	}
	for first := range group {
		var members []int
		for k, g := range group {
			if g == first {
				members = append(members, k)
			}
		}
		if len(members) > 1 {
			groups = append(groups, members)
		}
	}
	return groups
}

// checkCoupling refuses what coupled axes cannot be.
func (r *reader) checkCoupling(p *Problem, line int, key string) {
	for _, g := range p.coupled {
		if len(g) > 3 {
			r.fail(line, key, fmt.Sprintf("noise couples %d axes, which is not available in this version", len(g)), "at most 3", "")
		}
	}
}

// pushDown adds −M∇U to the drift.
func (r *reader) pushDown(t *table, u *entry, eq *equation) {
	potential := r.node(r.scope, u.line, "process.potential", u.value)
	mobility := r.readMobility(t, eq.axes)
	for k, axis := range eq.axes {
		eq.drift[k] = expr.Sub(eq.drift[k], expr.Mul(mobility[k], r.diff(u, potential, axis)))
	}
}

// recogniseGibbs finds the temperatures of constant noise in a potential, D/M, so
// that its Gibbs law is kept as with `temperature`.
func (r *reader) recogniseGibbs(t *table, u *entry, eq *equation, force []*expr.Node) {
	g := &gibbs{potential: r.node(r.scope, u.line, "process.potential", u.value), mobility: r.readMobility(t, eq.axes), force: force}
	if len(r.mistakes) > 0 || !isDiagonal(eq.diffusion) {
		return
	}
	for k := range eq.axes {
		d, constant := eq.diffusion[k][k].Constant()
		m, fixed := g.mobility[k].Constant()
		if !constant || !fixed || !(d > 0 && m > 0) {
			return
		}
		g.temperature = append(g.temperature, d/m)
	}
	eq.gibbs = g
}

func (r *reader) readMobility(t *table, axes []string) []*expr.Node {
	e := t.find("mobility")
	if e == nil {
		e = &entry{key: "mobility", value: 1.0}
	}
	return r.scalarOrAxes(e, "process.mobility", axes)
}

// diff differentiates an expression that came from a key.
func (r *reader) diff(e *entry, n *expr.Node, axis string) *expr.Node {
	d, err := n.Diff(axis)
	if err != nil {
		r.failExpression(e.line, e.key, err)
		return r.scope.Number(0)
	}
	return d
}

func (r *reader) readGibbs(t *table, eq *equation) {
	u, temperature := t.find("potential"), t.find("temperature")
	for _, key := range []string{"diffusion", "noise"} {
		if e := t.find(key); e != nil {
			r.fail(e.line, join("process", key), "found beside `temperature`", "one of the two", "with `temperature` the diffusion is mobility × temperature")
		}
	}
	if e := t.find("calculus"); e != nil && eq.calculus != "isothermal" {
		r.fail(e.line, "process.calculus", fmt.Sprintf("found %q beside `temperature`", eq.calculus), `"isothermal" or nothing`, "")
	}
	if u == nil {
		r.fail(temperature.line, "process.temperature", "found without a potential", "", "give `potential`, or the noise by `diffusion`")
		u = &entry{key: "potential", value: 0.0}
	}
	eq.calculus = "isothermal"
	g := &gibbs{
		potential:   r.node(r.scope, u.line, "process.potential", u.value),
		mobility:    r.readMobility(t, eq.axes),
		force:       eq.drift,
		temperature: r.readTemperature(temperature, eq.axes),
	}
	eq.gibbs = g
	r.fromGibbs(u, eq)
}

func (r *reader) readTemperature(e *entry, axes []string) []float64 {
	out := make([]float64, len(axes))
	t, ok := e.value.(*table)
	for k, axis := range axes {
		switch {
		case !ok:
			out[k] = r.value(e.line, "process.temperature", e.value)
		case t.find(axis) == nil:
			r.fail(e.line, "process.temperature", fmt.Sprintf("found none for %q", axis), "one per axis", "")
			out[k] = math.NaN()
		default:
			out[k] = r.number(t, axis, 0)
		}
		if !(out[k] > 0) && !math.IsNaN(out[k]) {
			r.fail(e.line, "process.temperature", fmt.Sprintf("found %v", out[k]), "a number above 0", "")
		}
	}
	if ok {
		r.perAxis(t, axes) // names of axes that do not exist
	}
	return out
}

// fromGibbs writes the isothermal process as an Itô one, which paths follow.
func (r *reader) fromGibbs(u *entry, eq *equation) {
	g, n := eq.gibbs, len(eq.axes)
	d, drift := make([]*expr.Node, n), make([]*expr.Node, n)
	for k, axis := range eq.axes {
		d[k] = expr.Mul(g.mobility[k], r.scope.Number(g.temperature[k]))
		drift[k] = expr.Add(expr.Neg(expr.Mul(g.mobility[k], r.diff(u, g.potential, axis))), g.force[k], r.diff(u, d[k], axis))
	}
	eq.drift, eq.diffusion = drift, diagonalMatrix(r.scope, d)
	eq.noise = diagonalMatrix(r.scope, roots(r.scope, eq.diffusion))
}

// toIto adds the drift by which the given calculus differs from Itô's:
// isothermal ∂ⱼDᵢⱼ (Hänggi 1978, Klimontovich 1990), Stratonovich
// ½ σⱼₖ ∂ⱼσᵢₖ, for a diagonal D without its root ½ ∂ᵢDᵢᵢ.
func (r *reader) toIto(t *table, eq *equation) {
	if eq.calculus == "ito" {
		return
	}
	e := t.find("diffusion")
	byRoot := e == nil
	if byRoot {
		if e = t.find("noise"); e == nil {
			return
		}
	}
	if eq.noise == nil && eq.calculus == "stratonovich" {
		r.fail(e.line, "process.diffusion", "the Stratonovich reading of a diffusion that couples axes depends on its root", "`noise`", "")
		return
	}
	for i, axis := range eq.axes {
		switch {
		case eq.calculus == "isothermal":
			for j, other := range eq.axes {
				eq.drift[i] = expr.Add(eq.drift[i], r.diff(e, eq.diffusion[i][j], other))
			}
		case !byRoot:
			eq.drift[i] = expr.Add(eq.drift[i], expr.Mul(r.scope.Number(0.5), r.diff(e, eq.diffusion[i][i], axis)))
		default:
			eq.drift[i] = expr.Add(eq.drift[i], r.stratonovich(e, eq, i))
		}
	}
}

func (r *reader) stratonovich(e *entry, eq *equation, i int) *expr.Node {
	sum := r.scope.Number(0)
	for j, axis := range eq.axes {
		for c, s := range eq.noise[i] {
			sum = expr.Add(sum, expr.Mul(eq.noise[j][c], r.diff(e, s, axis)))
		}
	}
	return expr.Mul(r.scope.Number(0.5), sum)
}

// usesTime reports whether a coefficient depends on t.
func (eq *equation) usesTime() bool {
	nodes := append([]*expr.Node(nil), eq.drift...)
	for k := range eq.diffusion {
		nodes = append(nodes, eq.diffusion[k]...)
	}
	if eq.killing != nil {
		nodes = append(nodes, eq.killing)
	}
	if eq.gibbs != nil {
		nodes = append(nodes, eq.gibbs.potential)
	}
	for _, n := range nodes {
		if n.Uses("t") {
			return true
		}
	}
	return false
}

// columns evaluates expressions in axes and t over columns of points.
type columns struct{ program *expr.Program }

func compile(axes []string, nodes ...*expr.Node) (columns, error) {
	p, err := expr.Compile(append(append([]string(nil), axes...), "t"), nodes...)
	return columns{p}, err
}

func (c columns) eval(dst, x [][]float64, t float64) {
	c.program.Eval(dst, append(append(make([][]float64, 0, len(x)+1), x...), []float64{t}))
}

// expressed is an equation compiled: the Process of a [process] case.
type expressed struct {
	dim, noises             int
	drift, diffusion, noise columns
	lattice                 *expr.Lattice // of drift and diffusion
}

var _ operators.Lined = (*expressed)(nil)

func (eq *equation) compile() (*expressed, error) {
	p := &expressed{dim: len(eq.axes), noises: len(eq.axes)}
	var err error
	if p.drift, err = compile(eq.axes, eq.drift...); err != nil {
		return nil, err
	}
	if p.diffusion, err = compile(eq.axes, flatten(eq.diffusion)...); err != nil {
		return nil, err
	}
	if p.lattice, err = expr.CompileLattice(eq.axes, []string{"t"}, slices.Concat(eq.drift, flatten(eq.diffusion))...); err != nil {
		return nil, err
	}
	if eq.noise == nil {
		return p, nil
	}
	p.noises = len(eq.noise[0])
	p.noise, err = compile(eq.axes, flatten(eq.noise)...)
	return p, err
}

func flatten(m [][]*expr.Node) (out []*expr.Node) {
	for _, row := range m {
		out = append(out, row...)
	}
	return out
}

// Dim returns the number of axes.
func (p *expressed) Dim() int { return p.dim }

// Columns returns the number of columns of σ.
func (p *expressed) Columns() int { return p.noises }

// Drift writes b.
func (p *expressed) Drift(b, x [][]float64, t float64) { p.drift.eval(b, x, t) }

// Noise writes σ.
func (p *expressed) Noise(s, x [][]float64, t float64) {
	if p.noise.program != nil {
		p.noise.eval(s, x, t)
		return
	}
	p.diffusion.eval(s, x, t)
	operators.Root(s, s, p.dim)
}

// Diffusion writes D.
func (p *expressed) Diffusion(d, x [][]float64, t float64) { p.diffusion.eval(d, x, t) }

// Lines returns b and D along lines of a grid.
func (p *expressed) Lines(at [][]float64, t float64) func(from []int, n int) (b, d [][]float64) {
	lines := p.lattice.Lines(at, t)
	return func(from []int, n int) (b, d [][]float64) {
		all := lines.Eval(from, n)
		return all[:p.dim], all[p.dim:]
	}
}

// reversible is a compiled isothermal process.
type reversible struct {
	*expressed
	potential, mobility, force columns
	energies, faces            *expr.Lattice // of the potential; of mobility and force
	temperature                []float64
}

var _ operators.LinedReversible = (*reversible)(nil)

func (eq *equation) compileGibbs(p *expressed) (*reversible, error) {
	g, out := eq.gibbs, &reversible{expressed: p, temperature: eq.gibbs.temperature}
	var err error
	if out.potential, err = compile(eq.axes, g.potential); err != nil {
		return nil, err
	}
	if out.mobility, err = compile(eq.axes, g.mobility...); err != nil {
		return nil, err
	}
	if out.force, err = compile(eq.axes, g.force...); err != nil {
		return nil, err
	}
	if out.energies, err = expr.CompileLattice(eq.axes, []string{"t"}, g.potential); err != nil {
		return nil, err
	}
	out.faces, err = expr.CompileLattice(eq.axes, []string{"t"}, slices.Concat(g.mobility, g.force)...)
	return out, err
}

// PotentialLines returns U along lines of a grid.
func (p *reversible) PotentialLines(at [][]float64, t float64) func(from []int, n int) []float64 {
	lines := p.energies.Lines(at, t)
	zeros := make([]float64, len(at[0]))
	return func(from []int, n int) []float64 {
		if u := lines.Eval(from, n)[0]; u != nil {
			return u
		}
		return zeros[:n]
	}
}

// FaceLines returns M and F along lines of a grid.
func (p *reversible) FaceLines(at [][]float64, t float64) func(from []int, n int) (m, f [][]float64) {
	lines := p.faces.Lines(at, t)
	return func(from []int, n int) (m, f [][]float64) {
		all := lines.Eval(from, n)
		return all[:p.dim], all[p.dim:]
	}
}

// Potential writes U.
func (p *reversible) Potential(u []float64, x [][]float64, t float64) {
	p.potential.eval([][]float64{u}, x, t)
}

// Mobility writes M.
func (p *reversible) Mobility(m, x [][]float64, t float64) { p.mobility.eval(m, x, t) }

// Force writes F.
func (p *reversible) Force(f, x [][]float64, t float64) { p.force.eval(f, x, t) }

// Temperature returns T of every axis.
func (p *reversible) Temperature() []float64 { return p.temperature }
