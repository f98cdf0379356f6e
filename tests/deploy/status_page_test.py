#!/usr/bin/env python3
"""The status page in a real browser, before a real Ferrule with real sessions.

FERRULE_SCREENSHOTS=FOLDER keeps pictures of what the browser shows.
"""

import json
import os
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))

from browser import CHROMIUM, Browser  # noqa: E402
from support.backend import echo  # noqa: E402
from support.case import DaemonCase, simple  # noqa: E402
from support.tcp import FIN  # noqa: E402
from support.waiting import eventually  # noqa: E402

LISTENER = "as-long-a-name-as-there-can-be_1"  # 32 characters, the most
INJECTION = "<img/src=x/onerror=document.title='taken'>"

# The rows of a table as lists of the texts that a reader sees.
ROWS = """(id => [...document.querySelectorAll(`#${id} tbody tr:has(.value)`)].map(
    row => [...row.children].map(cell => cell.querySelector('.value').innerText)))"""

# Elements that reach over the right edge.
TOO_WIDE = """[...document.querySelectorAll('body *')]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 0.5)
    .map(each => each.outerHTML.slice(0, 80))"""

# The WCAG 2.1 contrast of every text with what is behind it, where that is below 4.5 (AA).
TOO_FAINT = """(() => {
    const light = (colour) => colour.map(part => part / 255)
        .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
    const parts = (text) => text.match(/[\\d.]+/g).map(Number);
    const behind = (element) => {
        for (; element; element = element.parentElement) {
            const [r, g, b, alpha = 1] = parts(getComputedStyle(element).backgroundColor);
            if (alpha)
                return [r, g, b];
        }
        return [255, 255, 255];
    };
    const found = [];
    for (const element of document.querySelectorAll('body *')) {
        const hasText = [...element.childNodes].some(
            node => node.nodeType === 3 && node.data.trim());
        if (!hasText || !element.checkVisibility() || element.closest('script, noscript'))
            continue;
        const [a, b] = [parts(getComputedStyle(element).color).slice(0, 3), behind(element)]
            .map(light).sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5)
            found.push(element.outerHTML.slice(0, 80) + ' ' + (a + 0.05) / (b + 0.05));
    }
    return found;
})()"""


