package ecslocal_test

import (
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

func TestSecretServices(t *testing.T) {
	s := newServer(t, ecslocal.Secrets(map[string]string{"db": `{"user":"u"}`, "/key": "k"}))
	secret := s.do("secretsmanager:GetSecretValue", object{"SecretId": "db"})
	if got := str(secret, "SecretString"); got != `{"user":"u"}` {
		t.Errorf("GetSecretValue(db) = %v", secret)
	}
	if again := s.do("secretsmanager:GetSecretValue", object{"SecretId": secret["ARN"]}); str(again, "Name") != "db" {
		t.Errorf("GetSecretValue(%v) = %v, want db", secret["ARN"], again)
	}
	if got := s.refused("secretsmanager:GetSecretValue",
		object{"SecretId": "x"}); got != "ResourceNotFoundException: Secrets Manager can't find the specified secret." {
		t.Errorf("GetSecretValue(x) = %s", got)
	}
	both := s.do("ssm:GetParameters", object{"Names": []string{"/key", "/none"}, "WithDecryption": true})
	if str(both, "Parameters", 0, "Value") != "k" || str(both, "InvalidParameters", 0) != "/none" {
		t.Errorf("GetParameters = %v, want /key and no /none", both)
	}
	if got := str(s.do("ssm:GetParameter", object{"Name": "/key"}), "Parameter", "Value"); got == "k" {
		t.Errorf("a SecureString is shown to who did not ask for it decrypted: %s", got)
	}
	if got := s.refused("ssm:GetParameter", object{"Name": "/none"}); got != "ParameterNotFound: " {
		t.Errorf("GetParameter(/none) = %s", got)
	}
}

// query sends a request in the Query protocol.
func (s server) query(form, authorization string) (int, string) {
	s.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestCallerIdentity(t *testing.T) {
	s := newServer(t, ecslocal.Account("000000000042"))
	const signed = "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/sts/aws4_request, SignedHeaders=host, Signature=00"
	status, answer := s.query("Action=GetCallerIdentity&Version=2011-06-15", signed)
	for _, want := range []string{"<Account>000000000042</Account>", "<Arn>arn:aws:iam::000000000042:root</Arn>",
		"GetCallerIdentityResult"} {
		if status != 200 || !strings.Contains(answer, want) {
			t.Errorf("GetCallerIdentity = %d %s, want %s", status, answer, want)
		}
	}
	if status, answer := s.query("Action=AssumeRole", signed); status != 400 ||
		!strings.Contains(answer, "<Code>InvalidAction</Code>") {
		t.Errorf("AssumeRole = %d %s", status, answer)
	}
	if status, answer := s.query("Action=GetCallerIdentity", ""); status != 403 ||
		!strings.Contains(answer, "MissingAuthenticationToken") {
		t.Errorf("a request that is not signed = %d %s", status, answer)
	}
}

// TestCheckHost refuses what DNS rebinding sends.
func TestCheckHost(t *testing.T) {
	h := ecslocal.CheckHost(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "ecs.example.com")
	for host, good := range map[string]bool{
		"127.0.0.1:4555": true, "localhost:1": true, "LOCALHOST": true, "[::1]:80": true, "stream-127.0.0.1:4555": true,
		"stream-localhost:1": true,
		"ecs.localhost":      true, "ecs": true, "host.docker.internal:1": true, "ecs.example.com:1": true, "10.1.2.3": true,
		"evil.example.com": false, "127.0.0.1.evil.com": false, "localhost.evil.com:1": false, "": false,
		"stream-evil.com": false,
	} {
		r := httptest.NewRequest(http.MethodPost, "http://localhost/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Code == 200; got != good {
			t.Errorf("Host %q is answered: %t, want %t: %s", host, got, good, w.Body)
		}
	}
}

// TestEnvironmentFiles holds the format and the order that
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
// gives.
func TestEnvironmentFiles(t *testing.T) {
	s := newServer(t, hostProcess(), ecslocal.Buckets(fstest.MapFS{
		"b/first.env":  {Data: []byte("\uFEFF# a comment\n\nA=1\n  B=\"two words\" \nOWN=file\nC=x=y\r\n")},
		"b/second.env": {Data: []byte("A=2\nD=4\n")},
	}))
	files := object{"environment": []object{{"name": "OWN", "value": "own"}}, "environmentFiles": []object{
		{"type": "s3", "value": "arn:aws:s3:::b/first.env"}, {"type": "s3", "value": "arn:aws:s3:::b/second.env"},
	}}
	arn := s.start(shell("a", `echo "$A|$B|$OWN|$C|$D"`, files, logged("g")))
	s.stopped(arn)
	if got, want := s.lines("g", "p/a/"+taskID(arn)), []string{`1|"two words" |own|x=y|4`}; !slices.Equal(got, want) {
		t.Errorf("lines = %q, want %q", got, want)
	}
	missing := object{"environmentFiles": []object{{"type": "s3", "value": "arn:aws:s3:::b/none.env"}}}
	task := s.stopped(s.start(shell("a", "true", missing)))
	if got, want := str(task, "stoppedReason"),
		"ResourceInitializationError: failed to download env files: NoSuchKey: the folder of buckets has no file "+
			"b/none.env"; got != want {
		t.Errorf("stoppedReason = %q, want %q", got, want)
	}
}

// TestLiveTail reads the frames of an event stream as their description has them:
// https://smithy.io/2.0/aws/amazon-eventstream.html
func TestLiveTail(t *testing.T) {
	s := newServer(t, hostProcess(), ecslocal.LogGroups("g"))
	listening := httptest.NewServer(s)
	defer listening.Close()
	s.stopped(s.start(shell("a", "echo wanted 0", logged("g")))) // moments before the session
	r := newRequest("logs:StartLiveTail",
		`{"logGroupIdentifiers":["arn:aws:logs:us-east-1:123456789012:log-group:g"],"logEventFilterPattern":"wanted"}`)
	r.URL.Host, r.RequestURI = strings.TrimPrefix(listening.URL, "http://"), ""
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); got != "application/vnd.amazon.eventstream" {
		t.Fatalf("Content-Type = %q", got)
	}
	next := func() (kind string, payload object) {
		t.Helper()
		prelude := make([]byte, 12)
		if _, err := io.ReadFull(response.Body, prelude); err != nil {
			t.Fatal(err)
		}
		if crc32.ChecksumIEEE(prelude[:8]) != binary.BigEndian.Uint32(prelude[8:]) {
			t.Fatal("the prelude's checksum is wrong")
		}
		rest := make([]byte, binary.BigEndian.Uint32(prelude)-12)
		if _, err := io.ReadFull(response.Body, rest); err != nil {
			t.Fatal(err)
		}
		headers := string(rest[:binary.BigEndian.Uint32(prelude[4:])])
		body := rest[len(headers) : len(rest)-4]
		if crc32.ChecksumIEEE(append(prelude, rest[:len(rest)-4]...)) != binary.BigEndian.Uint32(rest[len(rest)-4:]) {
			t.Fatal("the frame's checksum is wrong")
		}
		_, kind, _ = strings.Cut(headers, ":event-type\x07")
		kind = kind[2 : 2+int(kind[1])]
		if err := json.Unmarshal(body, &payload); err != nil {
			t.Fatal(err)
		}
		return kind, payload
	}
	s.start(shell("a", "echo wanted 1; echo other; echo wanted 2", logged("g")))
	for _, want := range []string{"initial-response", "sessionStart"} {
		if kind, payload := next(); kind != want {
			t.Fatalf("event = %s %v, want %s", kind, payload, want)
		}
	}
	var lines []string
	for range 20 {
		kind, payload := next()
		if kind != "sessionUpdate" {
			t.Fatalf("event = %s %v, want sessionUpdate", kind, payload)
		}
		for i := range payload["sessionResults"].([]any) {
			lines = append(lines, str(payload, "sessionResults", i, "message"))
		}
		if len(lines) >= 3 {
			break
		}
	}
	if !slices.Equal(lines, []string{"wanted 0", "wanted 1", "wanted 2"}) {
		t.Errorf("lines = %q, want wanted 0, wanted 1, wanted 2", lines)
	}
}
