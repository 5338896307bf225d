package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"chobo/schema/pgtest"
)

// console finds a document's blocks of commands with what they print.
var console = regexp.MustCompile("(?ms)^```console\n\\$ ([^\n]*)\n(.*?)^```$|^```sh\n(.*?)^```$")

// duration is what differs from run to run.
var duration = regexp.MustCompile(` +\d+(\.\d+)?(µs|ms|s)$`)

// The month-end of docs/finance.md works as it stands, with the demo's figures; -update writes them anew.
func TestMonthEnd(t *testing.T) {
	if _, err := exec.LookPath("hledger"); err != nil {
		t.Fatal("this test needs hledger; install it with: .ci/install hledger")
	}
	url := pgtest.NewURL(t)
	s := start(t, "--database-url", url, "--log-level", "warn", "--no-jobs")
	s.demo("")
	file := filepath.Join("..", "..", "..", "docs", "finance.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	env := append(cleanEnv(), "CHOBO_ADMIN_KEY="+adminKey, "CHOBO_DATABASE_URL="+url, "CHOBO_PROGRAM=samurai-mall-demo", "CHOBO_LOG_LEVEL=warn",
		"PATH="+withCurl(t)+":"+folder+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	if err := os.Symlink(binary, filepath.Join(folder, "chobo")); err != nil {
		t.Fatal(err)
	}
	ran := 0
	got := console.ReplaceAllStringFunc(string(text), func(block string) string {
		m := console.FindStringSubmatch(block)
		command := m[1] + m[3]
		if strings.Contains(command, "reconcile orders") { // the demo has no such files; that they are read is tested elsewhere
			return block
		}
		cmd := exec.CommandContext(t.Context(), "sh", "-c", "set -e\n"+strings.ReplaceAll(command, "http://127.0.0.1:8080", s.base))
		cmd.Env, cmd.Dir = env, folder
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s%s", command, err, out, stderr.String())
		}
		ran++
		if m[3] != "" {
			return block
		}
		lines := strings.Split(strings.TrimRight(strings.ReplaceAll(string(out), "\r\n", "\n"), "\n"), "\n")
		for i := range lines {
			lines[i] = duration.ReplaceAllString(lines[i], "  …")
		}
		return "```console\n$ " + m[1] + "\n" + strings.Join(lines, "\n") + "\n```"
	})
	if ran < 8 {
		t.Errorf("only %d blocks were run", ran)
	}
	if got == string(text) {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("docs/finance.md is now (write it with -update):\n%s", got)
}
