// Package taskdef knows what a good task definition is: the members that the
// API has, their types and limits, and the rules that ECS applies to them. It
// turns a document into the request that registers it, in the API's own JSON.
//
// It never calls AWS, never expands expressions, and never leaves out or
// rewrites what was meant for ECS without saying so in a warning, but for
// members of the definition with nothing in them.
package taskdef

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecs/schemas"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// Options say how to read definitions. The zero value reads them strictly.
type Options struct {
	// Family is the family of a definition that names none.
	Family string

	// Tags are merged over every definition's own. [CheckTags] holds them to the
	// rules for those.
	Tags []Tag

	// UnknownMembers says what becomes of members and enum values that the known
	// API lacks: "error", which "" means too, or "pass", which sends them as
	// they are with a warning each.
	UnknownMembers string

	// Image is the image of the container without one, if Container names it or
	// there is no other container. A definition's own x-run-task goes before both.
	Image, Container string

	// Registered says that ECS has taken the definition: it is held to no rules but
	// that on images, since another one may be put into it.
	Registered bool
}

// A Definition is one task definition that can be registered.
type Definition struct {
	Family string
	Place  document.Place // of the whole definition

	// Body is the RegisterTaskDefinition request as the API spells it.
	Body []byte

	// Node is the tree that Body was made from. It is not to be changed.
	Node *document.Node

	Containers []Container
	Tags       []Tag // those of the definition with Options.Tags merged over them

	NetworkMode             string   // empty if not given
	RequiresCompatibilities []string // nil if not given
	TaskRoleARN             string   // name or ARN; empty if not given
	ExecutionRoleARN        string   // name or ARN; empty if not given
	CPU, Memory             string   // of the task, as written; empty if not given
	OperatingSystem         string   // runtimePlatform.operatingSystemFamily; empty if not given
	Architecture            string   // runtimePlatform.cpuArchitecture; empty if not given

	// Run is the value of the author's own top-level member x-run-task, which is
	// not sent; nil if there is none.
	Run *document.Node
}

// A Container is what the step needs to know of one container.
type Container struct {
	Name      string
	Image     string
	Essential bool // true unless the definition says false
	Place     document.Place

	EntryPoint  []string          // nil if it is that of the image
	HealthCheck bool              // whether the definition has a healthCheck
	LogDriver   string            // empty if the definition has no logConfiguration
	LogOptions  map[string]string // nil if there are none
}

// A Tag is a key with its value, and where they are written.
type Tag struct {
	Key, Value string
	Place      document.Place
}

// Decode reads the task definition that a document holds, or each of the list
// that it holds. Besides the request itself it takes what
// `aws ecs describe-task-definition` and the console print, and the properties
// of an AWS::ECS::TaskDefinition of CloudFormation; and, if the options name a family,
// a list of containers alone.
//
// The error joins a [*document.Error] for each fault found, in all definitions,
// but for no more than a hundred. With an error there are no definitions.
func Decode(n *document.Node, o Options) ([]*Definition, []document.Warning, error) {
	d := decoder{options: o}
	d.decode(n)
	d.sort()
	if len(d.faults) > 0 {
		return nil, d.warnings, d.err()
	}
	return d.definitions, d.warnings, nil
}

type decoder struct {
	findings
	options     Options
	definitions []*Definition
}

func (d *decoder) decode(n *document.Node) {
	if n.Kind != document.List {
		d.definition(n, "")
		return
	}
	if len(n.Items) == 0 {
		d.fault(n.Place, "", "form", "", "expected a task definition, found an empty list")
		return
	}
	if isContainer(n.Items[0]) {
		if d.options.Family == "" {
			d.fault(n.Place, "", "form", `{ "family": "…", "containerDefinitions": [ … ] }`,
				"expected task definitions, found a list of containers: put it under containerDefinitions, or name its family by the input family")
			return
		}
		d.notice(n.Place, "", "form", "a list of containers taken as the containerDefinitions of family %s", d.options.Family)
		d.definition(with(&document.Node{Kind: document.Map, Place: n.Place}, "containerDefinitions", n), "")
		return
	}
	for i, item := range n.Items {
		if d.full(false) {
			return
		}
		d.definition(item, document.ItemPath("", i))
	}
}

