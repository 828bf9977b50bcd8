package validate

import (
	"math"
	"math/rand/v2"
	"sync"
)

// ziggurat is the area under e^(−x²/2), x > 0, in layers of equal area stacked
// from the tail upwards (Marsaglia and Tsang 2000). A layer and the place in it
// come from different bits of a random number (Doornik 2005), the place from 53.
type ziggurat struct {
	inside [layers]uint64  // below it the place is under the curve whatever the height
	width  [layers]float64 // of a layer, over 2⁵²
	height [layers + 1]float64
}

const (
	layers = 256
	tail   = 3.6541528853610088 // where the lowest layer goes over into the tail
	area   = 0.00492867323399   // of a layer (Marsaglia and Tsang 2000)
)

var normalLayers = sync.OnceValue(func() *ziggurat {
	density := func(x float64) float64 { return math.Exp(-x * x / 2) }
	var x [layers + 1]float64
	x[0], x[1] = area/density(tail), tail
	for i := 2; i < layers; i++ {
		x[i] = math.Sqrt(-2 * math.Log(area/x[i-1]+density(x[i-1])))
	}
	z := new(ziggurat)
	for i := range layers {
		z.inside[i] = uint64(x[i+1] / x[i] * (1 << 52))
		z.width[i] = x[i] / (1 << 52)
		z.height[i] = density(x[i])
	}
	z.height[layers] = 1
	return z
})

// normals fills dst with independent normals of mean 0 and the given standard
// deviation.
func normals(dst []float64, deviation float64, p *rand.PCG) {
	z := normalLayers()
	for i := range dst {
		for {
			u := p.Uint64()
			layer, place := u&(layers-1), int64(u)>>11
			x := float64(place) * z.width[layer]
			if uint64(max(place, -place)) < z.inside[layer] {
				dst[i] = deviation * x
				break
			}
			if x, ok := z.edge(layer, x, p); ok {
				dst[i] = deviation * x
				break
			}
		}
	}
}

// edge decides about a place where the curve crosses the layer, and draws from
// the tail in the lowest one (Marsaglia 1964).
func (z *ziggurat) edge(layer uint64, x float64, p *rand.PCG) (float64, bool) {
	if layer > 0 {
		y := z.height[layer] + unit(p)*(z.height[layer+1]-z.height[layer])
		return x, y < math.Exp(-x*x/2)
	}
	for {
		beyond, y := -math.Log(1-unit(p))/tail, -math.Log(1-unit(p))
		if 2*y > beyond*beyond {
			return math.Copysign(tail+beyond, x), true
		}
	}
}

// unit draws from [0, 1).
func unit(p *rand.PCG) float64 { return float64(p.Uint64()>>11) / (1 << 53) }
