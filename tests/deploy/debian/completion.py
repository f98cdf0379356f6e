"""Completion in bash, by the functions that bash-completion itself brings."""

import os
import tempfile
import unittest

from .built import SOURCE, run, unpacked
from .pages import commands, options

# Does what Readline does on a Tab: sets the words, calls the registered function, prints its answer.
DRIVER = r"""
source /usr/share/bash-completion/bash_completion
source "$1"
shift
compopt() { :; }    # works only where Readline has called
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_POINT=${#COMP_LINE}
COMP_TYPE=9
spec=$(complete -p ferrule)
name=${spec#*-F }
${name%% *} ferrule "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def completed(*words, cwd=None):
    """What is offered for the last word."""
    path = unpacked() / "usr/share/bash-completion/completions/ferrule"
    output = run("bash", "--norc", "-c", DRIVER, "bash", path, "ferrule", *words, cwd=cwd)
    return sorted(line for line in output.splitlines() if line)


class Completion(unittest.TestCase):
    def test_the_installed_file_is_the_source(self):
        path = unpacked() / "usr/share/bash-completion/completions/ferrule"
        self.assertEqual(path.read_bytes(), (SOURCE / "config/ferrule.bash").read_bytes())

    def test_commands(self):
        self.assertEqual(completed(""),
                         ["check", "ctl", "demo", "probe", "run", "selftest", "version"])
        self.assertEqual(completed("c"), ["check", "ctl"])
        self.assertEqual(completed("ctl", ""),
                         ["drain", "log-level", "ready", "reload", "sessions", "status"])
        self.assertEqual(completed("ctl", "--json", "re"), ["ready", "reload"])
        self.assertEqual(completed("ctl", "--socket", "/run/x.sock", "s"), ["sessions", "status"])

    def test_what_a_command_takes(self):
        self.assertEqual(completed("ctl", "sessions", ""), ["kill", "list", "show"])
        self.assertEqual(completed("ctl", "log-level", ""), ["debug", "error", "info", "warning"])
        self.assertEqual(completed("ctl", "sessions", "list", "--c"), ["--client"])
        self.assertEqual(completed("ctl", "sessions", "kill", "7", "--l"), ["--listener"])
        self.assertEqual(completed("ctl", "sessions", "--state", "c"), ["closing", "connecting"])
        self.assertEqual(completed("demo", ""), ["--help", "--metrics-port", "--port"])
        for given in (["probe"], ["probe", "localhost:443"]):
            self.assertEqual(completed(*given, "--s"), ["--send", "--sni"])
            self.assertEqual(completed(*given, "--tls", ""), ["1.2", "1.3"])
        self.assertEqual(completed("selftest", ""), ["endings"])
        self.assertEqual(completed("selftest", "endings", ""), ["--config", "--help", "--json"])
        self.assertEqual(completed("version", "-"), ["--help"])

    def test_numbers_and_names_are_not_guessed(self):
        for option in ("--port", "--metrics-port"):
            self.assertEqual(completed("demo", option, ""), [])
        self.assertEqual(completed("ctl", "sessions", "list", "--client", ""), [])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("a.yaml", "b.yml", "c.txt"):
                open(os.path.join(folder, name), "w", encoding="utf-8").close()
            os.mkdir(os.path.join(folder, "sub"))
            for words in (["check"], ["run", "--config"], ["run", "-c"], ["ctl", "--config"]):
                with self.subTest(words=words):
                    self.assertEqual(completed(*words, "", cwd=folder), ["a.yaml", "b.yml", "sub"])
            self.assertEqual(completed("run", "--config=a", cwd=folder), ["a.yaml"])
            self.assertIn("c.txt", completed("ctl", "--socket", "", cwd=folder))

    def test_everything_that_the_program_knows_is_offered(self):
        for path, help_text in commands():
            with self.subTest(command=path):
                if path:
                    self.assertIn(path[-1], completed(*path[:-1], ""))
                for option in options(help_text):
                    if option.startswith("--"):
                        self.assertIn(option, completed(*path, option))
