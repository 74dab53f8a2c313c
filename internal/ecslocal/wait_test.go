package ecslocal_test

import (
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ecslocal"
)

// waited describes a task with the headers that wait for a change.
func (s server) waited(arn, seconds string, known int) (status int, answer string, took time.Duration) {
	s.t.Helper()
	r := newRequest("DescribeTasks", fmt.Sprintf(`{"tasks":[%q]}`, arn))
	r.Header.Set(ecslocal.WaitHeader, seconds)
	if known > 0 {
		r.Header.Set(ecslocal.KnownHeader, fmt.Sprintf("%s=%d", taskID(arn), known))
	}
	began := time.Now()
	response, err := ecslocal.Transport(s).RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response.StatusCode, string(body), time.Since(began)
}

// TestWait lets DescribeTasks be answered when a task changes.
func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, ecslocal.Execute(&actor{}), seconds)
		arn := s.start(act("a", "5s", "0", "0"))
		version := int(num(s.describe(arn), "version"))
		if _, answer, took := s.waited(arn, "20", version); took != time.Second {
			t.Errorf("answered after %s, want the 1s that the task is PROVISIONING: %s", took, answer)
		}
		if _, answer, took := s.waited(arn, "20", version); took != 0 {
			t.Errorf("a change that the client does not know is answered after %s, want at once: %s", took, answer)
		}
		s.reach(arn, "RUNNING")
		if _, answer, took := s.waited(arn, "2.5", int(num(s.describe(arn), "version"))); took != 2500*time.Millisecond {
			t.Errorf("answered after %s without a change, want 2.5s: %s", took, answer)
		}
		time.Sleep(time.Minute)
		s.stopped(arn)
		if _, answer, took := s.waited(arn, "20", 0); took != 0 {
			t.Errorf("a task that is STOPPED is answered after %s, want at once: %s", took, answer)
		}
		if _, answer, took := s.waited(arn+"x", "20", 0); took != 0 {
			t.Errorf("a task that is MISSING is answered after %s, want at once: %s", took, answer)
		}
		for _, wrong := range []string{"x", "-1", "61", "NaN"} {
			if status, answer, _ := s.waited(arn, wrong, 0); status != 400 {
				t.Errorf("%s: %s = %d %s, want it refused", ecslocal.WaitHeader, wrong, status, answer)
			}
		}
	})
}
