package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// A reference is a place in which a container names another container of its task.
type reference struct {
	kind string // the member of the container that holds it
	at   value  // what names the other container
	name string // of the other container, without an alias
	key  string // two references of one container with equal keys are the same reference
}

// references returns what a container needs of others, in the order of the text.
func references(c value) []reference {
	var all []reference
	for o := range c.Get("links").Each() {
		name, alias, aliased := strings.Cut(o.Text(), ":")
		if !aliased {
			alias = name
		}
		all = append(all, reference{"links", o, name, alias})
	}
	for from := range c.Get("volumesFrom").Each() {
		o := from.Get("sourceContainer")
		all = append(all, reference{"volumesFrom", o, o.Text(), o.Text()})
	}
	for dependency := range c.Get("dependsOn").Each() {
		o := dependency.Get("containerName")
		all = append(all, reference{"dependsOn", o, o.Text(), o.Text() + " " + dependency.Get("condition").Text()})
	}
	return all
}

// references yields the references of one kind, with the container that each is of.
func (t *task) references(kind string, yield func(c value, r reference)) {
	for _, c := range t.containers {
		for _, r := range references(c) {
			if r.kind == kind && !r.at.Invalid() {
				yield(c, r)
			}
		}
	}
}

// unknownContainer reports that no container has the name.
func (t *task) unknownContainer(o value, name string, report reportFunc) {
	var names []string
	for _, c := range t.containers {
		names = append(names, c.Get("name").Text())
	}
	report(o, "", "no container is named %q%s", document.Shorten(name), orList(name, names))
}

// orList returns advice for a name that is none of a few: the nearest, or else all of
// them.
func orList(name string, few []string) string {
	advice := nearest.DidYouMean(name, few)
	few = slices.DeleteFunc(few, func(name string) bool { return name == "" })
	if advice != "" || len(few) == 0 {
		return advice
	}
	return document.Shorten(": there is " + strings.Join(few, ", "))
}

// resolve reports references of one kind that lead to no other container.
func (t *task) resolve(kind string, report reportFunc) {
	t.references(kind, func(c value, r reference) {
		switch _, found := t.container(r.name); {
		case r.name == "" && kind == "dependsOn" && !r.at.Given():
			// a required member: the check of shapes has reported it
		case r.name == "":
			report(r.at, "", "expected the name of a container, found none")
		case !found:
			t.unknownContainer(r.at, r.name, report)
		case r.name == c.Get("name").Text() && kind != "dependsOn": // dependsOnCycle reports it
			report(r.at, "", "the container %q can't name itself", r.name)
		}
	})
}

func linksContainer(t *task, report reportFunc)     { t.resolve("links", report) }
func volumesFrom(t *task, report reportFunc)        { t.resolve("volumesFrom", report) }
func dependsOnContainer(t *task, report reportFunc) { t.resolve("dependsOn", report) }

// referenceTwice reports references that repeat an earlier one.
// CloudFormation refuses links and volumesFrom of this kind (uniqueItems in the schema
// of AWS::ECS::TaskDefinition); what ECS itself makes of them is not documented.
func referenceTwice(t *task, report reportFunc) {
	for _, c := range t.containers {
		seen := map[string]bool{}
		for _, r := range references(c) {
			key := r.kind + " " + r.key
			if seen[key] && r.name != "" {
				report(r.at, "", "%s has %q before this one already", r.kind, document.Shorten(r.name))
			}
			seen[key] = true
		}
	}
}

