package e2e

import (
	"go/build"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowedImports is the direction of the data: the packages of this module that each package may
// import, by their folders in internal. The key of package main is empty. Every package must be
// in this table.
var allowedImports = map[string][]string{
	"": {"action"},
	"action": {"awscli", "changes", "check", "ci", "cli", "cluster", "conclude", "embedded", "event", "explain", "git",
		"input", "ledger", "leftover", "logs", "outcome", "ownership", "plan", "policy", "publish", "registry", "report",
		"result", "run", "runtask", "scaffold", "session", "shutdown", "stage", "tail", "task", "taskdef", "turn"},
	"changes": {"cluster", "event", "explain", "task", "taskdef"},
	"check":   {"document", "event", "explain", "input", "plan", "report", "source", "taskdef"},
	"conclude": {"changes", "cluster", "diagnose", "event", "explain", "input", "joined", "ledger",
		"outcome", "outputs",
		"plan", "result", "task", "taskdef", "verdict"},
	"embedded": {"ecslocal", "ecslocal/runtime", "input", "lazyregexp", "scenario", "session", "task"},
	"publish":  {"conclude", "event", "logs", "report", "result", "resultfile"},
	"ci":       {"expand", "expr", "lazyregexp"},
	"cli":      {"input", "nearest"},
	"diagnose": {"awsfacts", "lazyregexp"},
	"document": {},
	"e2e":      {},
	"ecslocal": {"ecslocal/definitions", "ecslocal/logs", "ecslocal/rules", "ecslocal/runtime", "ecslocal/secrets",
		"ecslocal/tasks", "ecslocal/wire"},
	"event":  {"diagnose", "document", "task"},
	"expand": {"document", "expr", "nearest"},
	"expr":   {"nearest"},
	"git":    {"git/objects", "git/remote", "git/server", "lazyregexp", "nearest"},
	"input":  {"awsfacts", "lazyregexp", "nearest", "placeholder", "shellwords"},
	"leftover": {"awscli", "ci", "cluster", "event", "explain", "input", "ledger", "logs", "ownership", "plan", "registry",
		"session", "sleep", "stage", "task", "verdict"},
	"lookup":    {"awserr", "awsfacts"},
	"logs":      {"diagnose", "event", "explain", "outputs", "session", "tail", "task", "verdict"},
	"nearest":   {},
	"outputs":   {},
	"policy":    {"awsfacts", "document", "input", "lookup", "runtask", "taskdef"},
	"preflight": {"awsfacts", "document", "input", "lookup", "taskdef"},
	"report":    {"event", "masks", "plaintext", "result", "summary", "task", "verdict"},
	"result":    {"diagnose", "event", "outputs", "plaintext", "task", "taskdef", "verdict"},
	"runtask": {"apischema", "awsfacts", "document", "input", "joined", "nearest", "placeholder", "shellwords",
		"taskdef"},
	"explain": {"cluster", "diagnose", "document", "event", "input", "joined", "lazyregexp", "task", "taskdef",
		"verdict"},
	"ownership": {"ci"},
	"plan": {"awsfacts", "ci", "cluster", "document", "event", "expand", "expr", "git", "input", "localrun",
		"lookup", "nearest", "outputs", "ownership", "preflight", "runtask", "session", "source", "task",
		"taskdef", "verdict"},
	"run": {"awserr", "cluster", "event", "explain", "ledger", "outcome", "ownership", "plan", "shutdown", "sleep",
		"stage", "task", "turn", "verdict"},
	"scaffold": {"document"},
	"source":   {"git", "nearest"},
	"session":  {"awserr", "ci", "event", "explain", "input", "lookup", "ownership", "sleep"},
	"tail":     {},
	"task":     {"awserr", "sleep", "verdict"},
	"verdict":  {},
	"cluster":  {"awserr", "sleep", "task", "verdict"},
	"awserr":   {},
	"localrun": {"awsfacts", "input", "runtask", "taskdef"},
	"turn": {"awscli", "awserr", "awsfacts", "cluster", "event", "explain", "outcome", "outputs", "ownership", "plan",
		"sleep", "stage", "task"},
	"registry": {"awscli", "event", "explain", "outcome", "plan", "stage", "task", "taskdef"},
	"stage":    {"awscli", "cluster", "event", "explain", "ledger", "plan", "task"},
	"outcome":  {"plan", "shutdown", "task", "verdict"},
	"ledger":   {"awscli", "event", "task"},
	"shutdown": {},
	"runtest": {"cluster", "ecslocal", "ecslocal/runtime", "event", "explain", "input", "ledger", "outcome", "plan",
		"registry", "run", "session", "stage", "task", "turn"},
	"lazyregexp": {},
	"taskdef":    {"apischema", "awsfacts", "document", "nearest", "taskdef/rules"},

	"apischema":     {"awsfacts", "document", "lazyregexp", "nearest", "shellwords"},
	"taskdef/rules": {"apischema", "awsfacts", "document", "lazyregexp", "nearest", "placeholder", "shellwords"},

	"summary":           {"event", "outputs", "plaintext", "result", "task", "verdict"},
	"resultfile":        {"event", "plaintext", "result", "task", "verdict"},
	"result/resulttest": {"diagnose", "event", "outputs", "result", "task", "verdict"},

	"document/documenttest": {"document"},
	"golden":                {},
	"taskdef/taskdeftest":   {"document/documenttest", "taskdef"},
	"verdict/verdicttest":   {},

	"awscli":      {},
	"awsfacts":    {"lazyregexp"},
	"joined":      {},
	"parallel":    {},
	"sleep":       {},
	"masks":       {},
	"plaintext":   {},
	"placeholder": {"lazyregexp"},
	"shellwords":  {"lazyregexp", "plaintext"},

	"git/knownhosts": {},
	"git/objects":    {},
	"git/remote":     {"lazyregexp"},
	"git/server":     {"git/knownhosts", "git/objects", "git/remote"},

	"scenario":             {"document", "ecslocal", "nearest"},
	"ecslocal/definitions": {"ecslocal/rules", "ecslocal/wire"},
	"ecslocal/tasks": {
		"ecslocal/definitions",
		"ecslocal/logs",
		"ecslocal/rules",
		"ecslocal/runtime",
		"ecslocal/secrets",
		"ecslocal/wire",
	},
	"ecslocal/logs":    {"ecslocal/wire"},
	"ecslocal/rules":   {"ecslocal/wire"},
	"ecslocal/runtime": {"ecslocal/wire"},
	"ecslocal/secrets": {"ecslocal/wire"},
	"ecslocal/wire":    {},
}

// everywhere are packages with one function of a few lines, which any other package may import.
var everywhere = []string{"joined", "parallel", "sleep"}

// stdlibOnly reports whether a package may import only the standard library and the packages of
// ecslocal. The local ECS must not share misunderstandings of ECS with this program or the SDK.
func stdlibOnly(name string) bool { return name == "ecslocal" || strings.HasPrefix(name, "ecslocal/") }

func TestImports(t *testing.T) {
	architecture, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(".", func(dir string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); dir != "." &&
			(strings.HasPrefix(name, ".") || name == "testdata" || name == "examples") {
			return filepath.SkipDir
		}
		pkg, err := build.ImportDir(dir, 0)
		if _, none := err.(*build.NoGoError); none {
			return nil
		}
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(filepath.ToSlash(dir), "."), "internal/")
		allowed, known := allowedImports[name]
		if !known {
			t.Errorf("package %s has no row in the table", dir)
		}
		if name != "" && !strings.Contains(string(architecture), "`"+name+"`") {
			t.Errorf("docs/architecture.md does not mention %s", name)
		}
		for _, imported := range pkg.Imports {
			target, ours := strings.CutPrefix(imported,
				"github.com/ecs-run-task/ecs-run-task/internal/")
			if ours && !slices.Contains(slices.Concat(allowed, everywhere), target) {
				t.Errorf("%s imports %s, against the direction of the data", dir, imported)
			}
			own := strings.HasPrefix(imported, "github.com/ecs-run-task/ecs-run-task/internal/ecslocal/")
			if stdlibOnly(name) && strings.Contains(imported, ".") && !own {
				t.Errorf("%s imports %s: it may import the standard library and the packages of ecslocal only",
					dir, imported)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
