package diagnose

import (
	"slices"
	"strings"
	"testing"
)

// ofAWS are the rows whose reasons no local run has: only AWS gives them.
var ofAWS = []string{
	"layer-refused", "pull-s3-route", "secrets-no-route", "logging-no-route", "network-interface", "no-free-interface",
	"other-zone", "no-capacity", "secret-denied", "logging-denied", "policy-boundary", "account-blocked",
	"port-in-use", "no-fitting-instance", // of the definition, which is to run on AWS
}

// Nobody looks at the networks of AWS for what went wrong on this machine.
func TestLocal(t *testing.T) {
	for _, s := range samples {
		in := s.symptom
		if in.ErrorCode != "" || in.ErrorMessage != "" || in.FailureReason != "" || slices.Contains(ofAWS, s.code) {
			continue
		}
		for _, in.Local = range []string{"docker", "process"} {
			for _, advice := range Explain(in) {
				if advice.Code != s.code {
					continue
				}
				for _, word := range []string{
					"subnet", "security group", "NAT ", "assign-public-ip", "the VPC of", "aws ecr", "taskRoleArn",
				} {
					if strings.Contains(advice.Cause+advice.Advice, word) {
						t.Errorf("Explain(%+v) speaks of %q: %s %s", in, word, advice.Cause, advice.Advice)
					}
				}
				if advice.Statement != "" {
					t.Errorf("Explain(%+v) has a statement: %s", in, advice.Statement)
				}
			}
		}
	}
	missing := Symptom{
		Container: "app", ContainerReason: `CannotStartContainerError: exec: "a": executable file not found in $PATH`,
	}
	for local, want := range map[string]string{
		"": "The image does not have the program", "docker": "The image does not have the program",
		"process": "This machine does not have the program",
	} {
		missing.Local = local
		if got := Explain(missing)[0]; !strings.HasPrefix(got.Cause, want) {
			t.Errorf("local %q: %q, want %q", local, got.Cause, want)
		}
	}
}

// Advice about credentials, trust and locks is that of the CI, or of any CI.
func TestCI(t *testing.T) {
	own := CI{Credentials: "do as GitLab says", Subject: "project_path:g/app", Lock: "give the job a resource_group"}
	for _, tt := range []struct {
		code      string
		own, none string
	}{
		{"credentials-missing", "To give it some: do as GitLab says.", "To give it some: give role-to-assume, or set " +
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."},
		{"assume-role-denied", "(project_path:g/app)", "(as the CI documents it)"},
		{"definition-race", "wait for each other: give the job a resource_group.", "wait for each other: set " +
			"if-running: wait."},
	} {
		i := slices.IndexFunc(samples, func(s sample) bool { return s.code == tt.code })
		in := samples[i].symptom
		if got := Explain(in)[0].Advice; !strings.Contains(got, tt.none) {
			t.Errorf("%s: %q, want %q", tt.code, got, tt.none)
		}
		in.CI = own
		if got := Explain(in)[0].Advice; !strings.Contains(got, tt.own) {
			t.Errorf("%s: %q, want %q", tt.code, got, tt.own)
		}
	}
}
