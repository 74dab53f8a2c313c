// Package ci detects which CI runs the step, parses its environment variables, and fills
// the contexts of expressions from them.
//
// The variables of each CI are those in its documentation. The package never reads the
// environment or a file itself; its callers pass the variables. The contexts never contain
// credentials, because the author of a definition may not be allowed to have them.
package ci

import (
	"strconv"
	"strings"
)

// Detect returns the run that the environment variables describe. lookup is
// [os.LookupEnv] or a replacement for it.
func Detect(lookup func(string) (string, bool)) Run {
	v := variables(lookup)
	if v.first("CI") == "woodpecker" { // it may set DRONE as well
		return complete("woodpecker", woodpecker(v))
	}
	for _, s := range systems {
		if v.first(s.mark) != "" {
			return complete(s.name, s.run(v))
		}
	}
	return Run{}
}

// complete derives missing fields from the others.
func complete(system string, r Run) Run {
	r.System = system
	if _, err := strconv.ParseUint(r.PullRequest, 10, 64); err != nil { // some CIs set it to false
		r.PullRequest = ""
	}
	if kind, name, found := splitRef(r.Ref); found {
		r.RefName, r.RefType = name, kind
	} else if r.Ref == "" && r.RefName != "" {
		if r.RefType == "tag" {
			r.Ref = "refs/tags/" + r.RefName
		} else {
			r.Ref, r.RefType = "refs/heads/"+r.RefName, "branch"
		}
	}
	r.ServerURL = strings.TrimRight(r.ServerURL, "/")
	return r
}
