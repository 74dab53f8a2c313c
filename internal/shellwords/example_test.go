package shellwords_test

import (
	"fmt"

	"github.com/ecs-run-task/ecs-run-task/internal/shellwords"
)

func ExampleSplit() {
	words, err := shellwords.Split(`rake 'db:migrate' --trace VERSION=$V`)
	fmt.Printf("%q %v\n", shellwords.Texts(words), err)
	fmt.Println(words[3].Expansion)

	_, err = shellwords.Split("make && make test")
	fmt.Println(err)
	// Output:
	// ["rake" "db:migrate" "--trace" "VERSION=$V"] <nil>
	// $V
	// character 6 is the shell operator &, but no shell runs the command: quote it, or use sh -c '…'
}

func ExampleFindSplitScript() {
	found, ok := shellwords.FindSplitScript(nil, []string{"sh", "-c", "exit", "137"})
	fmt.Println(ok)
	fmt.Println(found)
	fmt.Printf("%q\n", found.Fixed)
	// Output:
	// true
	// sh -c runs only the next word, "exit"; "137" after it is an argument that the script does not use
	// ["sh" "-c" "exit 137"]
}
