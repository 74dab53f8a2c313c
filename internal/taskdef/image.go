package taskdef

import "github.com/ecs-run-task/ecs-run-task/internal/document"

// WithImage returns a copy of the definition with another image for one of its containers.
// The options are those with which it was decoded. The error joins a [*document.Error] for
// each fault; then there is no definition.
func (d *Definition) WithImage(container string, image *document.Node, o Options) (*Definition, error) {
	list := *d.Node.Member("containerDefinitions")
	list.Items = make([]*document.Node, 0, len(list.Items))
	for _, item := range d.Node.Member("containerDefinitions").Items {
		if name := item.Member("name"); name != nil && name.Text == container {
			item = item.With("image", image)
		}
		list.Items = append(list.Items, item)
	}
	changed, _, err := Decode(d.Node.With("containerDefinitions", &list), o) // warnings are those of d
	if err != nil {
		return nil, err
	}
	changed[0].Run = d.Run
	return changed[0], nil
}
