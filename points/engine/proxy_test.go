package engine

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// A proxy stands between an engine and its server and cuts connections where a test wants it.
type proxy struct {
	t        *testing.T
	network  string
	address  string
	listener net.Listener
	mu       sync.Mutex
	conns    map[net.Conn]bool
	away     atomic.Bool
	commits  atomic.Int32 // how many commits to cut
	keep     atomic.Bool  // they reach the server; only its answer is lost
}

// through returns a proxy to the server of a database's URL, and the URL through it.
func through(t *testing.T, raw string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(raw)
	fatal(t, err)
	p := &proxy{t: t, network: "tcp", address: u.Host, conns: map[net.Conn]bool{}}
	q := u.Query()
	if dir := q.Get("host"); dir != "" {
		port := q.Get("port")
		if port == "" {
			port = "5432"
		}
		p.network, p.address = "unix", filepath.Join(dir, ".s.PGSQL."+port)
	}
	p.listener, err = net.Listen("tcp", "127.0.0.1:0")
	fatal(t, err)
	q.Del("host")
	q.Del("port")
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = p.listener.Addr().String(), q.Encode()
	go p.serve()
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.cut()
	})
	return p, u.String()
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.away.Load() {
			_ = client.Close()
			continue
		}
		server, err := net.Dial(p.network, p.address)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		go p.forward(client, server)
	}
}

// commit is the message that commits a transaction.
var commit = []byte("Q\x00\x00\x00\x0bCOMMIT\x00")

func (p *proxy) forward(client, server net.Conn) {
	var deaf atomic.Bool
	heard := make(chan struct{}, 1)
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			if deaf.Load() {
				heard <- struct{}{}
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
	defer server.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.HasSuffix(buf[:n], commit) && p.commits.Add(-1) >= 0 {
			if p.keep.Load() {
				deaf.Store(true)
				if _, err := server.Write(buf[:n]); err == nil {
					<-heard
				}
			}
			_ = client.Close()
			return
		}
		if _, err := server.Write(buf[:n]); err != nil && err != io.EOF {
			return
		}
	}
}

// cut ends every connection.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// leave lets the server be away until back is called.
func (p *proxy) leave() {
	p.away.Store(true)
	p.cut()
}

func (p *proxy) back() { p.away.Store(false) }
