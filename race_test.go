//go:build race

package main

// slowdown is by how much less a test does of what takes long under the race
// detector.
const slowdown = 10
