// Package taskdef reads task definitions: in the form of the API, in those of the AWS CLI,
// the console and CloudFormation. It checks them with apischema and taskdef/rules, and turns
// them into the request that registers them, in the API's own JSON. It also compares a
// definition with a registered one.
//
// It never calls AWS, never expands expressions, and never leaves out or rewrites what was
// meant for ECS without a notice, except members of the definition with nothing in them.
package taskdef

import "github.com/ecs-run-task/ecs-run-task/internal/document"

// Options say how to read definitions. The zero value reads them strictly.
type Options struct {
	// Family is the family of a definition that names none.
	Family string

	// Tags are merged over the tags of every definition. [CheckTags] checks them.
	Tags []Tag

	// UnknownMembers says what happens to members and enum values that the known API
	// lacks: "error", the same as "", or "pass", which sends them unchanged with a
	// warning each.
	UnknownMembers string

	// Image is the image of a container without one, if Container names it or it is the
	// only container. The x-run-task of a definition takes precedence over both.
	Image, Container string

	// Registered says that ECS has accepted the definition: only the rule on images is
	// checked, because an image may be replaced.
	Registered bool
}

// A Definition is one task definition that can be registered.
type Definition struct {
	Family string
	Place  document.Place // of the whole definition

	// Body is the RegisterTaskDefinition request as the API spells it.
	Body []byte

	// Node is the tree that Body encodes. It must not be changed.
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

// A Container is the part of a container definition that the step reads.
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

// PassUnknown reports whether members and enum values that the known API lacks are passed
// on.
func (o Options) PassUnknown() bool { return o.UnknownMembers == "pass" }

// A decoder collects the definitions of a document and what is reported of them.
type decoder struct {
	document.Findings
	options     Options
	definitions []*Definition
}
