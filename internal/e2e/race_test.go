//go:build race

package e2e

const (
	race = true // the tests run under the race detector, and so does the program

	// slowdown is by how much less a test does of what takes long under the race
	// detector.
	slowdown = 10

	shortSeeds = 100 // of TestFaults with -short
)
