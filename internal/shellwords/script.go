package shellwords

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A SplitScript is a shell that is given the flag -c and its script in several
// words: it runs the first and takes the others for the script's arguments, which
// the script does not use. So sh -c exit 137 runs exit and ends with 0.
type SplitScript struct {
	Shell  string   // the shell and its flags, as in "sh -c"
	Script string   // the word that it runs
	Rest   []string // the words after it

	// Certain reports whether it can be nothing but a mistake: the script is one
	// plain word, or a word after it is a shell operator.
	Certain bool

	// InEntryPoint reports whether Fixed is for the entry point, not the command.
	InEntryPoint bool

	// Fixed is the entry point or the command with which all of it runs.
	Fixed []string
}

// String says what the shell does.
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

func shorten(text string) string {
	const most = 60
	if r := []rune(text); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return text
}

// FindSplitScript finds a split script in what a container runs: its entry point,
// which is nil if that is the image's, with its command after it. It finds the
// shell also behind programs that run another, such as env, tini and timeout.
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

// commandLine is what a container runs.
type commandLine struct {
	words []string
	entry int // how many of them are the entry point
}

// locate returns the indices of a shell and of its script, if that is split. It
// is not certain that it is a shell behind a program that is not known.
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
			start = script + 2 // they are a command themselves; the first is the script's name
		case usesArguments.MatchString(text) || len(rest) == 1 && isScriptName(text, rest[0]):
			return 0, 0, false, false
		default:
			return shell, script, certain, true
		}
	}
}

// shell returns the index of the shell that the words from start on run, and
// whether that is certain.
func (c commandLine) shell(start int) (at int, certain, ok bool) {
	if start >= len(c.words) {
		return 0, false, false
	}
	program := c.behindRunners(start)
	if c.isShell(program) {
		return program, true, true
	}
	if program < c.entry && !slices.Contains(c.words[program:c.entry], "--") {
		// A program that is not known, such as an entrypoint.sh. Alone it most likely
		// runs the command as it is.
		if at := c.behindRunners(c.entry); c.isShell(at) {
			return at, c.entry-program == 1, true
		}
	}
	for i := program; i < len(c.words); i++ {
		if c.words[i] == "--" {
			at := c.behindRunners(i + 1)
			return at, slices.Contains(dashed, path.Base(c.words[program])), c.isShell(at)
		}
	}
	return 0, false, false
}

// dashed are programs that run the command after their --.
var dashed = []string{
	"aws-vault", "berglas", "chamber", "doppler", "dotenv", "envconsul", "infisical", "op", "vault-env",
	"wait-for", "wait-for-it", "wait-for-it.sh",
}

// RunsShell reports whether what a container runs is a shell, which expands what
// it is given by rules of its own.
func RunsShell(entryPoint, command []string) bool {
	c := commandLine{slices.Concat(entryPoint, command), len(entryPoint)}
	at := c.behindRunners(0)
	if _, _, ok := c.shell(0); ok || at >= len(c.words) {
		return ok
	}
	return slices.Contains([]string{"fish", "csh", "tcsh", "pwsh", "powershell", "powershell.exe"},
		path.Base(c.words[at]))
}

// Script returns the words as a script that runs them.
func Script(words []string) string {
	var parts []string
	for _, word := range words {
		parts = append(parts, requote(word))
	}
	return strings.Join(parts, " ")
}

// shells are programs that take their script from the word after -c.
var shells = []string{"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"}

func (c commandLine) isShell(i int) bool {
	return i < len(c.words) && slices.Contains(shells, path.Base(c.words[i]))
}

// script returns the index of a shell's script, if it has the flag -c. The script
// is the first word that is no flag, which need not be the word after -c.
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
			i += strings.Count(word, "o") + strings.Count(word, "O") // each takes the name of an option
		default:
			return i, ok
		}
	}
	return 0, false
}

