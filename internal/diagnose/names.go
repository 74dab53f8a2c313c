package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/awsfacts"
	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
)

// names holds the names for the texts of the table, by key. A name that is not known, or
// that has characters which are not harmless, is missing.
type names map[string]string

// words replace missing names.
var words = map[string]string{
	"account":     "the account",
	"action":      "that action",
	"build":       "the platform of the task",
	"cluster":     "the cluster",
	"container":   "the container",
	"credentials": "give role-to-assume, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
	"dependency":  "the container that it depends on",
	"exec":        "the execution role",
	"exit":        "that code",
	"finished":    "the other container",
	"group":       "the log group",
	"image":       "the image",
	"key":         "that key",
	"lock":        "set if-running: wait",
	"logregion":   "the region",
	"operation":   "the call",
	"platform":    "the platform of the task",
	"principal":   "the caller's role",
	"puller":      "the execution role (on EC2 without one: the instance role)",
	"region":      "the region",
	"repository":  "the repository",
	"resource":    "that resource",
	"role":        "the role",
	"secret":      "the secret or parameter",
	"sgs":         "",
	"signal":      "a signal",
	"subject":     "as the CI documents it",
	"subnets":     "",
	"taskrole":    "the task role",
}

// kinds are the words before a name in a sentence.
var kinds = map[string]string{
	"account":   "account ",
	"cluster":   "cluster ",
	"container": "container ",
	"exec":      "role ",
	"finished":  "container ",
	"group":     "log group ",
	"image":     "image ",
	"puller":    "role ",
	"region":    "region ",
	"role":      "role ",
	"taskrole":  "role ",
}

var (
	// harmless matches names without characters that have a special meaning in a shell,
	// in Markdown or in a terminal.
	harmless = lazyregexp.New(`^[A-Za-z0-9_/.][A-Za-z0-9_/.:@+=,#-]*$`)

	placeholder = lazyregexp.New(`\{[A-Za-z]+\}`)

	secretText     = lazyregexp.New(`arn:aws[a-z-]*:(?:secretsmanager|ssm):[^\s'"\x60,;]+`)
	keyText        = lazyregexp.New(`json key (\S+)`)
	groupText      = lazyregexp.New(`log-group:([^:\s]+)`)
	subnetText     = lazyregexp.New(`\bsubnet-[0-9a-f]+\b`)
	sgText         = lazyregexp.New(`\bsg-[0-9a-f]+\b`)
	platformText   = lazyregexp.New(`\b(?:linux|windows)/[a-z0-9]+\b`)
	dependencyText = lazyregexp.New(`dependency \[\{?([A-Za-z0-9_-]+)`)
	roleText       = lazyregexp.New(`role '([^']+)'`)
	userText       = lazyregexp.New(`User: (arn:aws[a-z-]*:(?:iam|sts)::[0-9]*:\S+)`)
	deniedText     = lazyregexp.New(`not authorized to perform: ([a-zA-Z0-9-]+:[A-Za-z0-9]+)(?: on ` +
		`(?:the )?resource: (\S+))?`)
	imageTexts = []*lazyregexp.Regexp{
		lazyregexp.New(`failed to resolve ref "?([^\s"]+)`),
		lazyregexp.New(`pull access denied for ([^\s,]+)`),
		lazyregexp.New(`manifest for (\S+) not found`),
		lazyregexp.New(`task cannot pull ['\x{2018}]?([^\s'\x{2019}]+)`),
	}
)

