package schema

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
)

// setRoleSQL makes a new connection act with the service's rights.
const setRoleSQL = `SET ROLE chobo_app`

// connector is the driver's own, whose guarded connections take on role chobo_app first.
type connector struct {
	*pq.Connector
	guarded bool
}

func newConnector(url string, guarded bool) (*connector, error) {
	cfg, err := config(url)
	if err != nil {
		return nil, err
	}
	c, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	c.Dialer(newDialer())
	return &connector{Connector: c, guarded: guarded}, nil
}

// Connect opens a connection and takes the role on, if it exists and may be taken on.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil || !c.guarded {
		return conn, err
	}
	exec, ok := conn.(driver.ExecerContext)
	if !ok {
		panic("schema: a connection of lib/pq executes statements")
	}
	if _, err := exec.ExecContext(ctx, setRoleSQL, nil); err != nil && !roleRefused(err) {
		return nil, errors.Join(fmt.Errorf("take on role chobo_app: %w", err), conn.Close())
	}
	return conn, nil
}

// roleRefused tells a role that is missing (22023) or not ours to take on (42501) from a failure.
func roleRefused(err error) bool {
	return pq.As(err, pqerror.InvalidParameterValue, pqerror.InsufficientPrivilege) != nil
}
