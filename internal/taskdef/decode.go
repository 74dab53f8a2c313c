package taskdef

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/taskdef/rules"
)

// Decode reads the task definition of a document, or each one of a list. Besides the
// request itself it reads what `aws ecs describe-task-definition` and the console print,
// and the properties of an AWS::ECS::TaskDefinition of CloudFormation; and, if the options
// name a family, a list of containers alone.
//
// The error joins a [*document.Error] for each fault in all definitions, up to 100. With an
// error there are no definitions.
func Decode(n *document.Node, o Options) ([]*Definition, []document.Warning, error) {
	d := decoder{options: o}
	d.decode(n)
	d.Sort()
	if len(d.Faults) > 0 {
		return nil, d.Warnings, d.Err()
	}
	return d.definitions, d.Warnings, nil
}

func (d *decoder) decode(n *document.Node) {
	if n.Kind != document.List {
		d.definition(n, "")
		return
	}
	if len(n.Items) == 0 {
		d.Fault(n.Place, "", "form", "", "expected a task definition, found an empty list")
		return
	}
	if isContainer(n.Items[0]) {
		if d.options.Family == "" {
			d.Fault(n.Place, "", "form", `{ "family": "…", "containerDefinitions": [ … ] }`,
				"expected task definitions, found a list of containers: put it under containerDefinitions, or name its family by "+
					"the "+
					"input family")
			return
		}
		d.Notice(n.Place, "", "form", "a list of containers taken as the containerDefinitions of family %s", d.options.Family)
		around := &document.Node{Kind: document.Map, Place: n.Place}
		d.definition(around.With("containerDefinitions", n), "")
		return
	}
	for i, item := range n.Items {
		if d.FaultsFull() {
			return
		}
		d.definition(item, document.ItemPath("", i))
	}
}

// definition reads one definition. Rules are checked even if the form has
// faults, so that all faults are found at once.
func (d *decoder) definition(n *document.Node, path string) {
	before := len(d.Faults)
	def := d.request(n, path)
	if def == nil {
		return
	}
	rules.Check(&d.Findings, def.Node, path, rules.Options{
		Size: len(def.Body), ImagesOnly: d.options.Registered, PassUnknown: d.options.PassUnknown()})
	if len(d.Faults) == before {
		d.definitions = append(d.definitions, def)
	}
}

// request returns the request for one definition, in which values with faults are
// unchanged. It is nil if the form is not known.
func (d *decoder) request(n *document.Node, path string) *Definition {
	plain, run := d.plain(n, path)
	if plain == nil {
		return nil
	}
	tree := apischema.CheckMap(
		&d.Findings, plain, schemas.RegisterTaskDefinitionRequest, path, d.options.PassUnknown())
	tree = d.withMissingImage(tree, run)
	tree, family := d.withFamily(tree, path)
	tree, tags := d.withTags(tree, path)
	return describe(tree, family, tags, run)
}

// withFamily returns the definition with the family under which it is registered: its own,
// or else that of the options.
func (d *decoder) withFamily(tree *document.Node, path string) (*document.Node, string) {
	if family := tree.Member("family"); family != nil {
		return tree, family.Text
	}
	if d.options.Family == "" {
		d.Fault(tree.Place, document.MemberPath(path, "family"), "family-missing", `"family": "…"`,
			"the definition names no family, and the input family gives none")
		return tree, ""
	}
	family := &document.Node{Kind: document.String, Text: d.options.Family, Place: tree.Place}
	c := *tree
	key := &document.Node{Kind: document.String, Text: "family", Place: tree.Place}
	c.Members = slices.Insert(slices.Clone(tree.Members), 0, document.Member{Key: key, Value: family})
	return &c, d.options.Family
}

// withMissingImage returns a definition with the image of the options, or of its own
// settings, in the container that they are for if it has none.
func (d *decoder) withMissingImage(tree, run *document.Node) *document.Node {
	image := &document.Node{Kind: document.String, Text: d.options.Image, Place: document.Place{Name: "input image"}}
	container := d.options.Container
	if own := run.Member("image"); own != nil {
		image = own
	}
	if own := run.Member("container"); own != nil {
		container = own.Text
	}
	containers := tree.Member("containerDefinitions")
	if image.Kind != document.String || image.Text == "" || containers == nil || containers.Kind != document.List {
		return tree
	}
	list := *containers
	list.Items = slices.Clone(list.Items)
	for i, c := range list.Items {
		name, given := c.Member("name"), c.Member("image")
		chosen := container == "" && len(list.Items) == 1 || name != nil && container != "" && name.Text == container
		if c.Kind == document.Map && chosen && (given == nil || given.Kind == document.String && given.Text == "") {
			list.Items[i] = c.With("image", image)
		}
	}
	return tree.With("containerDefinitions", &list)
}

// describe returns the Definition of a checked tree.
func describe(tree *document.Node, family string, tags []Tag, run *document.Node) *Definition {
	text := func(n *document.Node, key string) string {
		if m := n.Member(key); m != nil && m.Kind == document.String {
			return m.Text
		}
		return ""
	}
	platform := tree.Member("runtimePlatform")
	def := &Definition{
		Family: family, Place: tree.Place, Body: tree.JSON(), Node: tree, Tags: tags, Run: run,
		NetworkMode: text(tree, "networkMode"),
		TaskRoleARN: text(tree, "taskRoleArn"), ExecutionRoleARN: text(tree, "executionRoleArn"),
		CPU: text(tree, "cpu"), Memory: text(tree, "memory"),
		OperatingSystem: text(platform, "operatingSystemFamily"), Architecture: text(platform, "cpuArchitecture"),
	}
	def.RequiresCompatibilities = texts(tree.Member("requiresCompatibilities"))
	for _, c := range tree.List("containerDefinitions") {
		essential := c.Member("essential")
		log := c.Member("logConfiguration")
		container := Container{
			Name: text(c, "name"), Image: text(c, "image"), Place: c.Place,
			Essential:   essential == nil || essential.Text != "false",
			EntryPoint:  texts(c.Member("entryPoint")),
			HealthCheck: c.Member("healthCheck") != nil,
			LogDriver:   text(log, "logDriver"),
		}
		if options := log.Member("options"); options != nil && options.Kind == document.Map {
			container.LogOptions = make(map[string]string, len(options.Members))
			for _, m := range options.Members {
				container.LogOptions[m.Key.Text] = m.Value.Text
			}
		}
		def.Containers = append(def.Containers, container)
	}
	return def
}

// texts returns the strings of a list; "" for an item that is none. n may be nil.
func texts(n *document.Node) []string {
	var texts []string
	for _, item := range n.List() {
		text := ""
		if item.Kind == document.String {
			text = item.Text
		}
		texts = append(texts, text)
	}
	return texts
}
