//go:build !race

package e2e

const (
	race       = false
	slowdown   = 1
	shortSeeds = 30
)
