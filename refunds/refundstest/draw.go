package refundstest

import (
	"slices"

	"pgregory.net/rapid"
)

// Below draws a number from 0 to n-1, each as likely as any other; rapid's own numbers are mostly small.
func Below(t *rapid.T, what string, n int) int {
	return rapid.Custom(func(t *rapid.T) (x int) {
		for range 12 {
			x *= 2
			if rapid.Bool().Draw(t, "bit") {
				x++
			}
		}
		return x % n
	}).Draw(t, what)
}

// Between draws a number from one to another, both included.
func Between(t *rapid.T, what string, from, to int) int { return from + Below(t, what, to-from+1) }

// Distinct draws n of the values, in any order.
func Distinct[T any](t *rapid.T, what string, n int, of ...T) (out []T) {
	of = slices.Clone(of)
	for range n {
		i := Below(t, what, len(of))
		out = append(out, of[i])
		of = slices.Delete(of, i, i+1)
	}
	return out
}

// OneOf draws one of the values; who is named twice is drawn twice as often.
func OneOf[T any](t *rapid.T, what string, of ...T) T { return of[Below(t, what, len(of))] }
