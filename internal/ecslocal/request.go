package ecslocal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal/wire"
)

// A service is a service of AWS with the AWS JSON protocol.
type service struct {
	name   string // in signatures, and before the names of its operations, except of ECS
	target string // in X-Amz-Target
}

var services = []service{
	{"ecs", "AmazonEC2ContainerServiceV20141113"},
	{"logs", "Logs_20140328"},
	{"secretsmanager", "secretsmanager"},
	{"ssm", "AmazonSSM"},
}

// read returns the operation of a request, the region for which it was signed, and the body.
func (s *Server) read(w http.ResponseWriter, r *http.Request, contentType string) (name, region string, body []byte,
	err error) {
	target, name, found := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	i := slices.IndexFunc(services, func(s service) bool { return s.target == target })
	if !found || i < 0 || strings.Contains(name, ":") {
		return "", "", nil, wire.Refuse("UnknownOperationException",
			"X-Amz-Target must name an operation of ECS, CloudWatch Logs, Secrets Manager or SSM")
	}
	if contentType != wire.ContentType {
		return "", "", nil, wire.Refuse("SerializationException", "Content-Type must be "+wire.ContentType)
	}
	service := services[i].name
	if region, err = s.scope(r.Header.Get("Authorization"), service); err != nil {
		return "", "", nil, err
	}
	if service != "ecs" {
		name = service + ":" + name
	}
	body, err = readBody(w, r)
	return name, region, body, err
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = wire.RefuseStatus(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException",
			fmt.Sprintf("the body is larger than %d bytes", wire.MaxBody))
	}
	return body, err
}

// scope returns the region of the credential scope of a signature. There must be a signature;
// it is not verified, because every key is valid.
func (s *Server) scope(authorization, service string) (region string, err error) {
	missing := wire.RefuseStatus(http.StatusForbidden, "MissingAuthenticationTokenException",
		"Missing Authentication Token")
	fields, signed := strings.CutPrefix(authorization, "AWS4-HMAC-SHA256 ")
	if !signed || !strings.Contains(fields, "Signature=") {
		return "", missing
	}
	_, credential, _ := strings.Cut(fields, "Credential=")
	credential, _, _ = strings.Cut(credential, ",")
	parts := strings.Split(strings.TrimSpace(credential), "/")
	if len(parts) < 5 {
		return "", missing
	}
	region, signedFor := parts[len(parts)-3], parts[len(parts)-2]
	switch {
	case signedFor != service:
		return "", wire.Refuse("InvalidSignatureException",
			fmt.Sprintf("Credential should be scoped to correct service: '%s'. ", service))
	case service == "ecs" && region != s.account.Region:
		return "", wire.Refuse("InvalidSignatureException",
			fmt.Sprintf("Credential should be scoped to a valid region. This is %s, not %s.", s.account.Region, region))
	}
	return region, nil
}

// stall waits, and reports whether the client still waits for the response.
func (s *Server) stall(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-s.engine.Life().Done():
	}
	return false
}

// decide records a call and returns its effects.
func (s *Server) decide(operation string, request object) plan {
	s.calls.Lock()
	defer s.calls.Unlock()
	s.calls.count[operation]++
	call := Call{Operation: operation, N: s.calls.count[operation], Request: request}
	if s.calls.record != nil {
		s.calls.record(call)
	}
	p := plan{call: call, account: s.account.ID}
	for _, choose := range s.calls.choose {
		if e := choose(call); e != nil {
			e(&p)
		}
	}
	return p
}
