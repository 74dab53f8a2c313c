package taskdef

import "strconv"

// units returns the CPU units that the task's cpu stands for.
func (t *task) units() (int64, bool) {
	return sizeOf(t.get("cpu").text(), parseCPU)
}

// mebibytes returns the MiB that the task's memory stands for.
func (t *task) mebibytes() (int64, bool) {
	return sizeOf(t.get("memory").text(), parseMemory)
}

// Memory returns the MiB of a task's memory as it is written, and whether it is
// written as ECS reads it.
func Memory(text string) (int64, bool) { return sizeOf(text, parseMemory) }

// CPU returns the CPU units of a task's cpu as it is written, and whether it is
// written as ECS reads it.
func CPU(text string) (int64, bool) { return sizeOf(text, parseCPU) }

// sizeOf reads a size that is a plain number, or one with a unit.
func sizeOf(s string, withUnit func(string) (int64, bool)) (int64, bool) {
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n > 0 {
		return n, true
	}
	n, ok := withUnit(s)
	return n, ok && n > 0
}

func taskCPU(t *task, tell telling) {
	if o := t.get("cpu"); o.text() != "" {
		if _, ok := t.units(); !ok {
			tell(o, `"1024" or "1 vCPU"`, "expected CPU units or a number of vCPUs, found %q", shorten(o.text()))
		}
	}
}

func taskMemory(t *task, tell telling) {
	if o := t.get("memory"); o.text() != "" {
		if _, ok := t.mebibytes(); !ok {
			tell(o, `"2048" or "2GB"`, "expected MiB or a number of GB, found %q", shorten(o.text()))
		}
	}
}

// cpuRange warns of a task that is none of what container instances can run.
func cpuRange(t *task, tell telling) {
	const least, most = 128, 196608
	if n, ok := t.units(); ok && !t.fargate && (n < least || n > most) {
		tell(t.get("cpu"), "", "ECS documents %d to %d CPU units, found %d", least, most, n)
	}
}

func cpuSum(t *task, tell telling) {
	limit, ok := t.units()
	if !ok {
		return
	}
	sum := int64(0)
	for _, c := range t.containers {
		n, _ := c.get("cpu").number()
		sum += n
	}
	if sum > limit {
		tell(t.get("cpu"), "", "the containers' cpu is %d in sum, more than the task's %d", sum, limit)
	}
}

// memoryMissing tells of containers that need a memory of their own, because the
// task has none.
func memoryMissing(t *task, tell telling) {
	if t.get("memory").given() || t.fargate {
		return
	}
	for _, c := range t.containers {
		if !c.get("memory").given() && !c.get("memoryReservation").given() {
			tell(c.get("memory"), `"memory": 512`, "missing: at least one of memory and memoryReservation must be given, since the task has no memory")
		}
	}
}

func memoryLimit(t *task, tell telling) {
	limit, ok := t.mebibytes()
	if !ok {
		return
	}
	for _, c := range t.containers {
		for _, key := range []string{"memory", "memoryReservation"} {
			if n, _ := c.get(key).number(); n > limit {
				tell(c.get(key), "", "%d MiB are more than the %d MiB of the task", n, limit)
			}
		}
	}
}

func memoryReservation(t *task, tell telling) {
	for _, c := range t.containers {
		hard, okHard := c.get("memory").number()
		soft, okSoft := c.get("memoryReservation").number()
		if okHard && okSoft && soft > hard {
			tell(c.get("memoryReservation"), "", "%d MiB are more than the container's memory of %d MiB", soft, hard)
		}
	}
}

// memorySum warns of containers that reserve more than the task has.
func memorySum(t *task, tell telling) {
	limit, ok := t.mebibytes()
	if !ok {
		return
	}
	sum := int64(0)
	for _, c := range t.containers {
		n, soft := c.get("memoryReservation").number()
		if !soft {
			n, _ = c.get("memory").number()
		}
		if n > limit {
			return // told of already
		}
		sum += n
	}
	if sum > limit {
		tell(t.get("memory"), "", "the containers reserve %d MiB in sum, more than the task's %d MiB", sum, limit)
	}
}

func memoryMinimum(t *task, tell telling) {
	const least = 6
	for _, c := range t.containers {
		for _, key := range []string{"memory", "memoryReservation"} {
			if n, ok := c.get(key).number(); ok && 0 < n && n < least {
				tell(c.get(key), "", "Docker needs at least %d MiB for a container, found %d", least, n)
			}
		}
	}
}
