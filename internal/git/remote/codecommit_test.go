package remote

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestSignCodeCommit holds the signature against the one of the AWS CLI.
func TestSignCodeCommit(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil {
		t.Skip("aws is absent: nothing to hold the signature against")
	}
	cmd := exec.Command(aws, "codecommit", "credential-helper", "get")
	cmd.Stdin = strings.NewReader("protocol=https\nhost=git-codecommit.eu-west-1.amazonaws.com\npath=v1/repos/web\n\n")
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_SESSION_TOKEN=session",
		"AWS_DEFAULT_REGION=eu-west-1", "AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null")
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("aws codecommit credential-helper: %v", err)
	}
	answer := make(map[string]string)
	for line := range strings.Lines(string(output)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		answer[name] = value
	}
	stamp, _, _ := strings.Cut(answer["password"], "Z")
	now, err := time.Parse("20060102T150405", stamp)
	if err != nil {
		t.Fatalf("aws answers %q: %v", output, err)
	}
	l, _, err := ParseLocation("https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/web", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := signCodeCommit("secret", "eu-west-1", l.Host, l.Path, now); got != answer["password"] {
		t.Errorf("signCodeCommit = %s, want %s", got, answer["password"])
	}
	if want := "AKIDEXAMPLE%session"; answer["username"] != want {
		t.Errorf("the username of the AWS CLI is %s, want %s", answer["username"], want)
	}
}