// definition reads one definition. Rules are checked even if the form has
// faults, so that all faults are found at once.
func (d *decoder) definition(n *document.Node, path string) {
	before := len(d.faults)
	def := d.request(n, path)
	if def == nil {
		return
	}
	d.rules(def, path)
	if len(d.faults) == before {
		d.definitions = append(d.definitions, def)
	}
}

// request makes the request for one definition, in which values with faults
// stay as they are. It is nil if the form is not known.
func (d *decoder) request(n *document.Node, path string) *Definition {
	plain, run := d.plain(n, path)
	if plain == nil {
		return nil
	}
	c := checker{findings: &d.findings, pass: d.options.UnknownMembers == "pass", root: schemas.RegisterTaskDefinitionRequest}
	tree := c.structure(plain, schemas.RegisterTaskDefinitionRequest, path)
	c.noteNulls()
	tree = d.withMissingImage(tree, run)
	tree, family := d.withFamily(tree, path)
	tree, tags := d.withTags(tree, path)
	return describe(tree, family, tags, run)
}

// withFamily returns the definition with the family that it is registered
// under: its own, or else that of the options.
func (d *decoder) withFamily(tree *document.Node, path string) (*document.Node, string) {
	if family := member(tree, "family"); family != nil {
		return tree, family.Text
	}
	if d.options.Family == "" {
		d.fault(tree.Place, document.MemberPath(path, "family"), "family-missing", `"family": "…"`,
			"the definition names no family, and the input family gives none")
		return tree, ""
	}
	family := &document.Node{Kind: document.String, Text: d.options.Family, Place: tree.Place}
	return with(tree, "family", family), d.options.Family
}

// describe fills a Definition from a tree that was checked.
func describe(tree *document.Node, family string, tags []Tag, run *document.Node) *Definition {
	text := func(n *document.Node, key string) string {
		if m := member(n, key); m != nil && m.Kind == document.String {
			return m.Text
		}
		return ""
	}
	platform := member(tree, "runtimePlatform")
	def := &Definition{
		Family: family, Place: tree.Place, Body: tree.JSON(), Node: tree, Tags: tags, Run: run,
		NetworkMode: text(tree, "networkMode"),
		TaskRoleARN: text(tree, "taskRoleArn"), ExecutionRoleARN: text(tree, "executionRoleArn"),
		CPU: text(tree, "cpu"), Memory: text(tree, "memory"),
		OperatingSystem: text(platform, "operatingSystemFamily"), Architecture: text(platform, "cpuArchitecture"),
	}
	for _, c := range items(member(tree, "requiresCompatibilities")) {
		def.RequiresCompatibilities = append(def.RequiresCompatibilities, c.Text)
	}
	for _, c := range items(member(tree, "containerDefinitions")) {
		essential := member(c, "essential")
		log := member(c, "logConfiguration")
		container := Container{
			Name: text(c, "name"), Image: text(c, "image"), Place: c.Place,
			Essential:   essential == nil || essential.Text != "false",
			EntryPoint:  objectOf(c).get("entryPoint").texts(),
			HealthCheck: member(c, "healthCheck") != nil,
			LogDriver:   text(log, "logDriver"),
		}
		if options := member(log, "options"); options != nil && options.Kind == document.Map {
			container.LogOptions = make(map[string]string, len(options.Members))
			for _, m := range options.Members {
				container.LogOptions[m.Key.Text] = m.Value.Text
			}
		}
		def.Containers = append(def.Containers, container)
	}
	return def
}

// maxFindings is how many faults, and how many warnings, are told of at once.
const maxFindings = 100

