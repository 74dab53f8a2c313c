package taskdef

import (
	"slices"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
)

// WithImage returns the definition with another image for one of its containers
// and nothing else changed. The options are those that it was decoded with. The
// error joins a [*document.Error] for each fault, and there is no definition.
func (d *Definition) WithImage(container string, image *document.Node, o Options) (*Definition, error) {
	list := *member(d.Node, "containerDefinitions")
	list.Items = make([]*document.Node, 0, len(list.Items))
	for _, item := range member(d.Node, "containerDefinitions").Items {
		if name := member(item, "name"); name != nil && name.Text == container {
			item = with(item, "image", image)
		}
		list.Items = append(list.Items, item)
	}
	made, _, err := Decode(with(d.Node, "containerDefinitions", &list), o) // warnings are those of d
	if err != nil {
		return nil, err
	}
	made[0].Run = d.Run
	return made[0], nil
}

// withMissingImage returns a definition with the image of the options, or of its
// own settings, for the container that has none and is the one that they are for.
func (d *decoder) withMissingImage(tree, run *document.Node) *document.Node {
	image := &document.Node{Kind: document.String, Text: d.options.Image, Place: document.Place{Name: "input image"}}
	container := d.options.Container
	if own := run.Member("image"); own != nil {
		image = own
	}
	if own := run.Member("container"); own != nil {
		container = own.Text
	}
	containers := member(tree, "containerDefinitions")
	if image.Kind != document.String || image.Text == "" || containers == nil || containers.Kind != document.List {
		return tree
	}
	list := *containers
	list.Items = slices.Clone(list.Items)
	for i, c := range list.Items {
		name, given := member(c, "name"), member(c, "image")
		chosen := container == "" && len(list.Items) == 1 || name != nil && container != "" && name.Text == container
		if c.Kind == document.Map && chosen && (given == nil || given.Kind == document.String && given.Text == "") {
			list.Items[i] = with(c, "image", image)
		}
	}
	return with(tree, "containerDefinitions", &list)
}
