package rules

import (
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

const (
	maxPort       = 65535
	maxPortRanges = 100 // of a container
)

var portNameText = lazyregexp.New(`^[a-z0-9_][a-z0-9_-]*$`) // up to 64 characters

// span returns the container ports of a mapping, from 0 to 0 if it names none.
func span(mapping value) (first, last int64, ok bool) {
	if n, given := mapping.Get("containerPort").Number(); given {
		return n, n, true
	}
	low, high, found := strings.Cut(mapping.Get("containerPortRange").Text(), "-")
	if !found {
		return 0, 0, false
	}
	first, err := strconv.ParseInt(strings.TrimSpace(low), 10, 32)
	last, err2 := strconv.ParseInt(strings.TrimSpace(high), 10, 32)
	return first, last, err == nil && err2 == nil
}

func portRange(t *task, report reportFunc) {
	for _, c := range t.containers {
		for mapping := range c.Get("portMappings").Each() {
			between(mapping.Get("containerPort"), 1, maxPort, "", report)
			between(mapping.Get("hostPort"), 0, maxPort, "", report)
			portsOf := mapping.Get("containerPortRange")
			if !portsOf.Given() {
				if mapping.Node.Kind == document.Map && !mapping.Get("containerPort").Given() {
					report(mapping.Get("containerPort"), `"containerPort": 80`,
						"missing: a port mapping takes a containerPort or a containerPortRange")
				}
				continue
			}
			if mapping.Get("containerPort").Given() || mapping.Get("hostPort").Given() {
				report(portsOf, "", "containerPortRange excludes containerPort and hostPort")
			} else if first, last, ok := span(mapping); !ok || first < 1 || last > maxPort || first >= last {
				report(portsOf, `"8000-8010"`,
					"expected two ports from 1 to %d with a - between them, the lower one first, found "+
						"%q", maxPort, document.Shorten(portsOf.Text()))
			}
		}
	}
}

// portHost reports a host port that is not the container port. ECS refuses 0 too: it is not
// the same as an absent host port (github.com/aws/amazon-ecs-cli/issues/1014).
func portHost(t *task, report reportFunc) {
	if t.network != "awsvpc" && t.network != "host" {
		return
	}
	for _, c := range t.containers {
		for mapping := range c.Get("portMappings").Each() {
			inside, _ := mapping.Get("containerPort").Number()
			host, given := mapping.Get("hostPort").Number()
			if given && host != inside {
				report(mapping.Get("hostPort"), `"hostPort": `+strconv.FormatInt(inside, 10),
					"with networkMode %s the host port must be the container port %d, or be left out, found "+
						"%d", t.network, inside, host)
			}
		}
	}
}

func portNone(t *task, report reportFunc) {
	if t.network != "none" {
		return
	}
	for _, c := range t.containers {
		if o := c.Get("portMappings"); !o.Empty() {
			report(o, "", "with networkMode none there can be no port mappings")
		}
	}
}

func portDuplicate(t *task, report reportFunc) {
	for _, c := range t.containers {
		type ports struct {
			first, last int64
			protocol    string
			host        string
		}
		var before []ports
		for mapping := range c.Get("portMappings").Each() {
			p := ports{protocol: mapping.Get("protocol").Text()}
			if p.protocol == "" {
				p.protocol = "tcp"
			}
			if n := mapping.Get("hostPort").Node; n != nil && t.network == "bridge" {
				p.host = n.Text // one container port may be reached by several host ports
			}
			var ok bool
			if p.first, p.last, ok = span(mapping); !ok {
				continue
			}
			for _, b := range before[:min(len(before), maxPortRanges)] {
				if b.protocol != p.protocol {
					continue
				}
				sameHost := p.host != "" && p.host != "0" && b.host == p.host
				if sameHost || b.host == p.host && b.first <= p.last && p.first <= b.last {
					report(mapping, "", "the port is in another mapping of the container already")
					break
				}
			}
			before = append(before, p)
		}
	}
}

// hostPort returns the port of the host that a mapping takes, 0 if it takes none
// or one that the host chooses.
func (t *task) hostPort(mapping value) int64 {
	port, given := mapping.Get("hostPort").Number()
	if t.network != "bridge" && (!given || port == 0) {
		port, _ = mapping.Get("containerPort").Number()
	}
	return port
}

// portHostDuplicate reports ports of the host, or of the network that the containers of a
// task share, which several containers take. ECS refuses them:
// "TCP host port '3000' is mapped multiple times in task."
// (github.com/aws/amazon-ecs-agent/issues/1220).
func portHostDuplicate(t *task, report reportFunc) {
	type port struct {
		number   int64
		protocol string
	}
	first := map[port]int{} // the container's index, from 1
	for i, c := range t.containers {
		for mapping := range c.Get("portMappings").Each() {
			p := port{t.hostPort(mapping), mapping.Get("protocol").Text()}
			if p.protocol == "" {
				p.protocol = "tcp"
			}
			switch before := first[p]; {
			case p.number == 0:
			case before == 0:
				first[p] = i + 1
			case before != i+1: // portDuplicate reports those of one container
				report(mapping, "", "the %s port %d of the host is taken by the container %q already", p.protocol, p.number,
					document.Shorten(t.containers[before-1].Get("name").Text()))
			}
		}
	}
}

// portNameDuplicate reports names that two ports of a task have. A service refers to a port
// by its name (API reference, PortMapping: name).
func portNameDuplicate(t *task, report reportFunc) {
	var names []value
	for _, c := range t.containers {
		names = append(names, c.Get("portMappings").Names()...)
	}
	duplicates(names, 0, "port name", report)
}

func portCount(t *task, report reportFunc) {
	for _, c := range t.containers {
		n := 0
		for mapping := range c.Get("portMappings").Each() {
			if mapping.Get("containerPortRange").Given() {
				n++
			}
		}
		if n > maxPortRanges {
			report(c.Get("portMappings"), "", "%d port ranges are more than the %d that a container can have", n, maxPortRanges)
		}
	}
}

func portName(t *task, report reportFunc) {
	for _, c := range t.containers {
		for mapping := range c.Get("portMappings").Each() {
			if o := mapping.Get("name"); o.Text() != "" && (len(o.Text()) > 64 || !portNameText.MatchString(o.Text())) {
				report(o, "", "expected up to 64 lowercase letters, digits, _ and -, and no - at the beginning, found %q",
					document.Shorten(o.Text()))
			}
		}
	}
}

func linksNetwork(t *task, report reportFunc) {
	if t.network == "bridge" {
		return
	}
	for _, c := range t.containers {
		if o := c.Get("links"); !o.Empty() {
			report(o, "", "links are for networkMode bridge only, not %s", t.network)
		}
	}
}

func hostnameNetwork(t *task, report reportFunc) {
	if t.network != "awsvpc" {
		return
	}
	for _, c := range t.containers {
		if o := c.Get("hostname"); o.Text() != "" {
			report(o, "", "hostname is not supported with networkMode awsvpc")
		}
	}
}

func hostsNetwork(t *task, report reportFunc) {
	if t.network != "awsvpc" || t.fargate {
		return // Fargate has a rule for it
	}
	for _, c := range t.containers {
		if o := c.Get("extraHosts"); !o.Empty() {
			report(o, "", "extraHosts is not supported with networkMode awsvpc")
		}
	}
}
