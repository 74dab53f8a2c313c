package shellwords

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/ecs-run-task/ecs-run-task/internal/lazyregexp"
	"github.com/ecs-run-task/ecs-run-task/internal/plaintext"
)

// A SplitScript is a command in which a shell gets the flag -c and its script in several
// words. The shell runs only the first of them. The others are arguments of the script,
// which the script does not use. For example, sh -c exit 137 runs exit and ends with 0.
type SplitScript struct {
	Shell  string   // the shell and its flags, such as "sh -c"
	Script string   // the word that the shell runs
	Rest   []string // the words after it

	// Certain is true if this must be a mistake: the script is one plain word, or a word
	// after it is a shell operator.
	Certain bool

	// InEntryPoint is true if Fixed replaces the entry point, and false for the command.
	InEntryPoint bool

	// Fixed is the corrected entry point or command, with which the shell runs all words.
	Fixed []string
}

// String describes what the shell does.
func (s SplitScript) String() string {
	var rest []string
	for _, word := range s.Rest {
		rest = append(rest, strconv.Quote(shorten(word)))
	}
	verb := "is an argument"
	if len(rest) > 1 {
		verb = "are arguments"
	}
	if most := 5; len(rest) > most {
		rest = append(rest[:most], "…")
	}
	return fmt.Sprintf("%s runs only the next word, %q; %s after it %s that the script does not use",
		shorten(s.Shell), shorten(s.Script), strings.Join(rest, " "), verb)
}

// shorten shortens a word for a message.
func shorten(text string) string { return plaintext.Clip(text, 60) }

// FindSplitScript finds a split script in the entry point and command of a container.
// entryPoint is nil if it is that of the image. FindSplitScript also finds a shell behind
// programs that run another program, such as env, tini and timeout.
func FindSplitScript(entryPoint, command []string) (SplitScript, bool) {
	c := commandLine{slices.Concat(entryPoint, command), len(entryPoint)}
	shell, script, certain, ok := c.locate()
	if !ok {
		return SplitScript{}, false
	}
	rest := c.words[script+1:]
	found := SplitScript{
		Shell: strings.Join(c.words[shell:script], " "), Script: c.words[script], Rest: rest,
		Certain: certain &&
			(plainWord.MatchString(strings.TrimSuffix(c.words[script], ";")) || slices.ContainsFunc(rest, isOperator)),
	}
	found.Fixed, found.InEntryPoint = c.fix(script)
	return found, true
}

// commandLine is the entry point and command of a container.
type commandLine struct {
	words []string
	entry int // number of words that belong to the entry point
}

// locate returns the indices of a shell and of its script, if the script is split. certain
// is false if the shell is behind an unknown program.
func (c commandLine) locate() (shell, script int, certain, ok bool) {
	start := 0
	for certain = true; ; {
		sure := false
		if shell, sure, ok = c.shell(start); !ok {
			return 0, 0, false, false
		}
		certain = certain && sure
		if script, ok = c.script(shell); !ok || script+1 >= len(c.words) {
			return 0, 0, false, false
		}
		text, rest := c.words[script], c.words[script+1:]
		switch {
		case runsArguments.MatchString(text):
			start = script + 2 // the arguments are a command; the first is the script's name
		case usesArguments.MatchString(text) || len(rest) == 1 && isScriptName(text, rest[0]):
			return 0, 0, false, false
		default:
			return shell, script, certain, true
		}
	}
}

// shell returns the index of the shell that the words from start on run. certain is false
// if an unknown program is before it.
func (c commandLine) shell(start int) (at int, certain, ok bool) {
	if start >= len(c.words) {
		return 0, false, false
	}
	program := c.skipRunners(start)
	if c.isShell(program) {
		return program, true, true
	}
	if program < c.entry && !slices.Contains(c.words[program:c.entry], "--") {
		// An unknown program, such as entrypoint.sh. If it is the only word of the entry
		// point, it most likely runs the command unchanged.
		if at := c.skipRunners(c.entry); c.isShell(at) {
			return at, c.entry-program == 1, true
		}
	}
	for i := program; i < len(c.words); i++ {
		if c.words[i] == "--" {
			at := c.skipRunners(i + 1)
			return at, slices.Contains(dashDashRunners, path.Base(c.words[program])), c.isShell(at)
		}
	}
	return 0, false, false
}

// dashDashRunners are programs that run the command after --.
var dashDashRunners = []string{
	"aws-vault", "berglas", "chamber", "doppler", "dotenv", "envconsul", "infisical", "op", "vault-env",
	"wait-for", "wait-for-it", "wait-for-it.sh",
}

