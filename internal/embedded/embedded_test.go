package embedded

import (
	"errors"
	"os"
	"testing"
)

// Without Docker, a local run with Docker fails before it registers anything.
func TestNoDocker(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Connect(t.Context(), Env{LookupEnv: os.LookupEnv}, Run{Executor: "docker"})
	var missing *NoDockerError
	if !errors.As(err, &missing) || missing.Why != "there is no docker command" {
		t.Errorf("Connect() = %v, want that there is no docker command", err)
	}
	clients, err := Connect(t.Context(), Env{LookupEnv: os.LookupEnv}, Run{Executor: "process"})
	if err != nil {
		t.Fatal(err)
	}
	clients.Close()
}
