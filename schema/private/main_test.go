package private

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"testing"
)

// serviceEnv, set to a folder, makes this test binary a service that serves it and posts until it is killed.
const serviceEnv = "CHOBO_PRIVATE_TEST_SERVICE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serviceEnv); dir != "" {
		fmt.Fprintln(os.Stderr, service(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// service writes its server's pid, then each number that is committed.
func service(dir string) error {
	ctx := context.Background()
	s, err := Start(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	fmt.Println(s.process.pid)
	db, err := sql.Open("postgres", s.URL())
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS posted (n bigint GENERATED ALWAYS AS IDENTITY)`); err != nil {
		return err
	}
	for {
		var n int64
		if err := db.QueryRowContext(ctx, `INSERT INTO posted DEFAULT VALUES RETURNING n`).Scan(&n); err != nil {
			<-s.Done()
			return errors.Join(err, s.Stop(ctx))
		}
		fmt.Println(n)
	}
}