// names returns the names in a text, and those in the fields of the symptom if the text
// does not have them.
func (s Symptom) names(t textAt) names {
	n := names{}
	set := func(key string, candidates ...string) {
		for _, c := range candidates {
			if c = strings.Trim(c, ":.,;'\""); len(c) <= 300 && harmless.MatchString(c) {
				n[key] = c
				return
			}
		}
	}
	found := func(pattern *lazyregexp.Regexp) string {
		match := pattern.FindStringSubmatch(t.text)
		if match == nil {
			return ""
		}
		return match[len(match)-1]
	}
	var images []string
	for _, pattern := range imageTexts {
		images = append(images, found(pattern))
	}
	set("image", append(images, s.Image)...)
	set("secret", found(secretText))
	if len(s.Secrets) == 1 {
		set("secret", n["secret"], s.Secrets[0]) // with several secrets, the failed one is not known
	}
	set("group", found(groupText), s.LogGroup)
	set("subnets", joinNames(subnetText.FindAllString(t.text, -1)), joinNames(s.Subnets))
	set("sgs", joinNames(sgText.FindAllString(t.text, -1)))
	for _, key := range []string{"subnets", "sgs"} {
		if n[key] != "" {
			n[key] = " (" + n[key] + ")"
		}
	}
	set("platform", found(platformText))
	set("dependency", found(dependencyText))
	set("key", found(keyText))
	set("container", s.Container)
	set("finished", s.Finished)
	set("cluster", s.Cluster)
	if image, err := awsfacts.ParseImage(n["image"]); err == nil {
		if _, ok := image.ECR(); ok {
			set("repository", image.Repository)
		}
	}
	set("region", s.Region)
	set("logregion", s.LogRegion, s.Region, "REGION")
	set("account", s.Account)
	set("operation", s.Operation)
	set("build", "linux/amd64")
	if s.Architecture == "ARM64" {
		n["build"] = "linux/arm64"
	}
	set("exec", last(s.ExecutionRole))
	set("taskrole", last(s.TaskRole))
	set("principal", principal(found(userText)))
	set("puller", n["principal"], n["exec"])
	set("role", last(found(roleText)), n["puller"])
	if match := deniedText.FindStringSubmatch(t.text); match != nil {
		set("action", match[1])
		if arn := strings.Trim(match[2], ":.,;'\""); isResource(arn) {
			n["resource"] = arn
		}
	}
	for key, line := range map[string]string{
		"credentials": s.CI.Credentials,
		"lock":        s.CI.Lock,
		"subject":     s.CI.Subject,
	} {
		if line != "" { // not from outside, so not restricted to harmless characters
			n[key] = line
		}
	}
	if s.ExitCode != nil {
		n["exit"] = fmt.Sprint(*s.ExitCode)
		if signal := *s.ExitCode - 128; signal > 0 && signal < 65 {
			n["signal"] = fmt.Sprintf("signal %d", signal)
		}
	}
	return n
}

// fill inserts names into a text of the table. {image} is the name or, if it is missing,
// words for it. {IMAGE} is the name or the word IMAGE, for commands to paste.
func (n names) fill(text string) string {
	filled := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		key := match[1 : len(match)-1]
		name, known := n[strings.ToLower(key)]
		word, prose := words[key]
		switch {
		case !known && prose:
			return word
		case !known:
			return key
		case prose:
			return kinds[key] + name
		}
		return name
	})
	if first := placeholder.FindString(text); first != "" && strings.HasPrefix(text, first) {
		key := strings.Trim(first, "{}")
		if kinds[key] != "" || n[key] == "" {
			filled = strings.ToUpper(filled[:1]) + filled[1:]
		}
	}
	return filled
}

// joinNames joins up to five different names with commas.
func joinNames(list []string) string {
	var names []string
	for _, name := range list {
		if len(names) < 5 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// last returns the text after the last slash, such as the name in a role's ARN.
func last(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// principal returns the name of the role, or the user, in the ARN of a caller.
func principal(arn string) string {
	_, name, _ := strings.Cut(arn, "/")
	if strings.Contains(arn, ":assumed-role/") {
		name, _, _ = strings.Cut(name, "/")
	}
	return last(name)
}

// resourceARN matches ARNs that are allowed in a statement.
var resourceARN = lazyregexp.New(`^arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]*:[A-Za-z0-9_/.:@+=#-]+\*?$`)

// isResource reports whether arn is allowed in a statement. The length is not part of the
// pattern because a bounded repetition is slow to compile.
func isResource(arn string) bool { return len(arn) <= 600 && resourceARN.MatchString(arn) }
