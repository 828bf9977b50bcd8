package cases

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"fokker/operators"
)

// bytesPerCell is what large meshes take at the peak, measured in two to four
// dimensions: rates between neighbours and the levels of multigrid; rows and
// their transpose instead where noise couples axes; vectors and equations of the
// steps in time. What the program and its pictures take is not counted.
func (p *Problem) bytesPerCell() float64 {
	bytes := 300.0
	if len(p.coupled) > 0 {
		bytes = 400 + 250*float64(len(p.Axes))
	}
	if p.Order != 0 { // the space of GMRES, an elimination, coefficients
		bytes += 1500 + 300*float64(len(p.Axes))
	}
	if p.Evolve != nil {
		bytes += 1300 + 8*float64(len(p.Evolve.Times))
		if p.Evolve.Method == "contour" || p.Evolve.Method == "" && len(p.coupled) > 0 { // its basis has up to 100 laws
			bytes += 800
		}
	}
	if p.Influence != nil {
		bytes += 600 // of rates with other coefficients, and an elimination
		if p.Influence.Law == "evolve" {
			bytes += 4000 // laws and functions at about a hundred times, eliminations
		}
	}
	return bytes + 8*float64(len(p.Observables))
}

// Memory returns the estimated need of a run in bytes.
func (p *Problem) Memory() float64 {
	cells := 1.0
	for _, a := range p.Axes {
		cells *= float64(a.Cells)
	}
	return cells*p.bytesPerCell() + p.basisBytes() + p.particleBytes()
}

// particleBytes is what the particles of [validate] take: their places at every time
// under test, or now and a step later at rest, of a longer and a shorter step; their
// displacements and cells. Those of [compare] have one step.
func (p *Problem) particleBytes() (bytes float64) {
	dim := float64(len(p.Axes))
	if v := p.Validate; v != nil {
		bytes = float64(v.Particles) * (2*float64(max(2, len(v.At)))*(8*dim+1) + 16*dim + 8)
	}
	if c := p.Compare; c != nil && slices.Contains(c.Models, "algorithm") {
		bytes = max(bytes, float64(c.Particles)*float64(1+len(c.Times))*(8*dim+1))
	}
	return bytes
}

// basisBytes is what the matrices of schemes of high order take along all axes: five
// of all cells, or the entries of as many stencils and of their transposes.
func (p *Problem) basisBytes() (bytes float64) {
	for _, a := range p.Axes {
		switch n := float64(a.Cells); p.Order {
		case operators.Spectral:
			bytes += 5 * 8 * n * n
		case operators.Fourth:
			bytes += 2000 * n
		}
	}
	return bytes
}

// memoryLimit returns the bytes that a run may need, 0 if there is no limit.
func (p *Problem) memoryLimit() float64 {
	if p.MemoryLimit > 0 {
		return p.MemoryLimit
	}
	return 0.8 * availableMemory()
}

// checkMemory refuses a run that would not fit, before any memory is taken.
func (p *Problem) checkMemory() error {
	limit, need, particles := p.memoryLimit(), p.Memory(), p.particleBytes()
	switch {
	case limit == 0 || need <= limit:
		return nil
	case particles > need/2:
		key, n := p.crowded()
		return p.Mistaken(key, fmt.Sprintf("found %d, which need about %s", n, size(particles)), "at most "+size(limit)+" for the run", "fewer particles or times; memory_limit in [numerics] sets another bound")
	default:
		return &Mistake{File: p.file, Key: "axis.cells", Found: fmt.Sprintf("the run needs about %s", size(need)), Expected: "at most " + size(limit), Hint: "fewer cells or outputs; memory_limit in [numerics] sets another bound"}
	}
}

// crowded is the key of the most particles, and their number.
func (p *Problem) crowded() (key string, particles int) {
	if c := p.Compare; c != nil && (p.Validate == nil || c.Particles > p.Validate.Particles) {
		return "compare.particles", c.Particles
	}
	return "validate.particles", p.Validate.Particles
}

func size(bytes float64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.3g GB", bytes/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.3g MB", bytes/1e6)
	}
	return fmt.Sprintf("%.3g kB", bytes/1e3)
}

// availableMemory returns the bytes that the system and its control group can
// still give, 0 where it does not say.
func availableMemory() float64 {
	free := 0.0
	text, err := os.ReadFile("/proc/meminfo")
	if err == nil {
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
				kB, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
				free = kB * 1024
			}
		}
	}
	if text, err = os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64); err == nil && (free == 0 || limit < free) {
			free = limit
		}
	}
	return free
}
