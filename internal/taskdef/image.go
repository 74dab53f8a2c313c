package taskdef

import (
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
