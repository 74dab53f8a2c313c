package session

import (
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// Env is the access of a session to the operating system.
type Env struct {
	LookupEnv func(string) (string, bool)
	Unsetenv  func(string) error // needed because the AWS SDK reads the environment itself
	CI        ci.Run
}

func (e Env) getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// Options configures a session.
type Options struct {
	input.AWSAccess
	Wait time.Duration // how long the credentials have to be valid; 0 means any time
}

// connector creates a session.
type connector struct {
	env     Env
	options Options
	emit    event.Sink
}

// credentialsTimeout is the limit for finding credentials. The SDK would wait longer for
// services that do not exist in a container.
const credentialsTimeout = 4 * time.Second

// triedAllSources reports whether the SDK has tried all its sources; the role of the
// machine is the last one.
func triedAllSources(err error) bool { return strings.Contains(err.Error(), "no EC2 IMDS role found") }