// dependsOnCycle reports containers that can never start, because each waits for the next.
// The ECS agent starts a container after those that it links to, takes volumes from and
// depends on (github.com/aws/amazon-ecs-agent, agent/engine/dependencygraph).
func dependsOnCycle(t *task, report reportFunc) {
	done := map[string]bool{}
	var visit func(c value, above []string)
	visit = func(c value, above []string) {
		name := c.Get("name").Text()
		if done[name] || name == "" {
			return
		}
		above = append(above, name)
		for _, r := range references(c) {
			if r.name == name && r.kind != "dependsOn" {
				continue // resolve reports it
			}
			if i := slices.Index(above, r.name); i >= 0 {
				report(r.at, "", "containers wait for each other: %s",
					document.Shorten(strings.Join(append(slices.Clone(above[i:]), r.name), " → ")))
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

func dependsOnCondition(t *task, report reportFunc) {
	for _, c := range t.containers {
		for dependency := range c.Get("dependsOn").Each() {
			condition := dependency.Get("condition")
			target, found := t.container(dependency.Get("containerName").Text())
			if !found {
				continue
			}
			name := target.Get("name").Text()
			switch condition.Text() {
			case "SUCCESS", "COMPLETE":
				if !target.Get("essential").IsFalse() {
					report(condition, `"essential": false`,
						"the container %q is essential, so it can't be waited for until it has ended: with the condition %s it must not "+
							"be", name, condition.Text())
				}
			case "HEALTHY":
				check := target.Get("healthCheck")
				switch words := check.Get("command").Texts(); {
				case !check.Given():
					report(condition, "", "the container %q has no healthCheck, so it never becomes HEALTHY", name)
				case len(words) > 0 && words[0] == "NONE":
					report(condition, "", "the healthCheck of the container %q is NONE, so it never becomes HEALTHY", name)
				}
			}
		}
	}
}

func proxyContainer(t *task, report reportFunc) {
	o := t.Get("proxyConfiguration").Get("containerName")
	if _, found := t.container(o.Text()); !found && o.Text() != "" {
		t.unknownContainer(o, o.Text(), report)
	}
}

// absolute matches an absolute path: of Linux, or of Windows with a drive, a share or a
// pipe. For a task on container instances it is not always known whether it is a Windows
// task.
var absolute = lazyregexp.New(`^(/|[A-Za-z]:[\\/]|\\\\)`)

func mountPoint(t *task, report reportFunc) {
	var names []string
	for volume := range t.Get("volumes").Each() {
		names = append(names, volume.Get("name").Text())
	}
	known := make(map[string]bool, len(names))
	for _, name := range names {
		known[name] = true
	}
	for _, c := range t.containers {
		for mount := range c.Get("mountPoints").Each() {
			if mount.Node.Kind != document.Map {
				continue
			}
			switch o := mount.Get("sourceVolume"); {
			case o.Invalid():
			case o.Text() == "":
				report(o, `"sourceVolume": "…"`, "missing: a mount point takes the name of one of the volumes")
			case !known[o.Text()]:
				report(o, "", "no volume is named %q%s", document.Shorten(o.Text()), orList(o.Text(), names))
			}
		}
	}
}

// mountPath reports paths at which nothing can be mounted. Docker refuses them
// when the container starts: "mount path must be absolute", "Duplicate mount
// point", "destination can't be '/'".
func mountPath(t *task, report reportFunc) {
	for _, c := range t.containers {
		seen := map[string]value{}
		for mount := range c.Get("mountPoints").Each() {
			if mount.Node.Kind != document.Map {
				continue
			}
			o := mount.Get("containerPath")
			clean := path.Clean(o.Text())
			first, twice := seen[clean]
			switch {
			case o.Invalid():
			case o.Text() == "":
				report(o, `"containerPath": "/data"`, "missing: a mount point takes the path in the container")
			case !absolute.MatchString(o.Text()):
				report(o, document.Quote("/"+strings.TrimPrefix(o.Text(), "./")), "expected an absolute path, found %q",
					document.Shorten(o.Text()))
			case clean == "/":
				report(o, `"containerPath": "/data"`, "a volume can't be mounted at /, in the place of the image")
			case twice:
				report(o, "", "%s is mounted twice, first at %d:%d", document.Shorten(o.Text()), first.Place.Line,
					first.Place.Column)
			default:
				seen[clean] = o
			}
		}
	}
}
