package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// A Client calls the API with an admin's key.
type Client struct {
	Base string // http://host:port
	Key  string
	HTTP *http.Client
}

// A Refusal is an answer that is no success.
type Refusal struct {
	Status int
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail) }

// Get reads path into into.
func (c *Client) Get(ctx context.Context, path string, into any) error {
	return c.call(ctx, http.MethodGet, path, "", nil, into)
}

// call asks once and decodes the answer. into may be nil. It fails with *Refusal.
func (c *Client) call(ctx context.Context, method, path, key string, body, into any) error {
	return c.ask(ctx, method, path, key, body, func(answer io.Reader) error {
		text, err := io.ReadAll(answer)
		if err != nil || into == nil {
			return err
		}
		return json.Unmarshal(text, into)
	})
}

// read reads an answer of any size. It fails with *Refusal.
func (c *Client) read(ctx context.Context, path string, answer func(io.Reader) error) error {
	return c.ask(ctx, http.MethodGet, path, "", nil, answer)
}

// ask asks once and hands over what a success answers. It fails with *Refusal.
func (c *Client) ask(ctx context.Context, method, path, key string, body any, read func(io.Reader) error) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.Base+path, sent)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	if answer.StatusCode < 300 {
		return read(answer.Body)
	}
	refusal := &Refusal{Status: answer.StatusCode}
	_ = json.NewDecoder(answer.Body).Decode(refusal) // an answer that is no problem document has its status
	return fmt.Errorf("%s %s: %w", method, path, refusal)
}

// memberPath is where what belongs to a member lies.
func memberPath(id string) string { return "/v1/" + Program + "/members/" + url.PathEscape(id) }
