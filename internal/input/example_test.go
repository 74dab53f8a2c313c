package input_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/input"
)

func ExampleRead() {
	flags := map[string]string{"definition": "web:7", "timeout": "1h30m"}
	environ := map[string]string{"INPUT_CLUSTER": "prod", "PLUGIN_COUNT": "2"}
	lookup := func(name string) (string, bool) {
		value, ok := environ[name]
		return value, ok
	}
	var config input.Config
	if err := input.Read(&config, flags, lookup); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(config.Definition, config.Cluster, config.Count, config.Timeout)
	// Output: web:7 prod 2 1h30m0s
}

func ExampleParseDotenv() {
	pairs, err := input.ParseDotenv("# database\nexport HOST=db.example\nMOTD=\"two\\nlines\"\n")
	fmt.Printf("%q %v\n", pairs, err)
	// Output: [{"HOST" "db.example"} {"MOTD" "two\nlines"}] <nil>
}
