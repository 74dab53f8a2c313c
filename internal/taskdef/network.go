package taskdef

import (
	"regexp"
	"strconv"
	"strings"
)

const (
	maxPort       = 65535
	maxPortRanges = 100 // of a container
)

var portNameText = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]*$`) // up to 64 characters

// span returns the container ports of a mapping, from 0 to 0 if it names none.
func span(mapping object) (first, last int64, ok bool) {
	if n, given := mapping.get("containerPort").number(); given {
		return n, n, true
	}
	low, high, found := strings.Cut(mapping.get("containerPortRange").text(), "-")
	if !found {
		return 0, 0, false
	}
	first, err := strconv.ParseInt(strings.TrimSpace(low), 10, 32)
	last, err2 := strconv.ParseInt(strings.TrimSpace(high), 10, 32)
	return first, last, err == nil && err2 == nil
}

func portRange(t *task, tell telling) {
	for _, c := range t.containers {
		for mapping := range c.get("portMappings").each() {
			between(mapping.get("containerPort"), 0, maxPort, "", tell)
			between(mapping.get("hostPort"), 0, maxPort, "", tell)
			portsOf := mapping.get("containerPortRange")
			if !portsOf.given() {
				continue
			}
			if mapping.get("containerPort").given() || mapping.get("hostPort").given() {
				tell(portsOf, "", "containerPortRange excludes containerPort and hostPort")
			} else if first, last, ok := span(mapping); !ok || first < 1 || last > maxPort || first >= last {
				tell(portsOf, `"8000-8010"`, "expected two ports from 1 to %d with a - between them, the lower one first, found %q", maxPort, shorten(portsOf.text()))
			}
		}
	}
}

func portHost(t *task, tell telling) {
	if t.network != "awsvpc" && t.network != "host" {
		return
	}
	for _, c := range t.containers {
		for mapping := range c.get("portMappings").each() {
			inside, _ := mapping.get("containerPort").number()
			host, given := mapping.get("hostPort").number()
			if given && host != 0 && host != inside {
				tell(mapping.get("hostPort"), `"hostPort": `+strconv.FormatInt(inside, 10), "with networkMode %s the host port must be the container port %d, or be left out, found %d", t.network, inside, host)
			}
		}
	}
}

func portNone(t *task, tell telling) {
	if t.network != "none" {
		return
	}
	for _, c := range t.containers {
		if o := c.get("portMappings"); !o.empty() {
			tell(o, "", "with networkMode none there can be no port mappings")
		}
	}
}

func portDuplicate(t *task, tell telling) {
	for _, c := range t.containers {
		type ports struct {
			first, last int64
			protocol    string
			host        string
		}
		var before []ports
		for mapping := range c.get("portMappings").each() {
			p := ports{protocol: mapping.get("protocol").text()}
			if p.protocol == "" {
				p.protocol = "tcp"
			}
			if n := mapping.get("hostPort").node; n != nil && t.network == "bridge" {
				p.host = n.Text // one container port may be reached by several host ports
			}
			var ok bool
			if p.first, p.last, ok = span(mapping); !ok {
				continue
			}
			for _, b := range before[:min(len(before), maxPortRanges)] {
				if b.protocol == p.protocol && b.host == p.host && b.first <= p.last && p.first <= b.last {
					tell(mapping, "", "the port is in another mapping of the container already")
					break
				}
			}
			before = append(before, p)
		}
	}
}

func portCount(t *task, tell telling) {
	for _, c := range t.containers {
		n := 0
		for mapping := range c.get("portMappings").each() {
			if mapping.get("containerPortRange").given() {
				n++
			}
		}
		if n > maxPortRanges {
			tell(c.get("portMappings"), "", "%d port ranges are more than the %d that a container can have", n, maxPortRanges)
		}
	}
}

func portName(t *task, tell telling) {
	for _, c := range t.containers {
		for mapping := range c.get("portMappings").each() {
			if o := mapping.get("name"); o.text() != "" && (len(o.text()) > 64 || !portNameText.MatchString(o.text())) {
				tell(o, "", "expected up to 64 lowercase letters, digits, _ and -, and no - at the beginning, found %q", shorten(o.text()))
			}
		}
	}
}

func linksNetwork(t *task, tell telling) {
	if t.network == "bridge" {
		return
	}
	for _, c := range t.containers {
		if o := c.get("links"); !o.empty() {
			tell(o, "", "links are for networkMode bridge only, not %s", t.network)
		}
	}
}

func hostnameNetwork(t *task, tell telling) {
	if t.network != "awsvpc" {
		return
	}
	for _, c := range t.containers {
		if o := c.get("hostname"); o.text() != "" {
			tell(o, "", "hostname is not supported with networkMode awsvpc")
		}
	}
}

func hostsNetwork(t *task, tell telling) {
	if t.network != "awsvpc" || t.fargate {
		return // Fargate has a rule for it
	}
	for _, c := range t.containers {
		if o := c.get("extraHosts"); !o.empty() {
			tell(o, "", "extraHosts is not supported with networkMode awsvpc")
		}
	}
}
