package schema

import (
	"context"
	"net"
	"time"
)

// silence is how long the machine of the server may give no sign of itself, in answer to what was sent or to a probe,
// before its connections are given up. Who waits for a query then fails, where he would wait for a quarter of an hour
// or, if everything was sent, for ever. A server at work gives such signs, however long its queries take.
const silence = 25 * time.Second

// dialer connects so that silence is noticed.
type dialer struct{ net.Dialer }

func newDialer() *dialer {
	return &dialer{net.Dialer{
		Timeout:         silence,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3},
		Control:         noticeSilence,
	}}
}

// DialTimeout belongs to the driver's interface.
func (d *dialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}
