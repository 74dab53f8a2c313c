package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/outputs"
	"github.com/ecs-run-task/ecs-run-task/internal/runtask"
)

// newOutputs returns the outputs of the inputs, with new markers.
func newOutputs(c input.Config) Outputs {
	if c.OutputsFrom == "" {
		return Outputs{}
	}
	return Outputs{c.OutputsFrom, outputs.NewMarkers()}
}

// variables returns the environment variables that give the markers to the container.
func (o Outputs) variables() runtask.Variables {
	if o.Container == "" {
		return runtask.Variables{}
	}
	return runtask.Variables{Container: o.Container, Pairs: input.Pairs{
		{Name: outputs.BeginVariable, Value: o.Markers.Begin}, {Name: outputs.EndVariable, Value: o.Markers.End},
	}}
}

// logHint is an example of a log configuration that the step can read.
const logHint = `"logConfiguration": {"logDriver": "awslogs", ` +
	`"options": {"awslogs-group": "...", "awslogs-region": "...", "awslogs-stream-prefix": "..."}}`

// checkOutputs reports a container of the input outputs-from that no definition has, or whose
// log the step cannot read. A local run needs no log configuration, because it reads the
// containers' output directly.
func checkOutputs(c input.Config, sources ...Source) error {
	if c.OutputsFrom == "" || len(sources) == 0 {
		return nil
	}
	var faults []error
	var known []string
	for _, s := range sources {
		known = append(known, definitionInfo(s).Containers...)
		driver, group, ok := logOf(s, c.OutputsFrom)
		if !ok || c.Local != "" || driver == "awslogs" && group != "" {
			continue
		}
		why := "its log driver is " + driver
		switch driver {
		case "":
			why = "it has no logConfiguration"
		case "awslogs":
			why = "its logConfiguration has no option awslogs-group"
		}
		faults = append(faults, &document.Error{
			Place: placeOf(s, c.OutputsFrom), Code: "outputs-from", Hint: logHint,
			Message: fmt.Sprintf("outputs-from: the log of container %s can't be read, as %s: only awslogs can",
				c.OutputsFrom, why),
		})
	}
	if !slices.Contains(known, c.OutputsFrom) {
		message := fmt.Sprintf("no definition has a container %q", c.OutputsFrom)
		if near := nearest.DidYouMean(c.OutputsFrom, known); near != "" {
			message += near
		} else {
			message += ": there is " + strings.Join(known, ", ")
		}
		return &input.Error{Input: "outputs-from", Message: message}
	}
	return errors.Join(faults...)
}

// logOf returns the log driver and the log group of a container. Each is empty if the container
// does not set it. ok is false if the definition has no such container.
func logOf(s Source, container string) (driver, group string, ok bool) {
	const option = "awslogs-group"
	switch s := s.(type) {
	case ToRegister:
		for _, c := range s.Text.Containers {
			if c.Name == container {
				return c.LogDriver, c.LogOptions[option], true
			}
		}
	case Existing:
		for _, c := range s.Revision.ContainerDefinitions {
			if aws.ToString(c.Name) != container {
				continue
			}
			if c.LogConfiguration == nil {
				return "", "", true
			}
			return string(c.LogConfiguration.LogDriver), c.LogConfiguration.Options[option], true
		}
	}
	return "", "", false
}

// placeOf returns the position of a container in its document. It returns the zero value if the
// position is not known.
func placeOf(s Source, container string) document.Place {
	if text := TextOf(s); text != nil {
		for _, c := range text.Containers {
			if c.Name == container {
				return c.Place
			}
		}
	}
	return document.Place{}
}
