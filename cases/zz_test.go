package cases
import ("testing";"math")
func TestZZ(t *testing.T) {
	for _, c := range []struct{ half float64; o []string }{
		{6, nil},
		{6, []string{"define.angle=0.6*x+0.5*y"}},
		{1.5, []string{"axis.x.range=[-1.5, 1.5]", "axis.y.range=[-1.5, 1.5]", "define.psi=twist*p*(1 - (x/1.5)^2)*(1 - (y/1.5)^2)"}},
	} {
		want := turningMoments(c.half)
		for _, n := range []int{48, 64, 96,128, 192, 256, 384} {
			s := solve(t, "turning", append(cells(n, "x", "y"), c.o...)...).Stationary
			var e [5]float64; rms:=0.
			for i, got := range []float64{s.Mean["x"], s.Mean["y"], s.Covariance["x,x"], s.Covariance["x,y"], s.Covariance["y,y"]} { e[i]=got-want[i]; rms+=e[i]*e[i] }
			t.Logf("%d %.3g rms %.3g %.2g", n, e, math.Sqrt(rms), s.WallMass)
		}
	}
}
