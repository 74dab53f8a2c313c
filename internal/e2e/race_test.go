//go:build race

package e2e

const (
	race = true // the tests run under the race detector, and so does the program

	// slowdown divides the amount of work of tests that take long under the race detector.
	slowdown = 10

	shortSeeds = 100 // of TestFaults with -short
)
