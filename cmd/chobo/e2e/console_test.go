package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"chobo/schema/pgtest"
)

// What members, shops and clerks write is shown as they wrote it, whatever it would be as HTML.
const (
	oddMember = `<script>hacked='id'</script>`
	oddReason = `<script>hacked='reason'</script>`
	oddNote   = `<img src=x onerror="hacked='note'">お詫び`
)

// An operator looks a member up, adjusts the points and resolves a review, in a browser.
func TestConsole(t *testing.T) {
	s := start(t, "--database-url", pgtest.NewURL(t))
	c := s.client()
	m := "/v1/samurai-mall/members/%3Cscript%3Ehacked='id'%3C%2Fscript%3E"
	c.must(201, "POST", m+"/grants", "g", object{"points": 1500, "reason": oddReason}, nil)
	c.must(201, "POST", m+"/orders", "o", order("O-1", 500, 300), nil)
	c.must(200, "POST", m+"/orders/O-1/status", "s", object{"status": "shipped"}, nil)
	c.must(200, "POST", m+"/orders/O-1/cancel", "c", object{"reason": oddReason}, nil)

	b := browse(t)
	b.open(s.base + "/")
	b.types("input[name=key]", "not the key")
	b.clicks(".door button")
	b.sees("[role=alert]", "The key is missing or not valid", "unauthenticated")
	b.types("input[name=key]", adminKey)
	b.types("input[name=operator]", "田中")
	b.clicks(".door button")
	b.sees("main", "Members")
	b.chooses("#program", "samurai-mall")

	t.Log("the member")
	b.sees("#program option:checked", "Samurai Mall Point")
	b.sees("main h1", "Members")
	b.types("main input[type=search]", "nobody\r")
	b.sees("[role=alert]", "There is nothing of that name", "not_found")
	b.types("#find", oddMember+"\r")
	b.sees("main h1", oddMember)
	b.sees("#figure-available dd", "1,000")
	b.sees("main tbody", "Points granted: "+oddReason, "+1,500", "−500")

	t.Log("an adjustment")
	b.clicks("#do-adjust")
	b.types("dialog input[name=points]", "-5000")
	b.types("dialog textarea", oddNote)
	b.clicks("dialog button[type=submit]")
	b.sees("dialog [role=alert]", "There are not enough points", "insufficient_points")
	b.types("dialog input[name=points]", "-200")
	b.clicks("dialog button[type=submit]")
	b.sees(".drawing", "What will be posted", "800 available", "member:available", "adjust, lot 1", "200")
	if got := c.member(m); got.Points.Available != 1000 {
		t.Errorf("the preview changed the balance to %d", got.Points.Available)
	}
	b.clicks("dialog button.main:not([hidden])")
	b.sees("dialog .notice.good", "Posted")
	b.presses(kb.Escape)
	b.sees("#figure-available dd", "800")
	b.sees("main tbody", oddNote, "by 田中")
	if got := c.member(m); got.Points.Available != 800 {
		t.Errorf("the balance is %d", got.Points.Available)
	}

	t.Log("a review")
	b.clicks(`nav a[href$="/work"]`)
	b.sees("main tbody", "cancellation", oddMember, oddReason)
	b.clicks("td.do button")
	b.types("dialog textarea", oddNote)
	b.clicks("dialog button[type=submit]")
	b.sees(".drawing", "What will be posted", "Pays back 500 points and ¥300", "member:available", "restore")
	b.clicks("dialog button.main:not([hidden])")
	b.sees("dialog .notice.good", "Posted")
	b.presses(kb.Escape)
	b.sees("main", "Nothing waits for a decision.")
	b.clicks(`.tabs a[href$="/refunds"]`)
	b.sees("main tbody", oddMember, "O-1", "¥300")
	b.clicks("main tbody td:nth-child(3) a")
	b.sees("main h1", "O-1")
	b.sees("main", "cancelled", "500 pt + ¥300")

	t.Log("jobs and reports")
	b.clicks(`nav a[href$="/jobs"]`)
	b.clicks("#run-mature")
	b.sees("#said", "mature has run")
	b.clicks(`nav a[href$="/reports"]`)
	b.sees("main tbody", "member:available", "−1,300")
	b.clicks(`.tabs a[href$="/interventions"]`)
	b.sees("main tbody", oddMember, oddNote, "田中")
	b.clicks(`nav a[href$="/programs"]`)
	b.sees("main", "Rules of Samurai Mall Point")

	if got := b.says("String(globalThis.hacked) + document.querySelectorAll('script, main img').length + localStorage.length + location.href.includes(sessionStorage['chobo.key'])"); got != "undefined10false" {
		t.Errorf("what was data did something: %s", got)
	}
	b.clicks("#leave")
	b.sees(".door", "Key")
	if got := b.says("String(sessionStorage['chobo.key'])"); got != "undefined" {
		t.Error("the key is still there after signing out")
	}
	b.quiet()
}

