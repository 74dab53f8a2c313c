package rules

import (
	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// units returns the CPU units that the task's cpu stands for.
func (t *task) units() (int64, bool) {
	n, ok := awsfacts.ParseCPU(t.Get("cpu").Text())
	return n, ok && n > 0
}

// mebibytes returns the MiB that the task's memory stands for.
func (t *task) mebibytes() (int64, bool) {
	n, ok := awsfacts.ParseMemory(t.Get("memory").Text())
	return n, ok && n > 0
}

func taskCPU(t *task, report reportFunc) {
	if o := t.Get("cpu"); o.Text() != "" {
		if _, ok := t.units(); !ok {
			report(o, `"1024" or "1 vCPU"`, "expected CPU units or a number of vCPUs, found %q", document.Shorten(o.Text()))
		}
	}
}

func taskMemory(t *task, report reportFunc) {
	if o := t.Get("memory"); o.Text() != "" {
		if _, ok := t.mebibytes(); !ok {
			report(o, `"2048" or "2GB"`, "expected MiB or a number of GB, found %q", document.Shorten(o.Text()))
		}
	}
}

// cpuRange warns of a task size that container instances are not documented to run.
func cpuRange(t *task, report reportFunc) {
	const least, most = 128, 196608
	if n, ok := t.units(); ok && !t.fargate && (n < least || n > most) {
		report(t.Get("cpu"), "", "ECS documents %d to %d CPU units, found %d", least, most, n)
	}
}

func cpuSum(t *task, report reportFunc) {
	limit, ok := t.units()
	if !ok {
		return
	}
	sum := int64(0)
	for _, c := range t.containers {
		n, _ := c.Get("cpu").Number()
		sum += n
	}
	if sum > limit {
		report(t.Get("cpu"), "", "the containers' cpu is %d in sum, more than the task's %d", sum, limit)
	}
}

// memoryMissing reports containers that need a memory of their own, because the task has
// none.
func memoryMissing(t *task, report reportFunc) {
	if t.Get("memory").Given() || t.fargate {
		return
	}
	for _, c := range t.containers {
		if !c.Get("memory").Given() && !c.Get("memoryReservation").Given() {
			report(c.Get("memory"), `"memory": 512`,
				"missing: at least one of memory and memoryReservation must be given, since the task has no memory")
		}
	}
}

func memoryLimit(t *task, report reportFunc) {
	limit, ok := t.mebibytes()
	if !ok {
		return
	}
	for _, c := range t.containers {
		for _, key := range []string{"memory", "memoryReservation"} {
			if n, _ := c.Get(key).Number(); n > limit {
				report(c.Get(key), "", "%d MiB are more than the %d MiB of the task", n, limit)
			}
		}
	}
}

func memoryReservation(t *task, report reportFunc) {
	for _, c := range t.containers {
		hard, okHard := c.Get("memory").Number()
		soft, okSoft := c.Get("memoryReservation").Number()
		if okHard && okSoft && soft > hard {
			report(c.Get("memoryReservation"), "", "%d MiB are more than the container's memory of %d MiB", soft, hard)
		}
	}
}

// memorySum warns of containers that reserve more than the task has.
func memorySum(t *task, report reportFunc) {
	limit, ok := t.mebibytes()
	if !ok {
		return
	}
	sum := int64(0)
	for _, c := range t.containers {
		n, soft := c.Get("memoryReservation").Number()
		if !soft {
			n, _ = c.Get("memory").Number()
		}
		if n > limit {
			return // memoryLimit reports it
		}
		sum += n
	}
	if sum > limit {
		report(t.Get("memory"), "", "the containers reserve %d MiB in sum, more than the task's %d MiB", sum, limit)
	}
}

func memoryMinimum(t *task, report reportFunc) {
	const least = 6
	for _, c := range t.containers {
		for _, key := range []string{"memory", "memoryReservation"} {
			if n, ok := c.Get(key).Number(); ok && 0 < n && n < least {
				report(c.Get(key), "", "Docker needs at least %d MiB for a container, found %d", least, n)
			}
		}
	}
}

// negative reports numbers below the least that they can be.
func negative(t *task, report reportFunc) {
	for _, c := range t.containers {
		for _, of := range []struct {
			key   string
			least int64
		}{{"cpu", 0}, {"memory", 1}, {"memoryReservation", 1}, {"startTimeout", 0}, {"stopTimeout", 0}} {
			if n, ok := c.Get(of.key).Number(); ok && n < of.least {
				report(c.Get(of.key), "", "expected %d or more, found %d", of.least, n)
			}
		}
	}
}
