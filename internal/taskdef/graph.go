package taskdef

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// A reference is where a container needs another of its task.
type reference struct {
	kind string // the member of the container that holds it
	at   object // what names the other container
	name string // of the other container, without an alias
	key  string // references of one container with equal keys say the same twice
}

// references are what a container needs of others, in the order of the text.
func references(c object) []reference {
	var all []reference
	for o := range c.get("links").each() {
		name, alias, aliased := strings.Cut(o.text(), ":")
		if !aliased {
			alias = name
		}
		all = append(all, reference{"links", o, name, alias})
	}
	for from := range c.get("volumesFrom").each() {
		o := from.get("sourceContainer")
		all = append(all, reference{"volumesFrom", o, o.text(), o.text()})
	}
	for dependency := range c.get("dependsOn").each() {
		o := dependency.get("containerName")
		all = append(all, reference{"dependsOn", o, o.text(), o.text() + " " + dependency.get("condition").text()})
	}
	return all
}

// references yields the references of one kind, with the container that each is of.
func (t *task) references(kind string, yield func(c object, r reference)) {
	for _, c := range t.containers {
		for _, r := range references(c) {
			if r.kind == kind && !r.at.odd() {
				yield(c, r)
			}
		}
	}
}

// unknownContainer tells that no container has the name.
func (t *task) unknownContainer(o object, name string, tell telling) {
	var names []string
	for _, c := range t.containers {
		names = append(names, c.get("name").text())
	}
	tell(o, "", "no container is named %q%s", shorten(name), didYouMeanOf(name, names))
}

// resolve tells of references of one kind that lead to no other container.
func (t *task) resolve(kind string, tell telling) {
	t.references(kind, func(c object, r reference) {
		switch _, found := t.container(r.name); {
		case r.name == "" && kind == "dependsOn" && !r.at.given():
			// a required member: told of already
		case r.name == "":
			tell(r.at, "", "expected the name of a container, found none")
		case !found:
			t.unknownContainer(r.at, r.name, tell)
		case r.name == c.get("name").text() && kind != "dependsOn": // which is a cycle
			tell(r.at, "", "the container %q can't name itself", r.name)
		}
	})
}

func linksContainer(t *task, tell telling)     { t.resolve("links", tell) }
func volumesFrom(t *task, tell telling)        { t.resolve("volumesFrom", tell) }
func dependsOnContainer(t *task, tell telling) { t.resolve("dependsOn", tell) }

// referenceTwice tells of references that say again what one before them says.
// CloudFormation refuses links and volumesFrom of this kind (uniqueItems in the schema
// of AWS::ECS::TaskDefinition); what ECS itself makes of them is not documented.
func referenceTwice(t *task, tell telling) {
	for _, c := range t.containers {
		seen := map[string]bool{}
		for _, r := range references(c) {
			key := r.kind + " " + r.key
			if seen[key] && r.name != "" {
				tell(r.at, "", "%s has %q before this one already", r.kind, shorten(r.name))
			}
			seen[key] = true
		}
	}
}

// dependsOnCycle tells of containers that can never start, as each waits for the
// next. The agent of ECS starts a container after those that it links to, takes
// volumes from and depends on (github.com/aws/amazon-ecs-agent,
// agent/engine/dependencygraph).
func dependsOnCycle(t *task, tell telling) {
	done := map[string]bool{}
	var visit func(c object, above []string)
	visit = func(c object, above []string) {
		name := c.get("name").text()
		if done[name] || name == "" {
			return
		}
		above = append(above, name)
		for _, r := range references(c) {
			if r.name == name && r.kind != "dependsOn" {
				continue // told of already
			}
			if i := slices.Index(above, r.name); i >= 0 {
				tell(r.at, "", "containers wait for each other: %s", shorten(strings.Join(append(slices.Clone(above[i:]), r.name), " → ")))
			} else if next, found := t.container(r.name); found {
				visit(next, above)
			}
		}
		done[name] = true
	}
	for _, c := range t.containers {
		visit(c, nil)
	}
}

func dependsOnCondition(t *task, tell telling) {
	for _, c := range t.containers {
		for dependency := range c.get("dependsOn").each() {
			condition := dependency.get("condition")
			target, found := t.container(dependency.get("containerName").text())
			if !found {
				continue
			}
			name := target.get("name").text()
			switch condition.text() {
			case "SUCCESS", "COMPLETE":
				if !target.get("essential").isFalse() {
					tell(condition, `"essential": false`, "the container %q is essential, so it can't be waited for until it has ended: with the condition %s it must not be", name, condition.text())
				}
			case "HEALTHY":
				check := target.get("healthCheck")
				switch words := check.get("command").texts(); {
				case !check.given():
					tell(condition, "", "the container %q has no healthCheck, so it never becomes HEALTHY", name)
				case len(words) > 0 && words[0] == "NONE":
					tell(condition, "", "the healthCheck of the container %q is NONE, so it never becomes HEALTHY", name)
				}
			}
		}
	}
}

func proxyContainer(t *task, tell telling) {
	o := t.get("proxyConfiguration").get("containerName")
	if _, found := t.container(o.text()); !found && o.text() != "" {
		t.unknownContainer(o, o.text(), tell)
	}
}

// absolute matches a path from the root: of Linux, or of Windows with a drive, of
// a share or a pipe. Whether a task on container instances is one of Windows is not
// always known.
var absolute = regexp.MustCompile(`^(/|[A-Za-z]:[\\/]|\\\\)`)

func mountPoint(t *task, tell telling) {
	var names []string
	for volume := range t.get("volumes").each() {
		names = append(names, volume.get("name").text())
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, c := range t.containers {
		for mount := range c.get("mountPoints").each() {
			if mount.node.Kind != document.Map {
				continue
			}
			switch o := mount.get("sourceVolume"); {
			case o.odd():
			case o.text() == "":
				tell(o, `"sourceVolume": "…"`, "missing: a mount point takes the name of one of the volumes")
			case !known[o.text()]:
				tell(o, "", "no volume is named %q%s", shorten(o.text()), didYouMeanOf(o.text(), names))
			}
		}
	}
}

// mountPath tells of paths at which nothing can be mounted. Docker refuses them
// when the container starts: "mount path must be absolute", "Duplicate mount
// point", "destination can't be '/'".
func mountPath(t *task, tell telling) {
	for _, c := range t.containers {
		seen := map[string]object{}
		for mount := range c.get("mountPoints").each() {
			if mount.node.Kind != document.Map {
				continue
			}
			o := mount.get("containerPath")
			clean := path.Clean(o.text())
			first, twice := seen[clean]
			switch {
			case o.odd():
			case o.text() == "":
				tell(o, `"containerPath": "/data"`, "missing: a mount point takes the path in the container")
			case !absolute.MatchString(o.text()):
				tell(o, quoted("/"+strings.TrimPrefix(o.text(), "./")), "expected an absolute path, found %q", shorten(o.text()))
			case clean == "/":
				tell(o, `"containerPath": "/data"`, "a volume can't be mounted at /, in the place of the image")
			case twice:
				tell(o, "", "%s is mounted twice, first at %d:%d", shorten(o.text()), first.place.Line, first.place.Column)
			default:
				seen[clean] = o
			}
		}
	}
}
