"""Bounded waiting.

LIMIT is when a test gives up, never how fast something has to be: it is long enough for a busy
machine and a sanitizer build, and short enough that a hang is reported and not waited out.
"""

import os
import threading
import time

LIMIT = float(os.environ.get("FERRULE_TEST_LIMIT", "60"))


class TookTooLong(AssertionError):
    """Something that had to happen did not happen within the limit."""


def eventually(question, what, limit=None):
    """Asks `question()` until its answer is true, and returns that answer."""
    limit = LIMIT if limit is None else limit
    give_up = time.monotonic() + limit
    pause = 0.002
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > give_up:
            raise TookTooLong(f"gave up after {limit:g} s waiting for: {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)


class Background:
    """A function that runs while the test does something else; `result()` waits, and raises what
    it raised."""

    def __init__(self, function, *arguments, **options):
        self._outcome = None
        self._failure = None

        def run():
            try:
                self._outcome = function(*arguments, **options)
            except BaseException as failure:
                self._failure = failure

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def result(self):
        self._thread.join(3 * LIMIT)
        if self._thread.is_alive():
            raise TookTooLong("something in the background did not end")
        if self._failure is not None:
            raise self._failure
        return self._outcome
