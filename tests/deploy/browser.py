"""A headless Chromium that a test looks through, driven over the pipe of its DevTools protocol."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import threading

from support.places import fresh
from support.waiting import LIMIT, TookTooLong, eventually

CHROMIUM = shutil.which("chromium") or shutil.which("chromium", path="/usr/bin:/usr/local/bin")

# Nothing of the browser's own goes out, and root may run it.
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--disable-quic", "--no-first-run", "--no-default-browser-check", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--disable-extensions",
         "--disable-default-apps", "--hide-scrollbars", "--remote-debugging-pipe"]


class Browser:
    """One tab. `requests` has the URL of everything that the page asked for, `errors` what its
    console or the browser complained of."""

    def __init__(self):
        to_browser, self._commands = os.pipe()
        self._answers, from_browser = os.pipe()

        def descriptors():
            # The protocol's place is 3 and 4, which may be in use for one of these.
            reading = fcntl.fcntl(to_browser, fcntl.F_DUPFD, 10)
            writing = fcntl.fcntl(from_browser, fcntl.F_DUPFD, 10)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        profile = fresh("chromium")
        self.log = fresh("chromium.log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=descriptors,
                close_fds=False, env={**os.environ, "HOME": str(fresh("home"))})
        os.close(to_browser)
        os.close(from_browser)
        self.requests, self.errors = [], []
        self._number = 0
        self._replies = {}
        self._arrived = threading.Condition()
        self._gone = False
        threading.Thread(target=self._read, daemon=True).start()
        self._session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target,
                                  flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def _read(self):
        rest = b""
        while data := os.read(self._answers, 1 << 16):
            *messages, rest = (rest + data).split(b"\0")
            with self._arrived:
                for message in messages:
                    self._take(json.loads(message))
                self._arrived.notify_all()
        with self._arrived:
            self._gone = True
            self._arrived.notify_all()

    def _take(self, message):
        if "id" in message:
            self._replies[message["id"]] = message
        elif message["method"] == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        elif message["method"] == "Runtime.exceptionThrown":
            self.errors.append(str(message["params"]["exceptionDetails"]))
        elif message["method"] == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error":
                self.errors.append(f"{entry['text']} {entry.get('url', '')}")

    def call(self, method, **parameters):
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        with self._arrived:
            self._arrived.wait_for(lambda: number in self._replies or self._gone, 3 * LIMIT)
            reply = self._replies.pop(number, None)
        if reply is None:
            raise TookTooLong(f"Chromium does not answer to {method}\n"
                              + self.log.read_text(errors="replace")[-2000:])
        if "error" in reply:
            raise AssertionError(f"{method}: {reply['error']}")
        return reply["result"]

    def look(self, width, height, dark=False, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def open(self, url):
        result = self.call("Page.navigate", url=url)
        assert "errorText" not in result, f"{url}: {result['errorText']}"

    def evaluate(self, expression):
        """The value of a JavaScript expression (a promise is waited for)."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def eventually(self, expression, what):
        return eventually(lambda: self.evaluate(expression), what)

    def screenshot(self, path):
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(picture["data"]))

    def close(self):
        if self.process.poll() is None:
            try:
                self._session = None
                self.call("Browser.close")
                self.process.wait(LIMIT)
            except (AssertionError, OSError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait(LIMIT)
        os.close(self._commands)
