package cases
import ("testing";"time";"strconv")
func TestZZ(t *testing.T){
 for _, cells := range []int{16,32} {
 for _, v := range []string{"0.01","0.1","0.0001"} {
 s:=""; for _,n := range []string{"a","b","c","d"} { s+=axis(n,"range=[-4,4]\ncells="+strconv.Itoa(cells)) }
 b:=time.Now()
 _,_,cut:=start(t,s+still+"mean={a=0,b=0.1,c=0,d=0}\ncovariance={\"a,a\"="+v+",\"b,b\"="+v+",\"c,c\"="+v+",\"d,d\"="+v+",\"a,b\"=\"0.5*"+v+"\"}\n")
 t.Log(cells,v,time.Since(b),cut)
 }}
}
