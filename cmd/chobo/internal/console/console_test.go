package console

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, method, path, etag string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("If-None-Match", etag)
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w
}

func TestFilesAreServedUnderTheirPolicy(t *testing.T) {
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"GET", "/console/", 200, "text/html; charset=utf-8"},
		{"GET", "/console/main.js", 200, "text/javascript; charset=utf-8"},
		{"HEAD", "/console/console.css", 200, "text/css; charset=utf-8"},
		{"GET", "/console/mark.svg", 200, "image/svg+xml"},
		{"POST", "/console/", 405, ""},
		{"GET", "/console/static/main.js", 404, ""},
		{"GET", "/console/../console.go", 404, ""},
	} {
		w := get(t, c.method, c.path, "")
		if w.Code != c.status || c.kind != "" && w.Header().Get("Content-Type") != c.kind {
			t.Errorf("%s %s: %d %s", c.method, c.path, w.Code, w.Header().Get("Content-Type"))
		}
		if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "default-src 'none'; script-src 'self'; style-src 'self';") || strings.Contains(got, "unsafe") {
			t.Errorf("%s: the policy is %q", c.path, got)
		}
		if c.method == "HEAD" && w.Body.Len() > 0 {
			t.Errorf("%s: HEAD has a body", c.path)
		}
	}
}

func TestAnUnchangedFileIsNotSentAgain(t *testing.T) {
	first := get(t, "GET", "/console/main.js", "")
	if again := get(t, "GET", "/console/main.js", first.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Errorf("answered %d with %d bytes", again.Code, again.Body.Len())
	}
}

// The page needs nothing from elsewhere, and has no way to parse HTML or code out of data.
func TestThePageKeepsToItself(t *testing.T) {
	never := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|localStorage|https?://|\son[a-z]+="|style="`)
	err := fs.WalkDir(static, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := static.ReadFile(name)
		text := strings.ReplaceAll(string(b), "http://www.w3.org/2000/svg", "")
		for _, found := range never.FindAllString(text, -1) {
			t.Errorf("%s has %q", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
