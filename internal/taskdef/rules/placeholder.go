package rules

import (
	"iter"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/document"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// A slot is a value in which a placeholder means nothing to AWS. Other values are not
// checked: commands, environments, labels, health checks, and the options of log drivers
// that have templates of their own.
type slot struct {
	value
	key   string
	takes func(text string, p placeholder.Placeholder) bool // whether AWS takes the characters there
}

// Characters that AWS takes in names.
var (
	familyCharacters    = lazyregexp.New(`^[A-Za-z0-9_-]+$`)
	roleCharacters      = lazyregexp.New(`^[A-Za-z0-9+=,.@_/-]+$`)
	tagCharacters       = lazyregexp.New(`^[A-Za-z0-9_.-]+$`)
	groupCharacters     = lazyregexp.New(`^[A-Za-z0-9_./#-]+$`)
	secretCharacters    = lazyregexp.New(`^[A-Za-z0-9/_+=.@-]+$`)
	parameterCharacters = lazyregexp.New(`^[A-Za-z0-9/_.-]+$`)
)

// slots yields the values that are checked and present. The list is closed.
func (t *task) slots() iter.Seq[slot] {
	return func(yield func(slot) bool) {
		more := true
		look := func(at value, key string, takes func(string, placeholder.Placeholder) bool) {
			if o := at.Get(key); more && o.Text() != "" {
				more = yield(slot{o, key, takes})
			}
		}
		look(t.value, "family", in(familyCharacters))
		look(t.value, "taskRoleArn", takesRole)
		look(t.value, "executionRoleArn", takesRole)
		for _, c := range t.containers {
			log := c.Get("logConfiguration")
			look(c, "image", takesImage)
			look(c.Get("repositoryCredentials"), "credentialsParameter", takesCredentials)
			for _, list := range []value{c.Get("secrets"), log.Get("secretOptions")} {
				for secret := range list.Each() {
					look(secret, "valueFrom", takesSecret)
				}
			}
			if options := log.Get("options"); log.Get("logDriver").Text() == "awslogs" {
				look(options, "awslogs-group", in(groupCharacters))
				look(options, "awslogs-region", never)
				look(options, "awslogs-stream-prefix", takesStream)
			}
		}
		for volume := range t.Get("volumes").Each() {
			if efs := volume.Get("efsVolumeConfiguration"); efs.Given() {
				look(efs, "fileSystemId", never)
				look(efs.Get("authorizationConfig"), "accessPointId", never)
			}
			if fsx := volume.Get("fsxWindowsFileServerVolumeConfiguration"); fsx.Given() {
				look(fsx, "fileSystemId", never)
				look(fsx.Get("authorizationConfig"), "credentialsParameter", takesCredentials)
			}
			if s3 := volume.Get("s3filesVolumeConfiguration"); s3.Given() {
				look(s3, "fileSystemArn", never)
				look(s3, "accessPointArn", never)
			}
		}
	}
}

func never(string, placeholder.Placeholder) bool { return false }

func in(characters *lazyregexp.Regexp) func(string, placeholder.Placeholder) bool {
	return func(_ string, p placeholder.Placeholder) bool { return characters.MatchString(p.Text) }
}

// takesRole allows a placeholder in the name of a role, not before the name in an ARN.
func takesRole(text string, p placeholder.Placeholder) bool {
	return roleCharacters.MatchString(p.Text) && (!strings.HasPrefix(text, "arn:") || isAfter(text, ":role/", p))
}

// takesImage allows a placeholder in a tag: no part of a repository name begins with _.
func takesImage(text string, p placeholder.Placeholder) bool {
	colon := strings.LastIndexByte(text, ':')
	return tagCharacters.MatchString(p.Text) && colon > strings.LastIndexByte(text, '/') && p.At > colon &&
		!strings.Contains(text, "@")
}

// takesStream allows a placeholder in the name of a log stream, which has almost any
// character.
func takesStream(_ string, p placeholder.Placeholder) bool { return !strings.ContainsAny(p.Text, ":*") }

// takesSecret allows a placeholder in the name of a parameter or of a secret, and in the
// JSON key after the name.
func takesSecret(text string, p placeholder.Placeholder) bool {
	if !strings.HasPrefix(text, "arn:") {
		return parameterCharacters.MatchString(p.Text)
	}
	const secret = ":secret:"
	return secretCharacters.MatchString(p.Text) && isAfter(text, secret, p) ||
		parameterCharacters.MatchString(p.Text) && isAfter(text, ":parameter/", p) ||
		isAfter(text, secret, p) && strings.Contains(text[strings.Index(text, secret)+len(secret):p.At], ":")
}

// takesCredentials is takesSecret for a value that may also be the name of a secret.
func takesCredentials(text string, p placeholder.Placeholder) bool {
	return takesSecret(text, p) || !strings.HasPrefix(text, "arn:") && secretCharacters.MatchString(p.Text)
}

// isAfter reports whether a placeholder stands after a part of a text.
func isAfter(text, part string, p placeholder.Placeholder) bool {
	i := strings.Index(text, part)
	return i >= 0 && p.At >= i+len(part)
}

// placeholders reports values with a placeholder whose characters AWS does not take, and
// placeholdersAllowed warns of those whose characters it takes.
func placeholders(t *task, report reportFunc) {
	t.eachPlaceholder(false, func(s slot, p placeholder.Placeholder) {
		report(s.value, s.rendered(),
			"the placeholder %q was not replaced, and AWS does not take its characters here: write it as an expression, with "+
				"%s "+
				"in the input variables",
			document.Shorten(p.Text), p.Name)
	})
}

func placeholdersAllowed(t *task, report reportFunc) {
	t.eachPlaceholder(true, func(s slot, p placeholder.Placeholder) {
		report(s.value, s.rendered(),
			"%q looks like a placeholder that was not replaced: write it as an expression, with %s in the input variables",
			document.Shorten(p.Text), p.Name)
	})
}

// rendered returns the member with expressions for its placeholders.
func (s slot) rendered() string {
	return document.Brief(`"` + s.key + `": ` + document.Quote(placeholder.ToExpressions(s.Text())))
}

// eachPlaceholder calls found with one placeholder of each slot: the first whose characters
// AWS does not take, or, if AWS takes the characters of all, the first one. taken chooses
// between the slots of the two kinds.
func (t *task) eachPlaceholder(taken bool, found func(slot, placeholder.Placeholder)) {
	for s := range t.slots() {
		all := placeholder.All(s.Text())
		bad := slices.IndexFunc(all, func(p placeholder.Placeholder) bool { return !s.takes(s.Text(), p) })
		switch {
		case bad >= 0 && !taken:
			found(s, all[bad])
		case bad < 0 && taken && len(all) > 0:
			found(s, all[0])
		}
	}
}

// regionOptions returns the options that name a region.
func (t *task) regionOptions() []value {
	var regions []value
	t.awslogs(func(options, _ value) {
		if o := options.Get("awslogs-region"); o.Given() && !o.Invalid() {
			regions = append(regions, o)
		}
	})
	return regions
}

func logRegion(t *task, report reportFunc) {
	for _, o := range t.regionOptions() {
		if !awsfacts.CanBeRegion(o.Text()) {
			report(o, `"awslogs-region": "us-east-1"`, "%q is not the name of a region", document.Shorten(o.Text()))
		}
	}
}

// logRegionUnknown warns of an unknown region. It is no error, because AWS adds regions.
func logRegionUnknown(t *task, report reportFunc) {
	for _, o := range t.regionOptions() {
		if name := o.Text(); awsfacts.CanBeRegion(name) && !awsfacts.IsRegion(name) {
			near, hint := nearest.Name(name, awsfacts.Regions()), ""
			if near != "" {
				hint = `"awslogs-region": ` + document.Quote(near)
			}
			report(o, hint, "no region %q is known%s", document.Shorten(name), nearest.Suggestion(near))
		}
	}
}
