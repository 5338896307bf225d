package outbox

import (
	"errors"
	"testing"
	"time"
)

// The example of Standard Webhooks.
func TestSignature(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("the signature is %s, want %s", got, want)
	}
}

func TestSecrets(t *testing.T) {
	made := newSecret()
	if read, err := ParseSecret(SecretText(made)); err != nil || string(read) != string(made) || len(made) != 32 {
		t.Errorf("a secret of %d bytes is read as %x, %v", len(made), read, err)
	}
	for _, bad := range []string{"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!!!", SecretText(make([]byte, 65))} {
		if _, err := ParseSecret(bad); !errors.Is(err, ErrSecret) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestPause(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 5: 8 * time.Minute, 6: 15 * time.Minute, 1000: 15 * time.Minute} {
		if got := pause(failures); got != want {
			t.Errorf("after %d failures it is left alone for %s, want %s", failures, got, want)
		}
	}
}

func TestPlaces(t *testing.T) {
	p := Place{XID: 18446744073709551615, Batch: 7, ID: 9}
	if q, err := ParsePlace(p.String()); err != nil || q != p {
		t.Errorf("%s is read as %s, %v", p, q, err)
	}
	for _, bad := range []string{"", "1.2", "1.2.x", "-1.2.3", "1.2.3.4"} {
		if _, err := ParsePlace(bad); !errors.Is(err, ErrNoPlace) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
