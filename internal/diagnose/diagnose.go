// Package diagnose finds the likely cause of a failure, and what to do about it, from
// texts of ECS, of other AWS services and of the container's log.
//
// It is one table of symptoms. It never decides whether a task failed, because AWS may
// change its texts at any time: an unknown text has no advice, or only general advice.
// It never copies a text from outside into the advice, except for names that consist of
// harmless characters.
package diagnose

import (
	"cmp"
	"slices"
)

// Advice is a likely cause and what to do about it. Its texts are single lines of at most
// 3000 bytes, without control characters.
type Advice struct {
	// Code identifies the cause, such as image-not-found. It does not change between
	// versions.
	Code string

	Cause  string // a sentence
	Advice string // a few sentences, with commands between backquotes

	// Statement is JSON: the missing IAM policy statement, or a list of several. It is
	// empty if a statement does not help.
	Statement string

	Retry Retry
}

// Explain returns the likely causes of a symptom, the most likely first. There is at most
// one for each of these: the error, the failure, the stop code, the container's reason
// and the task's reason. If none of them is known, it uses the exit code and the log. If
// these are not known either, it returns at most one general advice, or nil.
func Explain(s Symptom) []Advice {
	texts := s.texts()
	for _, group := range [][]place{
		{inContainerName, inError, inFailure, inEnd, inStopCode, inContainer, inTask},
		{inExit, inLog},
	} {
		var all []Advice
		for _, p := range group {
			if advice, ok := s.first(texts, p, false); ok && !slices.ContainsFunc(all, advice.same) {
				all = append(all, advice)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	for _, p := range []place{inError, inFailure, inContainer, inExit, inTask, inStopCode} {
		if advice, ok := s.first(texts, p, true); ok {
			return []Advice{advice}
		}
	}
	return nil
}

func (a Advice) same(b Advice) bool { return a.Code == b.Code }

// first returns the advice of the first row that matches a text of a place.
func (s Symptom) first(texts []textAt, p place, general bool) (Advice, bool) {
	r, text := match(texts, p, general)
	if r == nil {
		return Advice{}, false
	}
	if s.Local != "" {
		return r.adviseLocally(s.names(text), s.Local), true
	}
	return r.advise(s.names(text)), true
}

// match returns the first row that matches a text of a place, with that text. It returns
// nil if no row matches.
func match(texts []textAt, p place, general bool) (*row, textAt) {
	for i := range table {
		r := &table[i]
		if r.in&p == 0 || r.general != general {
			continue
		}
		for _, t := range texts {
			if t.place == p && r.fits(t.folded) {
				return r, t
			}
		}
	}
	return nil, textAt{}
}

func (r *row) advise(n names) Advice {
	a := Advice{Code: r.code, Cause: n.fill(r.cause), Advice: n.fill(r.advice), Retry: r.retry}
	if r.allow != nil {
		a.Statement = encode(r.allow(n))
	}
	return a
}

// adviseLocally is advise for a local run. It returns no statement.
func (r *row) adviseLocally(n names, executor string) Advice {
	a := Advice{Code: r.code, Cause: n.fill(r.cause), Advice: n.fill(cmp.Or(r.local, r.advice)), Retry: r.retry}
	if executor == "process" && r.process != "" {
		a.Cause, a.Advice = n.fill(r.process), processAdvice
	}
	return a
}
