package rules

import (
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/apischema"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
)

// awslogsOptions are the options of the log driver awslogs that ECS takes. It
// refuses any other: "Log driver awslogs disallows options: ..."
// (github.com/aws/amazon-ecs-agent/issues/872 and others).
//
// Source: API reference, LogConfiguration: options; read in November 2026.
var awslogsOptions = []string{
	"awslogs-create-group", "awslogs-datetime-format", "awslogs-group", "awslogs-multiline-pattern",
	"awslogs-region", "awslogs-stream-prefix", "max-buffer-size", "mode",
}

var (
	// logGroup is of up to 512 characters (CloudWatch Logs API reference,
	// CreateLogGroup: logGroupName).
	logGroup = lazyregexp.New(`^[A-Za-z0-9._/#-]+$`)
	// bufferSize is a size as Docker reads it (github.com/docker/go-units,
	// RAMInBytes).
	bufferSize = lazyregexp.New(`^[0-9]+(\.[0-9]+)? ?[kKmMgGtTpP]?[iI]?[bB]?$`)
)

// awslogs yields the options of each container whose log driver is awslogs.
func (t *task) awslogs(yield func(options, secrets value)) {
	for _, c := range t.containers {
		if log := c.Get("logConfiguration"); log.Get("logDriver").Text() == "awslogs" {
			yield(log.Get("options"), log.Get("secretOptions"))
		}
	}
}

// logOptions reports missing options. ECS refuses empty ones as well:
// "Log driver awslogs option 'awslogs-group' should not be null or empty."
// (github.com/HENNGE/terraform-aws-ecs and others).
func logOptions(t *task, report reportFunc) {
	t.awslogs(func(options, secrets value) {
		for _, key := range []string{"awslogs-group", "awslogs-region"} {
			isSecret := slices.ContainsFunc(secrets.Names(), func(name value) bool { return name.Text() == key })
			switch o := options.Get(key); {
			case isSecret:
			case !o.Given():
				report(o, "", "missing: the log driver awslogs requires the options awslogs-group and awslogs-region")
			case !o.Invalid() && o.Text() == "":
				report(o, "", "empty: the log driver awslogs requires the options awslogs-group and awslogs-region")
			}
		}
	})
}

// logOption reports options that ECS does not take.
func logOption(t *task, report reportFunc) {
	t.awslogs(func(options, _ value) {
		if options.Node == nil {
			return
		}
		for _, m := range options.Node.Members {
			if !slices.Contains(awslogsOptions, m.Key.Text) {
				advice := nearest.Suggestion(awslogsOption(m.Key.Text))
				if advice == "" {
					advice = ": there is " + strings.Join(awslogsOptions, ", ")
				}
				report(apischema.ValueOf(m.Value), "", "the log driver awslogs has no option %q%s", document.Shorten(m.Key.Text),
					advice)
			}
		}
	})
}

// awslogsOption returns the option that another name is likely to stand for: the
// shortest with all of its words, or else the nearest, or "".
func awslogsOption(name string) string {
	words := strings.Split(strings.TrimPrefix(name, "awslogs-"), "-")
	best := ""
	for _, option := range awslogsOptions {
		has := strings.Split(option, "-")
		lacks := func(word string) bool { return !slices.Contains(has, word) }
		if !slices.ContainsFunc(words, lacks) && (best == "" || len(option) < len(best)) {
			best = option
		}
	}
	if best == "" {
		best = nearest.Name(name, awslogsOptions)
	}
	return best
}

// logValue reports values that options of awslogs can't have.
func logValue(t *task, report reportFunc) {
	t.awslogs(func(options, _ value) {
		if o := options.Get("awslogs-create-group"); o.Given() && !o.Invalid() && o.Text() != "true" {
			// "Log driver awslogs option 'awslogs-create-group' should only be set to
			// 'true', else omit option."
			// (github.com/terraform-linters/tflint-ruleset-aws/issues/348)
			report(o, `"true"`, "expected \"true\", or no such option, found %q", document.Shorten(o.Text()))
		}
		switch o := options.Get("awslogs-group"); {
		case o.Text() == "":
		case len(o.Text()) > 512:
			report(o, "", "a name of %d characters is longer than the 512 that a log group can have", len(o.Text()))
		case !logGroup.MatchString(o.Text()):
			report(o, "", "the log group %q has other characters than letters, digits and . _ - / #", document.Shorten(o.Text()))
		}
		if o := options.Get("awslogs-stream-prefix"); strings.ContainsAny(o.Text(), ":*") || len(o.Text()) > 512 {
			report(o, "", "%q can't begin the name of a log stream, which has no : or * and up to 512 characters",
				document.Shorten(o.Text()))
		}
		if o := options.Get("mode"); o.Given() && !o.Invalid() && o.Text() != "blocking" && o.Text() != "non-blocking" {
			report(o, "", "expected one of blocking, non-blocking, found %q%s", document.Shorten(o.Text()),
				nearest.DidYouMean(o.Text(), []string{"blocking", "non-blocking"}))
		}
		if o := options.Get("max-buffer-size"); o.Given() && !o.Invalid() && !bufferSize.MatchString(o.Text()) {
			report(o, `"25m"`, "expected a size such as 25m, found %q", document.Shorten(o.Text()))
		}
		// Docker: "you cannot configure log opt 'awslogs-datetime-format' and
		// 'awslogs-multiline-pattern' at the same time".
		if o := options.Get("awslogs-multiline-pattern"); o.Given() && options.Get("awslogs-datetime-format").Given() {
			report(o, "", "awslogs-multiline-pattern and awslogs-datetime-format exclude each other")
		}
	})
}

// logBuffer warns of a size that has no effect.
func logBuffer(t *task, report reportFunc) {
	t.awslogs(func(options, _ value) {
		if o := options.Get("max-buffer-size"); o.Given() && options.Get("mode").Text() == "blocking" {
			report(o, "", "max-buffer-size is for the mode non-blocking only")
		}
	})
}

func firelens(t *task, report reportFunc) {
	for _, c := range t.containers {
		// API reference, FirelensConfiguration: options; read in November 2026.
		kind := c.Get("firelensConfiguration").Get("options").Get("config-file-type")
		if kind.Given() && !kind.Invalid() && kind.Text() != "s3" && kind.Text() != "file" {
			report(kind, `"file"`, "expected s3 or file, found %q", document.Shorten(kind.Text()))
		}
	}
	for _, c := range t.containers {
		if c.Get("firelensConfiguration").Given() {
			return
		}
	}
	for _, c := range t.containers {
		if o := c.Get("logConfiguration").Get("logDriver"); o.Text() == "awsfirelens" {
			report(o, `"firelensConfiguration": { "type": "fluentbit" }`,
				"the log driver awsfirelens needs a container with a firelensConfiguration, which the definition lacks")
			return
		}
	}
}
