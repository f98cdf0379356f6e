"""The table of endings as tests.

A row is a function that plays both peers of a session through the daemon. Around it stand the words
of the manual: what is given, what each side sees, what the log says. Each row runs with every TLS
version, behind a listener of its own, so that its metrics can be checked exactly. All rows of a
chapter share one daemon and run at the same time; most of them only wait.
"""

import concurrent.futures
import dataclasses
import functools
import itertools
import typing
import unittest

from .configuration import configuration
from .daemon import Daemon
from .scene import Scene
from .tls_client import TLS12, TLS13

PARALLEL = 24


BAD_ENDS_OF_PEERS = {"client_truncated", "client_reset", "backend_reset", "tls_error"}


def outcome_without_loss(cause, second, client_act, backend_act):
    """The outcome that the other words of a line leave, if nothing was lost or left unconfirmed:
    `clean` only if both sides' own clean ends were exchanged with ours, or a side that had ended
    clean has left."""
    if backend_act == "none":
        return "none"
    causes = {cause, second}
    clean = not causes & BAD_ENDS_OF_PEERS
    for act, end in ((client_act, "client_eof"), (backend_act, "backend_eof")):
        clean = clean and (act == "exchanged" or (act == "gone" and end in causes))
    return "clean" if clean else "cut"


def choices(wanted):
    return wanted if isinstance(wanted, (set, frozenset)) else {wanted}


class Ends(dict):
    """The words that the log line must have; a set means any of them. An outcome that is not given
    is the one that fits the line's other words, with nothing lost."""

    WORDS = ("cause", "second", "client_act", "backend_act")

    def __init__(self, cause, second, client_act, backend_act, outcome=None, **more):
        super().__init__(cause=cause, second=second, client_act=client_act,
                         backend_act=backend_act, **more)
        self._fits = outcome is None
        self["outcome"] = outcome if outcome else {
            outcome_without_loss(*words)
            for words in itertools.product(*(choices(self[key]) for key in self.WORDS))}

    def differences(self, line):
        fitting = outcome_without_loss(*(line[key] for key in self.WORDS))
        for key, wanted in self.items():
            allowed = {fitting} if key == "outcome" and self._fits else choices(wanted)
            if line[key] not in allowed:
                words = " or ".join(sorted(str(word) for word in allowed))
                yield f"the log says {key} {line[key]}, not {words}"


@dataclasses.dataclass
class Row:
    id: str
    title: str
    given: str
    client: str  # what it sees, in the manual's words
    backend: str
    ends: Ends
    play: typing.Callable
    versions: tuple = (TLS12, TLS13)
    listener: dict = dataclasses.field(default_factory=dict)  # shutdown, timeouts, tls, addresses
    server: dict = dataclasses.field(default_factory=dict)  # options of the Backend
    backend_options: dict = dataclasses.field(default_factory=dict)  # of the backend in the file
    server_kind: str = "ip4"
    listen_kind: str = "ip4"
    sessions: int = 1
    metrics: dict = dataclasses.field(default_factory=dict)  # exceptions; None: not checked
    check_log: typing.Callable = None  # more about the log lines: check_log(scene, *lines)


class Chapter:
    """Rows that share a daemon."""

    def __init__(self, name, **settings):
        self.name, self.settings, self.rows = name, settings, []

    def row(self, id, title, **fields):
        def add(play):
            self.rows.append(Row(id=id, title=title, play=play, **fields))
            return play
        return add


@functools.lru_cache(maxsize=None)
def pool():
    return concurrent.futures.ThreadPoolExecutor(PARALLEL)


class ChapterCase(unittest.TestCase):
    """One test for each row and TLS version, and one for the daemon that served them."""

    chapter = None
    scene_type = Scene
    scenes = {}
    daemon = None

    @classmethod
    def begin(cls, selected):
        """Starts the daemon and all selected rows; the tests then only ask for the results."""
        cls.scenes = {name: cls.scene_type(row, version)
                      for name, (row, version) in cls.table().items() if name in selected}
        scenes = cls.scenes.values()
        cls.daemon = Daemon(configuration(
            [scene.listener() for scene in scenes],
            {scene.name: scene.backend_entry() for scene in scenes}, **cls.chapter.settings))
        cls.daemon.wait_until_ready()
        for scene in scenes:
            scene.daemon = cls.daemon
        cls.ready()
        cls.results = {name: pool().submit(scene.run) for name, scene in cls.scenes.items()}

    @classmethod
    def ready(cls):
        """Called when the daemon is up and before the first row plays."""

    @classmethod
    def table(cls):
        return {f"test_{row.id}_{version.replace('.', '_')}": (row, version)
                for row in cls.chapter.rows for version in row.versions}

    @classmethod
    def setUpClass(cls):
        if cls.daemon is None:
            cls.begin(set(cls.table()))

    def _ask(self, name):
        failure = self.results[name].exception()
        if failure is not None:
            self.fail(f"\n{failure}")

    def test_zz_the_daemon_had_no_reason_to_complain(self):
        concurrent.futures.wait(self.results.values())
        self.assertEqual(self.daemon.complaints(), [])
        code = self.daemon.stop()
        self.assertEqual(code, 0, self.daemon.log(last=5))
        self.assertEqual(self.daemon.complaints(), [])

    @classmethod
    def tearDownClass(cls):
        cls.daemon.kill()


class Runner(unittest.TextTestRunner):
    """Starts the chosen rows of all chapters before the first of them is asked for its result."""

    def run(self, suite):
        chosen = {}
        for test in _flat(suite):
            chosen.setdefault(type(test), set()).add(test.id().rpartition(".")[2])
        for case, names in chosen.items():
            if issubclass(case, ChapterCase):
                try:
                    case.begin(names)
                except Exception as failure:  # told by each test of the chapter
                    case.results = _Unfinished(failure)
        return super().run(suite)


class _Unfinished(dict):
    """The results of a chapter that did not start."""

    def __init__(self, failure):
        super().__init__()
        self._failure = failure

    def __missing__(self, name):
        result = concurrent.futures.Future()
        result.set_exception(AssertionError(f"the chapter did not start: {self._failure}"))
        return result


def _flat(suite):
    for test in suite:
        yield from _flat(test) if isinstance(test, unittest.TestSuite) else [test]


def chapter_case(chapter, base=ChapterCase):
    """A test case class with one method for each row and version."""
    case = type(chapter.name.title().replace(" ", ""), (base,), {"chapter": chapter})
    for name, (row, _) in case.table().items():
        def test(self, name=name):
            self._ask(name)
        test.__doc__ = f"{row.id}: {row.title}"
        setattr(case, name, test)
    return case


def markdown(chapters):
    """The table as ROWS.md has it."""
    def words(value):
        if isinstance(value, (set, frozenset)):
            return " or ".join(sorted("-" if word is None else str(word) for word in value))
        return "-" if value is None else str(value)

    lines = []
    for chapter in chapters:
        lines += [f"## {chapter.name[0].upper()}{chapter.name[1:]}", "",
                  "| id | given | client sees | backend sees | cause | second | client_act "
                  "| backend_act | outcome |", "| " + " | ".join(["---"] * 9) + " |"]
        for row in chapter.rows:
            lines.append("| " + " | ".join(
                [row.id, row.given, row.client, row.backend] +
                [words(row.ends[key]) for key in
                 ("cause", "second", "client_act", "backend_act", "outcome")]) + " |")
        lines.append("")
    return "\n".join(lines)