class StatusPage(DaemonCase):
    def setUp(self):
        self.assertTrue(CHROMIUM, "chromium is not installed (packages, section [deploy])")
        self.app = self.backend()
        self.daemon = self.start(simple(self.app, name=LISTENER, shutdown={"linger": "100ms"}))
        self.url = f"http://{self.daemon.metrics_address()}/"
        self.browser = Browser()
        self.addCleanup(self.browser.close)

    def connect(self, **options):
        client = self.client(self.daemon.address(LISTENER), **options).handshake()
        peer = self.app.accept()
        self.addCleanup(peer.close)
        return client, peer

    def clean_session(self, data=b"hello", **options):
        client, peer = self.connect(**options)
        client.send(data)
        peer.recv_exactly(len(data))
        peer.send(data)
        client.read_exactly(len(data))
        client.goodbye()
        self.assertEqual(peer.recv_until_end().end, FIN)
        peer.fin()
        client.read_until_end()

    def sessions(self):
        """One clean end, one reset of the backend, one client cut off: three lines of the log."""
        self.clean_session(b"x" * 20_000, server_name=INJECTION)
        client, peer = self.connect()
        peer.send(b"half an answer")
        client.read_exactly(14)
        peer.rst()
        client.read_until_end()
        client, peer = self.connect()
        client.send(b"half a request")
        peer.recv_exactly(14)
        client.fin()
        client.read_until_end()
        return self.daemon.session(LISTENER, 3)

    def show(self, width=1280, height=900, **look):
        self.browser.look(width, height, **look)
        self.browser.open(self.url)
        self.browser.eventually("document.getElementById('state')?.textContent === 'ready'",
                                "the page to show the state")

    def rows(self, table):
        return self.browser.evaluate(f"{ROWS}('{table}')")

    def keep_picture(self, name):
        if folder := os.environ.get("FERRULE_SCREENSHOTS"):
            self.browser.screenshot(pathlib.Path(folder, f"{name}.png"))

    def test_it_shows_the_endings_of_the_log(self):
        lines = self.sessions()
        self.show()
        self.keep_picture("desktop-light")
        rows = self.rows("recent")
        self.assertEqual(len(rows), 3)
        for row, line in zip(rows, reversed(lines)):
            with self.subTest(session=line["session"]):
                self.assertEqual(row[0], line["time"][11:23])
                self.assertEqual(row[1], LISTENER)
                self.assertEqual(row[2].split("\n")[0], line["client"])
                self.assertEqual(row[3].split("\n"),
                                 [line["cause"], *filter(None, [line["detail"]])])
                self.assertEqual(row[4:8], [line["second"] or "-", line["outcome"],
                                            line["client_act"], line["backend_act"]])
        causes = {row[0]: row[1:] for row in self.rows("endings")}
        self.assertEqual(set(causes), {line["cause"] for line in lines})
        self.assertEqual(causes["client_eof"], ["1", "0", "0", "0", "0"])
        self.assertEqual(causes["client_truncated"], ["0", "1", "0", "0", "0"])
        listener = self.rows("listeners")[0]
        self.assertEqual(listener[:5], [LISTENER, "0", "0", "0", "3"])
        self.assertEqual(listener[6].split("\n")[0], "19.5 KiB")
        self.assertEqual(self.rows("servers"), [[self.app.text, "app", "3", "0"]])
        certificate = self.rows("certificates")[0]
        self.assertEqual(certificate[:2], [LISTENER, "CN=localhost"])
        self.assertIn(certificate[4], ("88", "89", "90"))

    def test_endings_come_while_one_looks(self):
        self.show()
        self.assertEqual(self.rows("recent"), [])
        with self.subTest("a session that is open"):
            client, peer = self.connect()
            self.browser.eventually(f"{ROWS}('listeners')[0][1] === '1'", "the open session")
            peer.fin()
            self.browser.eventually(f"{ROWS}('listeners')[0][2] === '1'", "the half-closed one")
            client.goodbye()
        with self.subTest("its end"):
            self.browser.eventually(f"{ROWS}('recent').length === 1", "its ending")
            self.assertEqual(self.rows("recent")[0][3:5], ["backend_eof", "client_eof"])

    def test_only_the_abnormal_ones_on_demand(self):
        self.sessions()
        self.show()
        self.browser.eventually(f"{ROWS}('recent').length === 3", "three endings")
        self.browser.evaluate("document.getElementById('abnormal-only').click()")
        self.assertEqual([row[3].split("\n")[0] for row in self.rows("recent")],
                         ["client_truncated", "backend_reset"])

    def test_what_clients_choose_stays_text(self):
        self.clean_session(server_name=INJECTION)
        self.show()
        self.browser.eventually(f"{ROWS}('recent').length === 1", "an ending")
        self.assertEqual(self.rows("recent")[0][2].split("\n")[1], INJECTION)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.evaluate("document.title"), "Ferrule")

    def test_it_asks_nobody_else(self):
        self.sessions()
        self.show()
        foreign = [url for url in self.browser.requests
                   if not url.startswith((self.url, "data:", "about:"))]
        self.assertEqual(foreign, [])
        self.assertIn(self.url + "status.json", self.browser.requests)
        self.assertEqual(self.browser.errors, [])

    def test_no_other_script_or_style_can_run(self):
        self.show()
        self.browser.evaluate("""(() => {
            const script = document.createElement('script');
            script.textContent = "document.title = 'taken'";
            document.body.append(script);
            const style = document.createElement('style');
            style.textContent = 'h1 { display: none }';
            document.head.append(style);
        })()""")
        self.assertEqual(self.browser.evaluate("document.title"), "Ferrule")
        self.assertTrue(self.browser.evaluate("document.querySelector('h1').checkVisibility()"))

    def test_it_fits_a_phone(self):
        self.sessions()
        for dark in (False, True):
            self.show(320, 640, dark=dark, mobile=True)
            self.browser.eventually(f"{ROWS}('recent').length === 3", "three endings")
            self.keep_picture(f"phone-{'dark' if dark else 'light'}")
            self.assertEqual(self.browser.evaluate("innerWidth"), 320)
            self.assertEqual(self.browser.evaluate(TOO_WIDE), [])
            self.assertLessEqual(
                self.browser.evaluate("document.documentElement.scrollWidth"), 320)

    def test_it_fits_every_width_and_can_be_read_in_light_and_dark(self):
        self.sessions()
        for dark in (False, True):
            for width in (360, 768, 1024, 1280, 1920):
                with self.subTest(width=width, dark=dark):
                    self.show(width, 900, dark=dark)
                    self.browser.eventually(f"{ROWS}('recent').length === 3", "three endings")
                    self.keep_picture(f"{width}-{'dark' if dark else 'light'}")
                    self.assertEqual(self.browser.evaluate(TOO_WIDE), [])
                    self.assertEqual(self.browser.evaluate(TOO_FAINT), [])
            paper = self.browser.evaluate("getComputedStyle(document.body).backgroundColor")
            parts = [int(part) for part in paper[4:-1].split(",")]
            self.assertEqual(max(parts) < 64, dark, paper)

    def test_its_tables_are_tables_to_a_screen_reader_also_on_a_phone(self):
        self.sessions()
        for width in (320, 1280):
            self.show(width)
            self.browser.eventually(f"{ROWS}('recent').length === 3", "three endings")
            nodes = self.browser.call("Accessibility.getFullAXTree")["nodes"]
            named = [(node["role"]["value"], node.get("name", {}).get("value", ""))
                     for node in nodes if not node.get("ignored")]
            tables = [name for role, name in named if role == "table"]
            self.assertEqual(tables, ["Listeners", "Backends and their servers", "Certificates",
                                      "Endings by cause and outcome", "Last endings"], width)
            for role, at_least in (("columnheader", 30), ("rowheader", 9), ("status", 1)):
                self.assertGreaterEqual([found for found, _ in named].count(role), at_least,
                                        f"{role} at {width}")
            self.assertIn(("columnheader", "client_act"), named)

    def test_it_rests_while_nobody_sees_it(self):
        self.show()
        hide = """(is => { Object.defineProperty(document, 'hidden',
                           {configurable: true, value: is});
                   document.dispatchEvent(new Event('visibilitychange')); })"""
        self.browser.evaluate(f"{hide}(true)")
        self.browser.evaluate("poll()")  # as if one had been under way
        asked = len(self.browser.requests)
        self.browser.evaluate("new Promise(done => setTimeout(done, 2 * interval))")
        self.assertEqual(len(self.browser.requests), asked)
        self.browser.evaluate(f"{hide}(false)")
        eventually(lambda: len(self.browser.requests) > asked, "the page to ask again")

    def test_it_says_that_it_drains_and_that_nobody_answers(self):
        client, peer = self.connect()
        self.show()
        self.daemon.signal(signal.SIGTERM)
        self.browser.eventually("document.getElementById('state').textContent === 'draining'",
                                "draining")
        peer.fin()
        client.goodbye()
        self.assertEqual(self.daemon.wait(), 0)
        self.browser.eventually("document.getElementById('state').textContent === 'no answer'",
                                "no answer")
        self.assertTrue(self.browser.evaluate(
            "document.getElementById('trouble').checkVisibility()"))

    def test_what_is_served_says_what_the_page_says(self):
        self.sessions()
        status, body = self.daemon.get("/status.json")
        self.assertEqual(status, 200)
        self.assertEqual([each["cause"] for each in json.loads(body)["recent_endings"]],
                         [line["cause"] for line in reversed(self.daemon.sessions)])


if __name__ == "__main__":
    unittest.main()
