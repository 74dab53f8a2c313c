package awsfacts

import (
	"fmt"
	"slices"
	"strings"
)

// A Size is a task size on Fargate: the CPU units, and the possible memory in MiB, which is
// either a range with steps or one of several values.
type Size struct {
	CPU               int64
	least, most, step int64
	oneOf             []int64
}

// FargateSizes are the known sizes of Fargate. AWS may add more.
//
// Source: ECS developer guide, "Amazon ECS task definition differences for
// Fargate" and "Troubleshoot Amazon ECS task definition invalid CPU or memory
// errors"; read in November 2026.
var FargateSizes = []Size{
	{CPU: 256, oneOf: []int64{512, 1024, 2048}},
	{CPU: 512, least: 1 << 10, most: 4 << 10, step: 1 << 10},
	{CPU: 1024, least: 2 << 10, most: 8 << 10, step: 1 << 10},
	{CPU: 2048, least: 4 << 10, most: 16 << 10, step: 1 << 10},
	{CPU: 4096, least: 8 << 10, most: 30 << 10, step: 1 << 10},
	{CPU: 8192, least: 16 << 10, most: 60 << 10, step: 4 << 10},
	{CPU: 16384, least: 32 << 10, most: 120 << 10, step: 8 << 10},
	{CPU: 32768, oneOf: []int64{60 << 10, 120 << 10, 244 << 10}},
}

// Has reports whether the size is possible with an amount of memory, in MiB.
func (s Size) Has(memory int64) bool {
	if s.oneOf != nil {
		return slices.Contains(s.oneOf, memory)
	}
	return s.least <= memory && memory <= s.most && (memory-s.least)%s.step == 0
}

// String returns the possible memory of the size.
func (s Size) String() string {
	if s.oneOf != nil {
		return strings.ReplaceAll(strings.Trim(fmt.Sprint(s.oneOf), "[]"), " ", ", ")
	}
	return fmt.Sprintf("%d to %d in steps of %d", s.least, s.most, s.step)
}

// WindowsLeastCPU and WindowsMostCPU are the smallest and the largest cpu of a task with
// Windows containers on Fargate, in CPU units.
//
// Source: ECS developer guide, "Amazon ECS task definition differences for
// Fargate": the operating systems in the table of sizes; read in November 2026.
const (
	WindowsLeastCPU = 1024
	WindowsMostCPU  = 4096
)

// fargateWindows are the Windows operating system families on Fargate.
//
// Source: the same page, "Task operating systems", and ECS developer guide,
// "Amazon ECS Fargate platform versions: Windows"; read in November 2026.
var fargateWindows = []string{
	"WINDOWS_SERVER_2019_FULL", "WINDOWS_SERVER_2019_CORE",
	"WINDOWS_SERVER_2022_FULL", "WINDOWS_SERVER_2022_CORE",
	"WINDOWS_SERVER_2025_FULL", "WINDOWS_SERVER_2025_CORE",
}

// IsWindows reports whether an operating system family is a Windows family.
func IsWindows(family string) bool { return strings.HasPrefix(family, "WINDOWS") }

// FargateHas reports whether an operating system family is known to be available on Fargate.
func FargateHas(family string) bool {
	return family == "LINUX" || slices.Contains(fargateWindows, family)
}