// A runner is a program that runs the command after its own words.
type runner struct {
	valued      []string // flags that take the next word
	operands    int      // words of its own that are no flags
	assignments bool     // NAME=value words may stand before the command
	subcommand  string   // the first word of its own, without which it runs no other program; empty for none
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

var assignment = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`)

// behindRunners returns the index of the program that runs in the end.
func (c commandLine) behindRunners(i int) int {
	for i < len(c.words) {
		r, ok := runners[path.Base(c.words[i])]
		if !ok || r.subcommand != "" && (i+1 >= len(c.words) || c.words[i+1] != r.subcommand) {
			return i
		}
		i++
		if r.subcommand != "" {
			i++
		}
		i = c.behind(r, i)
	}
	return i
}

// behind returns the index of the command of one runner.
func (c commandLine) behind(r runner, i int) int {
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
	// plainWord is a script that a shell would not split.
	plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:@%+,=^-]+$`)

	// usesArguments is a script that names its arguments anywhere, be it in quotes.
	usesArguments = regexp.MustCompile(`\$[0-9@*#]|\$\{[#!]?[0-9@*#]|\b(shift|getopts|BASH_ARG[VC]|argv)\b|\bfor\s+[A-Za-z_][A-Za-z0-9_]*\s*[;\n]?\s*do\b`)

	// runsArguments is a script that ends with running its arguments.
	runsArguments = regexp.MustCompile(`(^|[;&|\n]\s*)(exec\s+)?"\$(@|\{@\})"\s*;?\s*$`)

	setsOptions = regexp.MustCompile(`^set [-+][A-Za-z]+( [a-z]+)?$`)

	compound   = regexp.MustCompile(`[;&|(){}\n]`)
	scriptName = regexp.MustCompile(`^[A-Za-z_./][A-Za-z0-9_.:/-]*$`)
	notInPath  = regexp.MustCompile(`[^A-Za-z0-9_./:-]+`)
)

// isScriptName reports whether the one word after a script is only the name that
// it goes by, its $0: a name that is usual, one out of the script, or any name for
// a script of several commands. For a single command it may as well be an argument
// of that.
func isScriptName(script, word string) bool {
	base := path.Base(word)
	if usualName(word) {
		return true
	}
	for _, part := range notInPath.Split(script, -1) {
		if part != "" && path.Base(part) == base {
			return true
		}
	}
	return compound.MatchString(script) && scriptName.MatchString(word)
}

func usualName(word string) bool {
	return slices.Contains([]string{"-", "--", "_"}, word) || slices.Contains(shells, path.Base(word))
}

var operator = regexp.MustCompile(`^(&&|\|\|?|\|&|;;?|&|\(|\)|&>>?.*|[0-9]*(>>?|<<?<?|>\||>&|<&|<>)[^ ]*)$`)

// isOperator reports whether a word has, unquoted, what ends a command in a shell
// or redirects it.
func isOperator(word string) bool {
	return operator.MatchString(word) ||
		strings.HasSuffix(word, ";") && !strings.HasSuffix(word, `\;`) && !strings.ContainsAny(word, " '\"")
}

// fix returns the entry point or the command, whichever changes, such that all
// words run.
func (c commandLine) fix(script int) (words []string, inEntryPoint bool) {
	if script < c.entry && c.entry < len(c.words) {
		// The script stays in the entry point and hands on the command.
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

// join makes one script of words. What is a split script itself becomes one that
// is not.
func join(words []string) string {
	if inner, ok := FindSplitScript(nil, words); ok {
		words = inner.Fixed
	}
	script, rest := words[0], words[1:]
	if len(rest) > 1 && usualName(rest[0]) && !slices.Contains(shells, path.Base(script)) {
		rest = rest[1:] // the name that it goes by
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

// areCommands reports whether each word is a whole command, as the lines of a
// script are in a list.
func areCommands(words []string) bool {
	return len(words) > 1 && !slices.ContainsFunc(words, func(word string) bool {
		split, err := Split(word)
		return err != nil || len(split) < 2 || strings.HasPrefix(word, "-")
	})
}

// requote returns a word as a script has it: as it is if it is an operator or one
// word to a shell too, else in quotes.
func requote(word string) string {
	if split, err := Split(word); isOperator(word) || err == nil && len(split) == 1 && !strings.HasPrefix(word, "#") {
		return word
	}
	if strings.ContainsAny(word, "$`") {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
