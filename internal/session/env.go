package session

import (
	"strings"
	"time"

	"github.com/ecs-run-task/ecs-run-task/internal/ci"
	"github.com/ecs-run-task/ecs-run-task/internal/event"
	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

// Env is what a session has of the operating system.
type Env struct {
	LookupEnv func(string) (string, bool)
	Unsetenv  func(string) error // the AWS SDK reads the environment by itself
	CI        ci.Run
}

func (e Env) getenv(name string) string {
	value, _ := e.LookupEnv(name)
	return value
}

// Options say which session is wanted.
type Options struct {
	input.AWSAccess
	Wait time.Duration // for which the credentials have to last; 0 if it does not matter
}

// connector is a session that is being made.
type connector struct {
	env     Env
	options Options
	emit    event.Sink
}

// credentialsTimeout is how long the search for credentials may take: the SDK's
// own would wait longer for services that are not there in a container.
const credentialsTimeout = 4 * time.Second

// lookedEverywhere reports whether the SDK found no credentials anywhere: it looks for the
// role of the machine last.
func lookedEverywhere(err error) bool { return strings.Contains(err.Error(), "no EC2 IMDS role found") }