// RunsShell reports whether a container runs a shell, which expands its arguments itself.
func RunsShell(entryPoint, command []string) bool {
	c := commandLine{slices.Concat(entryPoint, command), len(entryPoint)}
	at := c.skipRunners(0)
	if _, _, ok := c.shell(0); ok || at >= len(c.words) {
		return ok
	}
	return slices.Contains([]string{"fish", "csh", "tcsh", "pwsh", "powershell", "powershell.exe"},
		path.Base(c.words[at]))
}

// Script returns a shell script that runs the words as one command.
func Script(words []string) string {
	var parts []string
	for _, word := range words {
		parts = append(parts, requote(word))
	}
	return strings.Join(parts, " ")
}

// shells are programs that run a script after the flag -c.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"}

func (c commandLine) isShell(i int) bool {
	return i < len(c.words) && slices.Contains(shells, path.Base(c.words[i]))
}

// script returns the index of a shell's script, if the shell has the flag -c. The script is
// the first word that is not a flag, which is not always the word after -c.
func (c commandLine) script(shell int) (at int, ok bool) {
	for i := shell + 1; i < len(c.words); i++ {
		switch word := c.words[i]; {
		case word == "--" || word == "-":
			return i + 1, ok && i+1 < len(c.words)
		case word == "--rcfile" || word == "--init-file":
			i++
		case strings.HasPrefix(word, "--"):
		case len(word) > 1 && (word[0] == '-' || word[0] == '+'):
			ok = ok || word[0] == '-' && strings.Contains(word, "c")
			i += strings.Count(word, "o") + strings.Count(word, "O") // each is followed by the name of an option
		default:
			return i, ok
		}
	}
	return 0, false
}

// A runner is a program that runs the command after its own arguments.
type runner struct {
	valued      []string // flags with a value in the next word
	operands    int      // number of its arguments that are not flags
	assignments bool     // NAME=value words may come before the command
	subcommand  string   // its first argument, if it runs a command only with this one; may be empty
}

var runners = map[string]runner{
	"env":                      {valued: []string{"-u", "--unset", "-C", "--chdir"}, assignments: true},
	"tini":                     {valued: []string{"-p", "-e"}},
	"tini-static":              {valued: []string{"-p", "-e"}},
	"docker-init":              {valued: []string{"-p", "-e"}},
	"dumb-init":                {valued: []string{"-r", "--rewrite"}},
	"catatonit":                {},
	"busybox":                  {},
	"nohup":                    {},
	"setsid":                   {},
	"time":                     {valued: []string{"-f", "-o"}},
	"nice":                     {valued: []string{"-n"}},
	"ionice":                   {valued: []string{"-c", "-n"}},
	"stdbuf":                   {valued: []string{"-i", "-o", "-e"}},
	"timeout":                  {valued: []string{"-s", "--signal", "-k", "--kill-after"}, operands: 1},
	"gosu":                     {operands: 1},
	"su-exec":                  {operands: 1},
	"chroot":                   {operands: 1},
	"sudo":                     {valued: []string{"-u", "-g"}, assignments: true},
	"doas":                     {valued: []string{"-u"}},
	"runuser":                  {valued: []string{"-u", "--user", "-g", "-G"}},
	"setpriv":                  {valued: []string{"--reuid", "--regid", "--groups"}},
	"s6-setuidgid":             {operands: 1},
	"unshare":                  {},
	"flock":                    {valued: []string{"-w", "--timeout", "-E"}, operands: 1},
	"xvfb-run":                 {valued: []string{"-n", "-s", "-f", "-e", "-w", "-p"}},
	"ddtrace-run":              {},
	"opentelemetry-instrument": {},
	"newrelic-admin":           {subcommand: "run-program"},
	"bundle":                   {subcommand: "exec"},
	"poetry":                   {subcommand: "run"},
	"pipenv":                   {subcommand: "run"},
	"uv":                       {subcommand: "run"},
}

