package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fence finds the blocks of a document: its language and its text.
var fence = regexp.MustCompile("(?ms)^```(sh|json)\n(.*?)^```$")

// The commands of the README work as they stand, and answer what it says: each member that it shows, with that value.
func TestReadme(t *testing.T) {
	s := start(t, "--data", folder(t), "--log-level", "warn")
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, conversation, ok := strings.Cut(string(text), "\n## The first conversation\n")
	if !ok {
		t.Fatal("the README has no first conversation")
	}
	const mark = "===="
	script := "set -eu\n"
	var said []string // what the README says is answered to each block; empty: nothing
	for _, block := range fence.FindAllStringSubmatch(conversation, -1) {
		if block[1] == "sh" {
			script += block[2] + "echo " + mark + "\n"
			said = append(said, "")
		} else {
			said[len(said)-1] = block[2]
		}
	}
	script = strings.ReplaceAll(script, "http://127.0.0.1:8080", s.base)
	cmd := exec.Command("sh", "-c", script)
	cmd.Env = append(cleanEnv(), "CHOBO_ADMIN_KEY="+adminKey, "PATH="+withCurl(t)+":"+os.Getenv("PATH"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := strings.Split(string(out), mark+"\n")
	compared := 0
	for i, want := range said {
		if want == "" {
			continue
		}
		compared++
		if err := shows(last(t, answers[i]), decode(t, want)); err != nil {
			t.Errorf("%v\nin\n%s\nwhere the README says\n%s", err, answers[i], want)
		}
	}
	if compared < 5 {
		t.Errorf("only %d answers were compared", compared)
	}
}

func decode(t *testing.T, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return v
}

// last is the last of several answers.
func last(t *testing.T, text string) (v any) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var next any
		if err := d.Decode(&next); err == io.EOF {
			return v
		} else if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		v = next
	}
}

// shows tells where got lacks what want shows.
func shows(got, want any) error {
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%v is no object", got)
		}
		for name, v := range want {
			if err := shows(m[name], v); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(want) {
			return fmt.Errorf("%v is no list of %d", got, len(want))
		}
		for i, v := range want {
			if err := shows(l[i], v); err != nil {
				return fmt.Errorf("[%d]: %w", i, err)
			}
		}
	default:
		if got != want {
			return fmt.Errorf("is %v, not %v", got, want)
		}
	}
	return nil
}

// withCurl is a folder with a curl of our own, so that the test needs none: this very binary, see TestMain.
func withCurl(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "curl")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// curl does what curl does with -s, -X, -H, --json and a URL.
func curl(args []string) error {
	method, header, url := "GET", map[string]string{}, ""
	var body io.Reader
	for i := 0; i < len(args); i++ {
		next := func() string {
			i++
			if i == len(args) {
				return ""
			}
			return args[i]
		}
		switch a := args[i]; {
		case a == "-s":
		case a == "-X":
			method = next()
		case a == "-H":
			name, value, _ := strings.Cut(next(), ":")
			header[name] = strings.TrimSpace(value)
		case a == "--json":
			if method == "GET" {
				method = "POST"
			}
			header["Content-Type"] = "application/json"
			body = bytes.NewReader([]byte(next()))
		case strings.HasPrefix(a, "-"):
			return fmt.Errorf("curl: %s is not known here", a)
		default:
			url = a
		}
	}
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		return err
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
