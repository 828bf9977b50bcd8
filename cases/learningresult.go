package cases

// LearningTask asks how laws differ from the tempered posterior e^(−L/T).
type LearningTask struct {
	Temperature  float64   // 0: tr⟨D⟩/d under the law
	Temperatures []float64 // of λ(T), falling; nil: about the temperature
	Basins       []Observable
}

// LearningResult is the tempered posterior, what the laws are to it, and what it
// says of the loss at other temperatures.
type LearningResult struct {
	Temperature float64            `json:"temperature"`
	From        string             `json:"temperature_from"` // "case", "stationary" or "evolve"
	Minimum     float64            `json:"minimum"`          // least loss in the box
	MinimumAt   map[string]float64 `json:"minimum_at"`
	Posterior   PosteriorResult    `json:"posterior"`
	Stationary  *LearntResult      `json:"stationary,omitempty"`
	Error       *LearntResult      `json:"error,omitempty"`  // of the stationary law
	Evolve      *LearntSeries      `json:"evolve,omitempty"` // one entry per output
	Basins      []BasinResult      `json:"basins"`
	Lambda      LambdaResult       `json:"lambda"`
	WBIC        *WBICResult        `json:"wbic,omitempty"` // of data
	Seconds     float64            `json:"seconds"`

	Masses []float64 `json:"-"` // of the posterior
}

// PosteriorResult is figures of the posterior at the temperature.
type PosteriorResult struct {
	Loss         float64            `json:"loss"`
	FreeEnergy   float64            `json:"free_energy"` // −T ln Z
	Entropy      float64            `json:"entropy"`
	Lambda       float64            `json:"lambda"`        // (⟨L⟩ − least L)/T
	HeatCapacity float64            `json:"heat_capacity"` // Var L / T²
	Observables  map[string]float64 `json:"observables"`
	Error        float64            `json:"error"` // relative, of Z and of the masses of cells
}

// LearntResult is what a law is to the posterior.
type LearntResult struct {
	Loss       float64            `json:"loss"`
	TestLoss   *float64           `json:"test_loss,omitempty"`
	KL         float64            `json:"kl"` // ∫ p ln p/q
	Variation  float64            `json:"total_variation"`
	FreeEnergy float64            `json:"free_energy"`        // ⟨L⟩ + T∫p ln p
	Excess     float64            `json:"excess_free_energy"` // T·KL
	Complexity float64            `json:"complexity"`         // (⟨L⟩ − least L)/T
	Basins     map[string]float64 `json:"basins,omitempty"`
}

// LearntSeries is that in time.
type LearntSeries struct {
	Loss       []float64            `json:"loss"`
	TestLoss   []float64            `json:"test_loss,omitempty"`
	KL         []float64            `json:"kl"`
	Variation  []float64            `json:"total_variation"`
	FreeEnergy []float64            `json:"free_energy"`
	Excess     []float64            `json:"excess_free_energy"`
	Complexity []float64            `json:"complexity"`
	Basins     map[string][]float64 `json:"basins,omitempty"`
}

func (s *LearntSeries) add(r LearntResult) {
	s.Loss, s.KL, s.Variation = append(s.Loss, r.Loss), append(s.KL, r.KL), append(s.Variation, r.Variation)
	s.FreeEnergy, s.Excess = append(s.FreeEnergy, r.FreeEnergy), append(s.Excess, r.Excess)
	s.Complexity = append(s.Complexity, r.Complexity)
	if r.TestLoss != nil {
		s.TestLoss = append(s.TestLoss, *r.TestLoss)
	}
	extend(&s.Basins, r.Basins)
}

// Last returns what there is at the last output.
func (s *LearntSeries) Last() *LearntResult {
	n := len(s.KL) - 1
	out := &LearntResult{
		Loss: s.Loss[n], KL: s.KL[n], Variation: s.Variation[n], FreeEnergy: s.FreeEnergy[n], Excess: s.Excess[n], Complexity: s.Complexity[n],
	}
	if s.TestLoss != nil {
		out.TestLoss = &s.TestLoss[n]
	}
	for name, values := range s.Basins {
		if out.Basins == nil {
			out.Basins = map[string]float64{}
		}
		out.Basins[name] = values[n]
	}
	return out
}

// BasinResult is a part of the box.
type BasinResult struct {
	Name      string             `json:"name"`
	MinimumAt map[string]float64 `json:"minimum_at,omitempty"` // of a well that was found
	Minimum   float64            `json:"minimum"`              // least loss in it
	Posterior float64            `json:"posterior"`            // mass
	Lambda    float64            `json:"lambda"`               // (⟨L⟩ − least L)/T under the posterior there
}

// LambdaResult is λ(T) = (⟨L⟩_T − least L)/T of the posterior at several temperatures.
type LambdaResult struct {
	Temperatures []float64 `json:"temperatures"`
	LogZ         []float64 `json:"log_z"`
	Loss         []float64 `json:"loss"`
	Lambda       []float64 `json:"lambda"`
	HeatCapacity []float64 `json:"heat_capacity"`
	Error        []float64 `json:"error"` // relative, of Z
	// Corrected is λ by the fit −ln Z = L/T + λ ln 1/T − (m − 1) ln(ln 1/T + a) + c to
	// the lowest temperatures; null with fewer than four.
	Corrected    *float64 `json:"corrected"`
	Multiplicity int      `json:"multiplicity,omitempty"` // m
	Residual     *float64 `json:"residual,omitempty"`     // of the fit
}

// WBICResult is the estimate of λ at the inverse temperature 1/ln n of n examples.
type WBICResult struct {
	Temperature float64 `json:"temperature"` // ln n / n
	Loss        float64 `json:"loss"`
	Lambda      float64 `json:"lambda"` // (⟨L⟩ − least L)/T (Watanabe 2013)
}
