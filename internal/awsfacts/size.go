package awsfacts

import (
	"math/big"
	"regexp"
	"strconv"
)

// Sizes of tasks with a unit, as ECS and its users write them. ECS documents GB and vCPU
// only (ECS API reference, RegisterTaskDefinition: cpu and memory); the others mean the
// same to everybody who writes them.
var (
	memorySize = regexp.MustCompile(`(?i)^([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s*(M|MB|MiB|G|GB|GiB)$`)
	cpuShare   = regexp.MustCompile(`(?i)^([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s*vCPUs?$`)
)

// ParseMemory returns the MiB of a memory size: a whole number, or a number with a unit,
// as in 1GB or 512 MiB. ECS counts 1024 MiB to a GB.
func ParseMemory(s string) (mib int64, ok bool) {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
		return n, true
	}
	m := memorySize.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	if m[2][0] == 'M' || m[2][0] == 'm' {
		return times(m[1], 1)
	}
	return times(m[1], 1024)
}

// ParseCPU returns the CPU units of a task's cpu: a whole number, or a number of vCPUs, as
// in .25 vCPU.
func ParseCPU(s string) (units int64, ok bool) {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
		return n, true
	}
	m := cpuShare.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	return times(m[1], 1024)
}

// times returns a decimal fraction times a factor if that is a whole number.
func times(s string, factor int64) (int64, bool) {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt64(factor))
	return r.Num().Int64(), r.IsInt()
}
