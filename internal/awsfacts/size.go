package awsfacts

import (
	"math/big"
	"strconv"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// Task sizes with a unit. ECS documents only GB and vCPU (ECS API reference,
// RegisterTaskDefinition: cpu and memory). The other units are unambiguous too.
var (
	memorySize = lazyregexp.New(`(?i)^([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s*(M|MB|MiB|G|GB|GiB)$`)
	cpuShare   = lazyregexp.New(`(?i)^([0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9})\s*vCPUs?$`)
)

// ParseMemory parses a memory size: a number of MiB, or a number with a unit, such as 1GB
// or 512 MiB. For ECS, 1 GB is 1024 MiB. It returns false if the text is not a size, or
// not a whole number of MiB.
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

// ParseCPU parses the cpu of a task: a number of CPU units, or of vCPUs, such as .25 vCPU.
// It returns false if the text is neither, or not a whole number of CPU units.
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

// times multiplies a decimal fraction by a factor. It returns false if the product is not whole.
func times(s string, factor int64) (int64, bool) {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	r.Mul(r, new(big.Rat).SetInt64(factor))
	return r.Num().Int64(), r.IsInt()
}
