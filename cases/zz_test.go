package cases
import ("testing";"context";"fmt";"os";"fokker/cases/rundir")
func TestTmp(t *testing.T){
 name:=os.Getenv("CASE"); if name=="" {t.Skip()}
 c,err:=FromGallery(name); if err!=nil {t.Fatal(err)}
 r,err:=c.Run(context.Background(),Options{}); if err!=nil {t.Fatal(err)}
 b,_:=rundir.Marshal(r); if len(b)>6000 {b=b[:6000]}; fmt.Println(string(b))
 if d:=os.Getenv("OUT"); d!="" { if err:=r.Write(context.Background(),d);err!=nil{t.Fatal(err)} }
}
