package taskdef_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/document/documenttest"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef"
)

// codes returns the codes of all that is said of a definition.
func codes(t *testing.T, text string) []string {
	t.Helper()
	_, warnings, err := taskdef.Decode(documenttest.Parse(t, "in", text), taskdef.Options{})
	var found []string
	for _, w := range warnings {
		found = append(found, w.Code)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			found = append(found, one.(*document.Error).Code)
		}
	}
	return found
}

// list returns n items in brackets; %d in an item is its index.
func list(n int, item string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = strings.ReplaceAll(item, "%d", fmt.Sprint(i))
	}
	return "[" + strings.Join(items, ",") + "]"
}

// TestLimits holds each limit to its last good value, and to the first that is
// beyond it.
func TestLimits(t *testing.T) {
	// top and inside are members of the definition and of its container.
	top := func(format string) func(int) string {
		return func(n int) string {
			return fmt.Sprintf(`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128}],`+format+`}`, n)
		}
	}
	inside := func(format string) func(int) string {
		return func(n int) string {
			return fmt.Sprintf(`{"family":"a","executionRoleArn":"r","containerDefinitions":[{"name":"app","image":"i",`+
				`"memory":128,`+format+`}]}`, n)
		}
	}
	fargate := func(format string) func(int) string {
		return func(n int) string {
			return fmt.Sprintf(`{"family":"a","requiresCompatibilities":["FARGATE"],"networkMode":"awsvpc","cpu":"256",`+
				`"memory":"512","containerDefinitions":[{"name":"app","image":"i",`+format+`}]}`, n)
		}
	}
	const frame = len(`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"user":""}]}`)
	for _, test := range []struct {
		code      string
		text      func(n int) string
		good, bad int
	}{
		{"definition-size", func(n int) string {
			return `{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128,"user":"` + strings.Repeat("x",
				n-frame) + `"}]}`
		}, 65536, 65537},
		{"container-count", func(n int) string {
			return `{"family":"a","containerDefinitions":` + list(n, `{"name":"c%d","image":"i","memory":128}`) + `}`
		}, 10, 11},
		{"family-name", func(n int) string {
			return `{"family":"` + strings.Repeat("a", n) + `","containerDefinitions":[{"name":"app","image":"i","memory":128}]}`
		}, 255, 256},
		{"image", func(n int) string {
			return `{"family":"a","containerDefinitions":[{"name":"app","image":"` + strings.Repeat("i", n) + `","memory":128}]}`
		}, 255, 256},
		{"image", func(n int) string {
			return `{"family":"a","containerDefinitions":[{"name":"app","image":"i@sha256:` + strings.Repeat("0",
				n) + `","memory":128}]}`
		}, 64, 65},
		{"tag-count", func(n int) string {
			return `{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":128}],"tags":` + list(n,
				`{"key":"k%d"}`) + `}`
		}, 50, 51},
		{"environment-file", func(n int) string {
			return inside(`"environmentFiles":` + list(n, `{"type":"s3","value":"arn:aws:s3:::b/%d.env"}`) + `,"cpu":%d`)(n)
		}, 10, 11},
		{"placement-count", func(n int) string {
			return top(`"placementConstraints":` + list(n, `{"type":"memberOf","expression":"e"}`) + `,"cpu":"%d"`)(256 + n)
		}, 10, 11},
		{"restart-policy", func(n int) string {
			return inside(`"restartPolicy":{"enabled":true,"ignoredExitCodes":` + list(n, `%d`) + `},"cpu":%d`)(n)
		}, 50, 51},
		{"restart-policy", inside(`"restartPolicy":{"enabled":true,"ignoredExitCodes":[0],"restartAttemptPeriod":%d}`), 60,
			59},
		{"restart-policy", inside(`"restartPolicy":{"enabled":true,"ignoredExitCodes":[0],"restartAttemptPeriod":%d}`), 1800,
			1801},
		{"port-count", func(n int) string {
			ports := make([]string, n)
			for i := range ports {
				ports[i] = fmt.Sprintf(`{"containerPortRange":"%d-%d"}`, 1000+2*i, 1001+2*i)
			}
			return inside(`"portMappings":[` + strings.Join(ports, ",") + `],"cpu":%d`)(n)
		}, 100, 101},
		{"port-range", inside(`"portMappings":[{"containerPort":%d}]`), 65535, 65536},
		{"port-range", inside(`"portMappings":[{"containerPort":%d}]`), 1, 0},
		{"port-range", inside(`"portMappings":[{"containerPortRange":"1-%d"}]`), 65535, 65536},
		{"port-range", inside(`"portMappings":[{"containerPortRange":"5-%d"}]`), 6, 5},
		{"port-name", func(n int) string {
			return inside(`"portMappings":[{"containerPort":80,"name":"` + strings.Repeat("p", n) + `"}],"cpu":%d`)(n)
		}, 64, 65},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"interval":%d}`), 5, 4},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"interval":%d}`), 300, 301},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"timeout":%d}`), 2, 1},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"timeout":%d}`), 60, 61},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"retries":%d}`), 1, 0},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"retries":%d}`), 10, 11},
		{"health-check", inside(`"healthCheck":{"command":["CMD","x"],"startPeriod":%d}`), 300, 301},
		{"swap", inside(`"linuxParameters":{"swappiness":%d}`), 100, 101},
		{"swap", inside(`"linuxParameters":{"maxSwap":%d}`), 0, -1},
		{"ephemeral-storage", top(`"ephemeralStorage":{"sizeInGiB":%d}`), 21, 20},
		{"ephemeral-storage", top(`"ephemeralStorage":{"sizeInGiB":%d}`), 200, 201},
		{"fargate-timeout", fargate(`"stopTimeout":%d`), 2, 1},
		{"fargate-timeout", fargate(`"startTimeout":%d`), 120, 121},
		{"memory-minimum", func(n int) string {
			return fmt.Sprintf(`{"family":"a","containerDefinitions":[{"name":"app","image":"i","memory":%d}]}`, n)
		}, 6, 5},
		{"memory-limit", top(`"cpu":"256","memory":"%d"`), 128, 127},
		{"memory-reservation", inside(`"memoryReservation":%d`), 128, 129},
		{"cpu-range", top(`"cpu":"%d"`), 128, 127},
		{"cpu-range", top(`"cpu":"%d"`), 196608, 196609},
		{"cpu-sum", func(n int) string {
			return fmt.Sprintf(`{"family":"a","cpu":"256","containerDefinitions":[{"name":"a","image":"i","memory":128,`+
				`"cpu":100},{"name":"b","image":"i","memory":128,"cpu":%d}]}`, n)
		}, 156, 157},
		{"memory-sum", func(n int) string {
			return fmt.Sprintf(`{"family":"a","memory":"512","containerDefinitions":[{"name":"a","image":"i","memory":500,`+
				`"memoryReservation":400},{"name":"b","image":"i","memory":%d}]}`, n)
		}, 112, 113},
		{"range", inside(`"cpu":%d`), 1<<31 - 1, 1 << 31},
		{"volume-efs", top(`"volumes":[{"name":"v","efsVolumeConfiguration":{"fileSystemId":"fs-1",` +
			`"transitEncryptionPort":%d}}]`), 65535, 65536},
	} {
		if got := codes(t, test.text(test.good)); len(got) > 0 {
			t.Errorf("%s: of %d was said %v, want nothing", test.code, test.good, got)
		}
		if got := codes(t, test.text(test.bad)); !slices.Contains(got, test.code) {
			t.Errorf("%s: of %d was said %v, want %s", test.code, test.bad, got, test.code)
		}
	}
}

// TestFargateSizes holds the sizes to those that AWS documents.
func TestFargateSizes(t *testing.T) {
	gb := func(least, most, step int) []int {
		var all []int
		for n := least; n <= most; n += step {
			all = append(all, n<<10)
		}
		return all
	}
	documented := map[int][]int{
		256: {512, 1024, 2048}, 512: gb(1, 4, 1), 1024: gb(2, 8, 1), 2048: gb(4, 16, 1), 4096: gb(8, 30, 1),
		8192: gb(16, 60, 4), 16384: gb(32, 120, 8), 32768: {60 << 10, 120 << 10, 244 << 10},
	}
	for cpu, sizes := range documented {
		for memory := 512; memory <= 256<<10; memory += 512 {
			text := fmt.Sprintf(`{"family":"a","requiresCompatibilities":["FARGATE"],"networkMode":"awsvpc","cpu":"%d",`+
				`"memory":"%d","containerDefinitions":[{"name":"app","image":"i"}]}`, cpu, memory)
			if got, want := !slices.Contains(codes(t, text), "fargate-size"), slices.Contains(sizes, memory); got != want {
				t.Errorf("cpu %d and memory %d are a known size: %v, want %v", cpu, memory, got, want)
			}
		}
	}
}
