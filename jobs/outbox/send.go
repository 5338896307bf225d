package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// What a receiver may take and answer.
const (
	answerTime  = 15 * time.Second // from connecting to the end of its answer
	answerHead  = 64 << 10         // bytes
	answerBytes = 4 << 10          // that are read of its body
	shownBytes  = 200              // that are told of it
)

// A Message is one request to a webhook.
type Message struct {
	Program string  `json:"program"`
	Events  []Event `json:"events"`
}

// id is the same whenever these events are sent together.
func (m Message) id() string { return "msg_" + m.Events[0].ID + "_" + m.Events[len(m.Events)-1].ID }

// newClient follows no redirect: a body that is signed for one address is not to be had at another.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxResponseHeaderBytes = answerHead
	return &http.Client{Transport: transport, Timeout: answerTime, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send posts the message and returns once it was acknowledged, by any status of success.
func send(ctx context.Context, client *http.Client, to string, secret []byte, m Message) (err error) {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return ErrURL
	}
	now := time.Now()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "chobo")
	r.Header.Set("webhook-id", m.id())
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature(secret, m.id(), now, body))
	answer, err := client.Do(r)
	if err != nil {
		return withoutURL(err)
	}
	defer func() { _ = answer.Body.Close() }()
	said, _ := io.ReadAll(io.LimitReader(answer.Body, answerBytes)) // the status has told
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answered %s: %.*q", answer.Status, shownBytes, said)
	}
	return nil
}

// withoutURL is the error without the address, which may hold a token and is not for everyone who reads of runs.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return fmt.Errorf("it did not answer: %w", of.Err)
	}
	return err
}
