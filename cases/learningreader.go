package cases

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fokker/cases/sgd"
)

// readLearning reads [learning] and sees to the loss that it is about.
func (r *reader) readLearning(file *table, p *Problem) {
	t := r.sub(file, "learning")
	if t == nil {
		return
	}
	if p.Stationary == nil && p.Evolve == nil && len(r.mistakes) == 0 {
		r.fail(t.line, "learning", "found without [stationary] and [evolve], whose laws it is about", "one of them", "")
	}
	p.energy = p.landscape
	if p.energy == nil {
		p.energy = r.potentialLandscape(file, t, p)
	}
	p.Learning = &LearningTask{Temperature: r.positive(t, "temperature", 0), Temperatures: r.temperatures(t)}
	r.checkTemperatures(t, "temperature", p.Learning.Temperature)
	r.checkTemperatures(t, "temperatures", p.Learning.Temperatures...)
	if b := r.sub(t, "basins"); b != nil {
		p.Learning.Basins = r.basins(b, p)
	}
}

// basins reads named parts of the box.
func (r *reader) basins(t *table, p *Problem) (out []Observable) {
	for _, e := range t.entries {
		before := len(r.mistakes)
		o, ok := r.observable(e, join(t.path, e.key), p)
		if !ok || len(r.mistakes) > before {
			continue
		}
		if !o.node.Boolean() {
			r.fail(e.line, o.key, fmt.Sprintf("found %s", shortened(o.node.String())), "a comparison, such as x < 0", "")
		}
		if o.timed {
			r.fail(e.line, o.key, "it depends on t", "a comparison of axes", "")
		}
		out = append(out, o)
	}
	return out
}

// potentialLandscape takes the potential of [process] for the loss.
func (r *reader) potentialLandscape(file, t *table, p *Problem) *sgd.Examples {
	process, _ := file.at("process")
	u := (*entry)(nil)
	if process != nil {
		u = process.find("potential")
	}
	if u == nil {
		if len(r.mistakes) == 0 {
			r.fail(t.line, "learning", "found for a process without a loss", "[sgd], or `potential` in [process]", "")
		}
		return nil
	}
	n := r.node(r.scope, u.line, "process.potential", u.value)
	if n.Uses("t") {
		r.fail(u.line, "process.potential", "it depends on t: there is no posterior of it", "a potential of the axes", "")
		return nil
	}
	e, err := population(n, p.names())
	if err != nil {
		r.failExpression(u.line, "process.potential", err)
	}
	return e
}

// mostTemperatures bounds a list: each takes some passes over the loss.
const mostTemperatures = 1000

// coldest and hottest are the temperatures that may be asked for: their ratios, and
// those of losses to them, are numbers.
const coldest, hottest = 1e-100, 1e100

func (r *reader) checkTemperatures(t *table, key string, values ...float64) {
	for _, v := range values {
		if v > 0 && !(coldest <= v && v <= hottest) && !math.IsInf(v, 0) { // others are said already
			r.fail(lineOf(t, key), join(t.path, key), fmt.Sprintf("found %v", v), fmt.Sprintf("from %v to %v", coldest, hottest), "")
			return
		}
	}
}

// temperatures reads a list of temperatures, or "log(from, to, count)", into falling
// order.
func (r *reader) temperatures(t *table) []float64 {
	e := t.find("temperatures")
	if e == nil {
		return nil
	}
	before := len(r.mistakes)
	text, ok := e.value.(string)
	if !ok {
		out := r.numbers(t, "temperatures")
		for i, v := range out {
			if !(v > 0) && len(r.mistakes) == before {
				r.fail(e.line, "learning.temperatures", fmt.Sprintf("found %v at place %d", v, i), "numbers above 0", "")
			}
		}
		slices.Sort(out)
		out = slices.Compact(out)
		slices.Reverse(out)
		if len(out) == 0 && len(r.mistakes) == before || len(out) > mostTemperatures {
			r.fail(e.line, "learning.temperatures", fmt.Sprintf("found %d", len(out)), fmt.Sprintf("1 to %d temperatures", mostTemperatures), "")
		}
		return out
	}
	return r.logarithmic(e, text)
}

// logarithmic reads "log(from, to, count)".
func (r *reader) logarithmic(e *entry, text string) []float64 {
	inner, ok := strings.CutPrefix(strings.TrimSpace(text), "log(")
	inner, closed := strings.CutSuffix(inner, ")")
	parts := strings.Split(inner, ",")
	if !ok || !closed || len(parts) != 3 {
		r.fail(e.line, "learning.temperatures", fmt.Sprintf("found the text %q", text), `a list of numbers or "log(from, to, count)"`, "")
		return nil
	}
	before := len(r.mistakes)
	from, to := r.value(e.line, "learning.temperatures", parts[0]), r.value(e.line, "learning.temperatures", parts[1])
	count := r.value(e.line, "learning.temperatures", parts[2])
	if len(r.mistakes) > before {
		return nil
	}
	if !(from > 0 && to > 0 && from != to) || count != math.Trunc(count) || count < 2 || count > mostTemperatures {
		r.fail(e.line, "learning.temperatures", fmt.Sprintf("found %q", text), fmt.Sprintf("two temperatures above 0 and a number of them from 2 to %d", mostTemperatures), "")
		return nil
	}
	high, low := max(from, to), min(from, to)
	out := make([]float64, int(count))
	for i := range out {
		out[i] = high * math.Pow(low/high, float64(i)/(count-1))
	}
	out[len(out)-1] = low
	return out
}

func (p *Problem) describeLearning() string {
	l, at := p.Learning, "tr⟨D⟩/d under the law"
	if known, ok := p.temperature(); l.Temperature > 0 {
		at = fmt.Sprintf("%g", l.Temperature)
	} else if ok {
		at = fmt.Sprintf("%g", known)
	}
	text := "against the posterior e^(−L/T), T = " + at
	if t := l.Temperatures; t != nil {
		text += fmt.Sprintf("; λ at %d temperatures from %g to %g", len(t), t[0], t[len(t)-1])
	}
	return text
}