var assignment = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_]*=`)

// skipRunners returns the index of the first program that is not a runner.
func (c commandLine) skipRunners(i int) int {
	for i < len(c.words) {
		r, ok := runners[path.Base(c.words[i])]
		if !ok || r.subcommand != "" && (i+1 >= len(c.words) || c.words[i+1] != r.subcommand) {
			return i
		}
		i++
		if r.subcommand != "" {
			i++
		}
		i = c.skipRunner(r, i)
	}
	return i
}

// skipRunner returns the index of the command of a runner.
func (c commandLine) skipRunner(r runner, i int) int {
	flags, operands := true, r.operands
	for ; i < len(c.words); i++ {
		switch word := c.words[i]; {
		case flags && word == "--":
			flags = false
		case flags && slices.Contains(r.valued, word):
			i++
		case flags && strings.HasPrefix(word, "-"):
		case r.assignments && assignment.MatchString(word):
			flags = false
		case operands > 0:
			operands--
			flags = false
		default:
			return i
		}
	}
	return i
}

var (
	// plainWord matches a script that consists of one word.
	plainWord = lazyregexp.New(`^[A-Za-z0-9_./:@%+,=^-]+$`)

	// usesArguments matches a script that uses its arguments anywhere, even in quotes.
	usesArguments = lazyregexp.New(`\$[0-9@*#]|\$\{[#!]?[0-9@*#]|\b(shift|getopts|BASH_ARG[VC]|argv)\b|` +
		`\bfor\s+[A-Za-z_][A-Za-z0-9_]*\s*[;\n]?\s*do\b`)

	// runsArguments matches a script that runs its arguments at its end.
	runsArguments = lazyregexp.New(`(^|[;&|\n]\s*)(exec\s+)?"\$(@|\{@\})"\s*;?\s*$`)

	setsOptions = lazyregexp.New(`^set [-+][A-Za-z]+( [a-z]+)?$`)

	compound   = lazyregexp.New(`[;&|(){}\n]`)
	scriptName = lazyregexp.New(`^[A-Za-z_./][A-Za-z0-9_.:/-]*$`)
	notInPath  = lazyregexp.New(`[^A-Za-z0-9_./:-]+`)
)

// isScriptName reports whether the only word after a script is its name, $0: a usual name,
// a name that occurs in the script, or any name after a script of several commands. After
// a single command, the word may also be an argument of that command.
func isScriptName(script, word string) bool {
	base := path.Base(word)
	if isUsualName(word) {
		return true
	}
	for _, part := range notInPath.Split(script, -1) {
		if part != "" && path.Base(part) == base {
			return true
		}
	}
	return compound.MatchString(script) && scriptName.MatchString(word)
}

func isUsualName(word string) bool {
	return slices.Contains([]string{"-", "--", "_"}, word) || slices.Contains(shells, path.Base(word))
}

var operator = lazyregexp.New(`^(&&|\|\|?|\|&|;;?|&|\(|\)|&>>?.*|[0-9]*(>>?|<<?<?|>\||>&|<&|<>)[^ ]*)$`)

// isOperator reports whether a word is a shell operator that ends or redirects a command,
// or ends with a semicolon.
func isOperator(word string) bool {
	return operator.MatchString(word) ||
		strings.HasSuffix(word, ";") && !strings.HasSuffix(word, `\;`) && !strings.ContainsAny(word, " '\"")
}

// fix returns the corrected entry point or command, whichever has to change so that the
// shell runs all words.
func (c commandLine) fix(script int) (words []string, inEntryPoint bool) {
	if script < c.entry && c.entry < len(c.words) {
		// The script stays in the entry point and runs the command.
		words = append(slices.Clone(c.words[:script]), c.words[script]+` "$@"`)
		if names := c.words[script+1 : c.entry]; len(names) > 0 {
			return append(words, names...), true
		}
		return append(words, "sh"), true
	}
	first := 0
	if script >= c.entry {
		first = c.entry
	}
	return append(slices.Clone(c.words[first:script]), join(c.words[script:])), script < c.entry
}

// join joins words to one script. If the words contain a split script themselves, it is
// corrected first.
func join(words []string) string {
	if inner, ok := FindSplitScript(nil, words); ok {
		words = inner.Fixed
	}
	script, rest := words[0], words[1:]
	if len(rest) > 1 && isUsualName(rest[0]) && !slices.Contains(shells, path.Base(script)) {
		rest = rest[1:] // the name of the script
	}
	separator := " "
	if areCommands(words) || setsOptions.MatchString(script) && !slices.ContainsFunc(rest, isOperator) {
		separator = " && "
	}
	parts := []string{script}
	for _, word := range rest {
		if separator == " " {
			word = requote(word)
		}
		parts = append(parts, word)
	}
	return strings.Join(parts, separator)
}

// areCommands reports whether each word is a complete command, as in a list of lines of a
// script.
func areCommands(words []string) bool {
	return len(words) > 1 && !slices.ContainsFunc(words, func(word string) bool {
		split, err := Split(word)
		return err != nil || len(split) < 2 || strings.HasPrefix(word, "-")
	})
}

// requote returns a word for a script: unchanged if it is an operator or a single word for
// the shell, otherwise in quotes.
func requote(word string) string {
	if split, err := Split(word); isOperator(word) || err == nil && len(split) == 1 && !strings.HasPrefix(word, "#") {
		return word
	}
	if strings.ContainsAny(word, "$`") {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
