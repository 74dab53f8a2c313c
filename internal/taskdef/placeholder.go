package taskdef

import (
	"iter"
	"regexp"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/nearest"
	"github.com/ecs-run-task/ecs-run-task/internal/placeholder"
)

// A slot is a value in which a placeholder means nothing to AWS. Other values keep
// their text: commands, environments, labels, health checks, and the options of log
// drivers that have templates of their own.
type slot struct {
	object
	key   string
	takes func(text string, p placeholder.Placeholder) bool // whether AWS takes the characters there
}

// Characters that AWS takes in names.
var (
	familyCharacters    = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	roleCharacters      = regexp.MustCompile(`^[A-Za-z0-9+=,.@_/-]+$`)
	tagCharacters       = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	groupCharacters     = regexp.MustCompile(`^[A-Za-z0-9_./#-]+$`)
	secretCharacters    = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)
	parameterCharacters = regexp.MustCompile(`^[A-Za-z0-9/_.-]+$`)
)

// slots yields the closed list of values that are looked at, as far as they are there.
func (t *task) slots() iter.Seq[slot] {
	return func(yield func(slot) bool) {
		more := true
		look := func(at object, key string, takes func(string, placeholder.Placeholder) bool) {
			if o := at.get(key); more && o.text() != "" {
				more = yield(slot{o, key, takes})
			}
		}
		look(t.object, "family", in(familyCharacters))
		look(t.object, "taskRoleArn", takesRole)
		look(t.object, "executionRoleArn", takesRole)
		for _, c := range t.containers {
			log := c.get("logConfiguration")
			look(c, "image", takesImage)
			look(c.get("repositoryCredentials"), "credentialsParameter", takesCredentials)
			for _, list := range []object{c.get("secrets"), log.get("secretOptions")} {
				for secret := range list.each() {
					look(secret, "valueFrom", takesSecret)
				}
			}
			if options := log.get("options"); log.get("logDriver").text() == "awslogs" {
				look(options, "awslogs-group", in(groupCharacters))
				look(options, "awslogs-region", never)
				look(options, "awslogs-stream-prefix", takesStream)
			}
		}
		for volume := range t.get("volumes").each() {
			if efs := volume.get("efsVolumeConfiguration"); efs.given() {
				look(efs, "fileSystemId", never)
				look(efs.get("authorizationConfig"), "accessPointId", never)
			}
			if fsx := volume.get("fsxWindowsFileServerVolumeConfiguration"); fsx.given() {
				look(fsx, "fileSystemId", never)
				look(fsx.get("authorizationConfig"), "credentialsParameter", takesCredentials)
			}
			if s3 := volume.get("s3filesVolumeConfiguration"); s3.given() {
				look(s3, "fileSystemArn", never)
				look(s3, "accessPointArn", never)
			}
		}
	}
}

func never(string, placeholder.Placeholder) bool { return false }

func in(characters *regexp.Regexp) func(string, placeholder.Placeholder) bool {
	return func(_ string, p placeholder.Placeholder) bool { return characters.MatchString(p.Text) }
}

// takesRole allows it in the name of a role, not in what is before that in an ARN.
func takesRole(text string, p placeholder.Placeholder) bool {
	return roleCharacters.MatchString(p.Text) && (!strings.HasPrefix(text, "arn:") || isBehind(text, ":role/", p))
}

// takesImage allows it in a tag: a repository begins no part of its name with _.
func takesImage(text string, p placeholder.Placeholder) bool {
	colon := strings.LastIndexByte(text, ':')
	return tagCharacters.MatchString(p.Text) && colon > strings.LastIndexByte(text, '/') && p.At > colon && !strings.Contains(text, "@")
}

// takesStream allows it in the name of a log stream, which has almost any character.
func takesStream(_ string, p placeholder.Placeholder) bool { return !strings.ContainsAny(p.Text, ":*") }

// takesSecret allows it in the name of a parameter or of a secret, and in the key of
// JSON after that.
func takesSecret(text string, p placeholder.Placeholder) bool {
	if !strings.HasPrefix(text, "arn:") {
		return parameterCharacters.MatchString(p.Text)
	}
	const secret = ":secret:"
	return secretCharacters.MatchString(p.Text) && isBehind(text, secret, p) ||
		parameterCharacters.MatchString(p.Text) && isBehind(text, ":parameter/", p) ||
		isBehind(text, secret, p) && strings.Contains(text[strings.Index(text, secret)+len(secret):p.At], ":")
}

// takesCredentials is takesSecret for what may also be the name of a secret.
func takesCredentials(text string, p placeholder.Placeholder) bool {
	return takesSecret(text, p) || !strings.HasPrefix(text, "arn:") && secretCharacters.MatchString(p.Text)
}

// isBehind reports whether a placeholder stands behind a part of a text.
func isBehind(text, part string, p placeholder.Placeholder) bool {
	i := strings.Index(text, part)
	return i >= 0 && p.At >= i+len(part)
}

// placeholders tells of values with a placeholder whose characters AWS does not take,
// and placeholdersKept warns of those that it does.
func placeholders(t *task, tell telling) {
	t.eachPlaceholder(false, func(s slot, p placeholder.Placeholder) {
		tell(s.object, s.rendered(), "the placeholder %q was not replaced, and AWS does not take its characters here: write it as an expression, with %s in the input variables",
			shorten(p.Text), p.Name)
	})
}

func placeholdersKept(t *task, tell telling) {
	t.eachPlaceholder(true, func(s slot, p placeholder.Placeholder) {
		tell(s.object, s.rendered(), "%q looks like a placeholder that was not replaced: write it as an expression, with %s in the input variables",
			shorten(p.Text), p.Name)
	})
}

// rendered returns the member with expressions for its placeholders.
func (s slot) rendered() string {
	return brief(`"` + s.key + `": ` + quoted(placeholder.Rendered(s.text())))
}

// eachPlaceholder calls found with the first placeholder of each slot: the first whose
// characters AWS does not take, or, if it takes those of all, the first of all.
func (t *task) eachPlaceholder(taken bool, found func(slot, placeholder.Placeholder)) {
	for s := range t.slots() {
		all := placeholder.All(s.text())
		bad := slices.IndexFunc(all, func(p placeholder.Placeholder) bool { return !s.takes(s.text(), p) })
		switch {
		case bad >= 0 && !taken:
			found(s, all[bad])
		case bad < 0 && taken && len(all) > 0:
			found(s, all[0])
		}
	}
}

// regionOptions returns the options that name a region.
func (t *task) regionOptions() []object {
	var regions []object
	for _, c := range t.containers {
		log := c.get("logConfiguration")
		if o := log.get("options").get("awslogs-region"); log.get("logDriver").text() == "awslogs" && o.given() && !o.odd() {
			regions = append(regions, o)
		}
	}
	return regions
}

func logRegion(t *task, tell telling) {
	for _, o := range t.regionOptions() {
		if !awsfacts.CanBeRegion(o.text()) {
			tell(o, `"awslogs-region": "us-east-1"`, "%q is not the name of a region", shorten(o.text()))
		}
	}
}

// logRegionUnknown warns of a region that is not known: AWS adds to them.
func logRegionUnknown(t *task, tell telling) {
	for _, o := range t.regionOptions() {
		if name := o.text(); awsfacts.CanBeRegion(name) && !awsfacts.IsRegion(name) {
			hint := ""
			if near := nearest.Name(name, awsfacts.Regions()); near != "" {
				hint = `"awslogs-region": ` + quoted(near)
			}
			tell(o, hint, "no region %q is known%s", shorten(name), didYouMean(name, awsfacts.Regions()))
		}
	}
}
