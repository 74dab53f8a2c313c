package check

import (
	"encoding/json"
	"fmt"
	"io"
)

// Finding is one finding in a file.
type Finding struct {
	File     string `json:"file"`
	Line     int    `json:"line"`           // counts from 1; 0 if unknown
	Column   int    `json:"column"`         // counts from 1, in characters; 0 if unknown
	Path     string `json:"path,omitempty"` // of the member
	Code     string `json:"code,omitempty"` // of the rule
	Severity string `json:"severity"`       // error, warning or notice
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

// writeJSON writes the findings as a JSON list; the list is never null.
func writeJSON(w io.Writer, findings []Finding) error {
	if findings == nil {
		findings = []Finding{}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(findings)
}

// The members of SARIF 2.1.0 that code scanning reads
// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
type (
	sarif struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver struct {
				Name  string      `json:"name"`
				Rules []sarifRule `json:"rules"`
			} `json:"driver"`
		} `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifRule struct {
		ID string `json:"id"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical struct {
			Artifact struct {
				URI string `json:"uri"`
			} `json:"artifactLocation"`
			Region *sarifRegion `json:"region,omitempty"`
		} `json:"physicalLocation"`
	}
	sarifRegion struct {
		Line   int `json:"startLine"`
		Column int `json:"startColumn,omitempty"`
	}
)

// writeSARIF writes the findings as a SARIF log.
func writeSARIF(w io.Writer, findings []Finding) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver.Name = "ecs-run-task"
	run.Tool.Driver.Rules = []sarifRule{}
	seen := map[string]bool{}
	for _, f := range findings {
		id := f.Code
		if id == "" {
			id = "form"
		}
		if !seen[id] {
			seen[id] = true
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{id})
		}
		run.Results = append(run.Results, f.sarif(id))
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(sarif{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run},
	})
}

func (f Finding) sarif(id string) sarifResult {
	result := sarifResult{RuleID: id, Level: f.Severity, Message: sarifText{f.text()}}
	if f.Severity == "notice" {
		result.Level = "note"
	}
	var location sarifLocation
	location.Physical.Artifact.URI = f.File
	if f.Line > 0 {
		location.Physical.Region = &sarifRegion{f.Line, f.Column}
	}
	result.Locations = []sarifLocation{location}
	return result
}

// text returns the message with the path of its member and the hint.
func (f Finding) text() string {
	text := f.Message
	if f.Path != "" {
		text = f.Path + ": " + text
	}
	if f.Hint != "" {
		text += "\n" + f.Hint
	}
	return text
}

// String returns file:line:column: severity: path: message [code].
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	text := f.Message
	if f.Path != "" {
		text = f.Path + ": " + text
	}
	if f.Code != "" {
		text += " [" + f.Code + "]"
	}
	return place + ": " + f.Severity + ": " + text
}
