package rundir
import ("testing";"fmt";"os")
func TestDump(t *testing.T){
  r := ring(t,4,20); for i := range 12 { s := Series{Name: fmt.Sprintf("obs_%d", i)}; for _, x := range r.Times { s.Values = append(s.Values, x*float64(i)*1e-5) };  r.Series = append(r.Series, s)  }
  os.MkdirAll("/tmp/rundir/out/x",0777)
  if err:=Pictures("/tmp/rundir/out/x", r); err!=nil {t.Fatal(err)}
  w := gyrator(t,64); w.StationaryCurrent=[][]float64{make([]float64,65*64),make([]float64,65*64)}
  if err:=Pictures("/tmp/rundir/out/x", w); err!=nil {t.Fatal(err)}
  if err:=Pictures("/tmp/rundir/out/x", lognormal(t)); err!=nil {t.Fatal(err)}
  r.Masses=nil; r.Name="x"; 
  f,_ := os.Create("/tmp/rundir/out/x/obs12.png"); encodePNG(f, drawObservables(r).pixels); f.Close()
}