func (c *client) member(path string) (m member) {
	c.t.Helper()
	c.must(200, "GET", path, "", nil, &m)
	return m
}

// A browser is a Chromium with one tab, which ends with the test.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu   sync.Mutex
	said []string // on its console
}

// browse starts Chromium. Without one the test fails: it never passes by not running.
func browse(t *testing.T) *browser {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("this test needs Chromium; install it with: .ci/install chromium")
	}
	profile, err := os.MkdirTemp("", "chobo-browser-") //nolint:usetesting // Chromium still writes into it when the test ends
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.WindowSize(1360, 900),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.Navigate("about:blank"))
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mu.Lock()
			b.said = append(b.said, m.String())
			b.mu.Unlock()
		}
	}()
	return b
}

// do does one thing, for at most half a minute. An element that the page has just replaced is looked for again.
func (b *browser) do(what chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	err := b.try(what)
	for again := 0; err != nil && again < 5 && strings.Contains(err.Error(), "Could not find node"); again++ {
		err = b.try(what)
	}
	if err != nil {
		b.t.Fatalf("%v\nthe page shows:\n%s", err, b.page())
	}
}

func (b *browser) try(what chromedp.Action[chromedp.Void]) error {
	ctx := b.ctx
	if chromedp.FromContext(ctx).Browser != nil { // a limit on the first call would be one on the browser
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, 30*time.Second)
		defer stop()
	}
	return chromedp.Do(ctx, what)
}

func (b *browser) open(url string) { b.t.Helper(); b.do(chromedp.Navigate(url)) }

func (b *browser) clicks(where string) { b.t.Helper(); b.do(chromedp.Click(chromedp.CSS(where))) }

func (b *browser) presses(key string) { b.t.Helper(); b.do(chromedp.KeyEvent(key)) }

// types replaces what stands in a field.
func (b *browser) types(where, text string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(chromedp.CSS(where)))
	b.says(fmt.Sprintf("document.querySelector(%q).value = ''", where))
	b.do(chromedp.SendKeys(chromedp.CSS(where), text))
}

// chooses chooses an option of a list, as a person does.
func (b *browser) chooses(where, value string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(where)))
	b.says(fmt.Sprintf("(() => { const s = document.querySelector(%q); s.value = %q; s.dispatchEvent(new Event('change', { bubbles: true })); return ''; })()", where, value))
}

// says evaluates JavaScript to a text.
func (b *browser) says(js string) string {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](js))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

func (b *browser) page() string { return b.says("document.body.innerText") }

// sees waits until an element shows all the texts.
func (b *browser) sees(where string, texts ...string) {
	b.t.Helper()
	var got string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		got = b.says(fmt.Sprintf("document.querySelector(%q)?.innerText ?? ''", where))
		missing := false
		for _, text := range texts {
			missing = missing || !strings.Contains(got, text)
		}
		if !missing {
			return
		}
	}
	b.t.Fatalf("%s does not show %q but %q; the page:\n%s", where, texts, got, b.page())
}

// quiet reports what the browser complained about: scripts that failed, and what the page's policy forbade. Answers
// that are no success are expected.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.said {
		if !strings.Contains(line, "Failed to load resource") {
			b.t.Errorf("the browser says: %s", line)
		}
	}
}