// findings collect what is wrong and what is worth saying.
type findings struct {
	faults                   []*document.Error
	warnings                 []document.Warning
	moreFaults, moreWarnings bool // that are not told of
}

// full reports whether no more faults, or warnings, are told of. Who asks has
// more to tell.
func (f *findings) full(warnings bool) bool {
	if warnings {
		f.moreWarnings = f.moreWarnings || len(f.warnings) >= maxFindings
		return f.moreWarnings
	}
	f.moreFaults = f.moreFaults || len(f.faults) >= maxFindings
	return f.moreFaults
}

func (f *findings) fault(at document.Place, path, code, hint, format string, args ...any) {
	if !f.full(false) {
		f.faults = append(f.faults, &document.Error{Place: at, Path: path, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)})
	}
}

func (f *findings) warn(at document.Place, path, code, hint, format string, args ...any) {
	if !f.full(true) {
		f.warnings = append(f.warnings, document.Warning{Error: document.Error{
			Place: at, Path: path, Code: code, Hint: hint, Message: fmt.Sprintf(format, args...)}})
	}
}

func (f *findings) notice(at document.Place, path, code, format string, args ...any) {
	if !f.full(true) {
		f.warnings = append(f.warnings, document.Warning{Notice: true, Error: document.Error{
			Place: at, Path: path, Code: code, Message: fmt.Sprintf(format, args...)}})
	}
}

// sort puts what was found into the order of the text, and says if it is not all.
func (f *findings) sort() {
	place := func(a, b document.Place) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	}
	slices.SortStableFunc(f.faults, func(a, b *document.Error) int { return place(a.Place, b.Place) })
	slices.SortStableFunc(f.warnings, func(a, b document.Warning) int { return place(a.Place, b.Place) })
	const more = "there may be more: only the first 100 are reported"
	if f.moreFaults {
		f.faults = append(f.faults, &document.Error{Place: f.faults[maxFindings-1].Place, Code: "more", Message: more})
	}
	if f.moreWarnings {
		f.warnings = append(f.warnings, document.Warning{Error: document.Error{Place: f.warnings[maxFindings-1].Place, Code: "more", Message: more}})
	}
}

// err joins the faults.
func (f *findings) err() error {
	errs := make([]error, len(f.faults))
	for i, fault := range f.faults {
		errs[i] = fault
	}
	return errors.Join(errs...)
}

// member returns the value of a member of a map, or nil. n may be nil.
func member(n *document.Node, key string) *document.Node {
	if n == nil {
		return nil
	}
	for _, m := range n.Members {
		if m.Key.Text == key {
			return m.Value
		}
	}
	return nil
}

// items returns the items of a list; nil if n is none. n may be nil.
func items(n *document.Node) []*document.Node {
	if n == nil {
		return nil
	}
	return n.Items
}

// with returns a copy of a map in which key has the value: in the place of the
// former value if there is one, else a family first and any other member last.
func with(n *document.Node, key string, value *document.Node) *document.Node {
	c := *n
	c.Members = slices.Clone(n.Members)
	for i, m := range c.Members {
		if m.Key.Text == key {
			c.Members[i].Value = value
			return &c
		}
	}
	added := document.Member{Key: &document.Node{Kind: document.String, Text: key, Place: value.Place}, Value: value}
	if key == "family" {
		c.Members = slices.Insert(c.Members, 0, added)
	} else {
		c.Members = append(c.Members, added)
	}
	return &c
}

// without returns a copy of a map without the members that drop tells.
func without(n *document.Node, drop func(document.Member) bool) *document.Node {
	c := *n
	c.Members = slices.DeleteFunc(slices.Clone(n.Members), drop)
	return &c
}

// names joins the keys of members for a message, each once.
func names(members []document.Member) string {
	var keys []string
	for _, m := range members {
		if key := shorten(m.Key.Text); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return strings.Join(keys, ", ")
}
