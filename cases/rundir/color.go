package rundir

import (
	"encoding/hex"
	"image/color"
	"math"
	"sync"
)

// palette is the colours of 0 to 1 in 256 levels.
type palette [256]color.RGBA

// viridis is perceptually uniform and safe for the colour blind (van der Walt
// and Smith 2015); 32 of its colours, linear between.
var viridis = sync.OnceValue(func() *palette {
	return between("440154470d6048186a482374472e7c4538824241863e4a893a548c365d8d32658e2e6d8e2b758e287d8e25848e228c8d" +
		"1f948c1e9c8920a38625ab822eb37c3aba7648c16e58c7656ccd5a7fd34e93d741a8db34c0df25d5e21aeae51afde725")
})

// blues runs from white to dark blue, for what has arrows on it (Brewer 2003,
// its lightest colour made white).
var blues = sync.OnceValue(func() *palette {
	return between("ffffffeaf3fbddeaf7d1e2f3c3daeeafd1e799c7e07fb9da65aad4519ccc3c8cc3")
})

// between returns the palette through colours given in hexadecimal.
func between(colors string) *palette {
	rgb, err := hex.DecodeString(colors)
	if err != nil {
		panic("rundir: palette: " + err.Error())
	}
	var out palette
	for i := range out {
		u := float64(i) / 255 * float64(len(rgb)/3-1)
		k := min(int(u), len(rgb)/3-2)
		mix := func(c int) uint8 {
			return uint8(math.Round((1-u+float64(k))*float64(rgb[3*k+c]) + (u-float64(k))*float64(rgb[3*k+3+c])))
		}
		out[i] = color.RGBA{mix(0), mix(1), mix(2), 255}
	}
	return &out
}

// graded returns color i of n that go from dark to light, without the yellow
// that vanishes on paper.
func graded(i, n int) color.RGBA {
	return viridis()[225*i/max(1, n-1)]
}
