package policy
import ("testing";"math/rand";"time";"fmt";"os")
func TestTmp(t *testing.T){
 src:=[]byte(good); r:=rand.New(rand.NewSource(time.Now().UnixNano())); n:=0
 end:=time.Now().Add(25*time.Second)
 for time.Now().Before(end) { n++; b:=append([]byte{},src...); for k:=0;k<1+r.Intn(5);k++ { if len(b)==0{break}; j:=r.Intn(len(b)); switch r.Intn(5){case 0:b[j]=byte(r.Intn(256)); case 1: b=append(b[:j],b[min(len(b),j+r.Intn(60)):]...); case 2: n:=min(len(b),j+r.Intn(100)); b=append(b[:n:n],b[j:]...); case 3: b[j]="\"'[]{}:|>-\n#&*!"[r.Intn(15)]; case 4: b=b[j:]}}
  done:=make(chan int)
  go func(){Load("x",b);close(done)}()
  select{case <-done: case <-time.After(5*time.Second): fmt.Printf("HANG %q\n",b); os.WriteFile("/tmp/hang.yaml",b,0o644); panic("hang")} }
 fmt.Println(n) }
