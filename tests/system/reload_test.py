#!/usr/bin/env python3
"""SIGHUP: what a reload changes, what it must not touch, and what a bad file does (nothing)."""

import hashlib
import pathlib
import shutil
import signal
import ssl
import threading
import time
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.configuration import to_yaml
from support.places import certificate, fresh
from support.tcp import FIN, pattern
from support.tls_client import TLS12, TLS13, TlsClient, client_context
from support.waiting import LIMIT, eventually

MESSAGE = pattern(20_000)


def fingerprint(common_name):
    pem = pathlib.Path(certificate(common_name)[0]).read_text(encoding="ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def served(client):
    return hashlib.sha256(client.engine.getpeercert(binary_form=True)).hexdigest()


class Reload(DaemonCase):
    def setUp(self):
        self.app = self.backend().serve(echo)

    def open(self, daemon, **options):
        return self.client(daemon.address("web"), **options).handshake()

    def says(self, client, message=MESSAGE):
        client.send(message)
        self.assertEqual(client.read_exactly(len(message)), message)

    def ends_clean(self, client):
        client.goodbye()
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))

    def reload(self, daemon, settings=None, result="ok"):
        before = daemon.scrape().sum("ferrule_reloads_total", result=result)
        if settings is not None:
            daemon.write(settings)
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_metric("ferrule_reloads_total", before + 1, result=result)

    def test_new_sessions_get_the_new_certificate_and_old_ones_go_on(self):
        daemon = self.start(simple(self.app))
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                self.reload(daemon, simple(self.app))
                old = self.open(daemon, version=version)
                self.assertEqual(served(old), fingerprint("localhost"))
                self.says(old)
                self.reload(daemon, simple(self.app, common_name="renewed"))
                new = self.open(daemon, version=version)
                self.assertEqual(served(new), fingerprint("renewed"))
                self.says(new)
                self.says(old)
                self.ends_clean(old)
                self.ends_clean(new)

    def test_the_same_files_with_new_contents_are_read_again(self):
        paths = [str(fresh("cert.pem")), str(fresh("key.pem"))]
        for source, target in zip(certificate(), paths):
            shutil.copy(source, target)
        settings = simple(self.app, tls={"certificate": paths[0], "key": paths[1]})
        daemon = self.start(settings)
        self.assertEqual(served(self.open(daemon)), fingerprint("localhost"))
        for source, target in zip(certificate("renewed"), paths):
            shutil.copy(source, target)
        self.reload(daemon)
        self.assertEqual(served(self.open(daemon)), fingerprint("renewed"))
        expiry = daemon.scrape().nonzero("ferrule_certificate_expiry_timestamp_seconds")
        self.assertEqual(len(expiry), 1, expiry)
        self.assertIn("renewed", str(expiry))

    def test_a_bad_file_changes_nothing_and_is_shown_with_a_caret(self):
        daemon = self.start(simple(self.app))
        client = self.open(daemon)
        address = daemon.address("web")
        text = to_yaml(simple(self.app, common_name="renewed", shutdown={"mode": "wait"}))
        self.reload(daemon, text.replace("mode: wait", "mode: gracefull"), result="failed")
        message = daemon.message("gracefull")[0] and next(
            text for _, text in daemon.messages if "gracefull" in text)
        self.assertRegex(message, r":\d+:\d+: error: .*shutdown\.mode")
        self.assertIn("^", message)
        self.assertIn("wait, notify, abort", message)
        self.says(client)
        self.assertEqual(served(self.open(daemon)), fingerprint("localhost"))
        scrape = daemon.scrape()
        self.assertEqual(scrape.sum("ferrule_last_reload_success"), 0)
        self.assertEqual(scrape.sum("ferrule_reloads_total", result="ok"), 0)
        self.assertEqual(daemon.get("/readyz")[0], 200)

        self.reload(daemon, simple(self.app, common_name="renewed"))
        self.assertEqual(daemon.address("web"), address)
        self.assertEqual(served(self.open(daemon)), fingerprint("renewed"))
        self.assertEqual(daemon.scrape().sum("ferrule_last_reload_success"), 1)

    def test_a_certificate_that_does_not_fit_its_key_or_is_gone_keeps_the_old_one(self):
        daemon = self.start(simple(self.app))
        other = certificate("renewed")
        self.reload(daemon, simple(self.app, tls={"certificate": other[0]}), result="failed")
        self.reload(daemon, simple(self.app, tls={"key": "/nonexistent/key.pem"}), result="failed")
        self.reload(daemon, "listeners: [", result="failed")
        self.assertEqual(served(self.open(daemon)), fingerprint("localhost"))

    def test_new_settings_hold_for_new_sessions_only(self):
        daemon = self.start(simple(self.app))
        old = self.open(daemon)
        self.says(old)
        self.reload(daemon, simple(self.app, shutdown={"mode": "abort"}))
        new = self.open(daemon)
        self.says(new)
        old.goodbye()
        self.assertTrue(old.read_until_end().close_notify)
        new.goodbye()
        self.assertFalse(new.read_until_end().close_notify)

    def test_a_new_backend_serves_new_sessions_and_the_old_one_its_own(self):
        daemon = self.start(simple(self.app))
        old = self.open(daemon)
        self.says(old)

        def reverse(peer):
            peer.send(peer.recv_exactly(5)[::-1])
            peer.fin()
            peer.recv_until_end()
        self.reload(daemon, simple(self.backend().serve(reverse)))
        new = self.open(daemon)
        new.send(b"hello")
        self.assertEqual(new.read_exactly(5), b"olleh")
        self.says(old)
        self.ends_clean(old)

    def test_ten_reloads_under_load_break_and_refuse_nothing(self):
        """P7: connections, transfers and reloads at the same time."""
        daemon = self.start(simple(self.app, workers=2))
        address = daemon.address("web")
        wanted = {fingerprint("localhost"), fingerprint("renewed")}
        failures, done, stop = [], [], threading.Event()

        def load(version):
            context = client_context(version)
            while not stop.is_set():
                try:
                    client = TlsClient(address, context=context).handshake()
                    assert served(client) in wanted
                    client.send(MESSAGE)
                    assert client.read_exactly(len(MESSAGE)) == MESSAGE
                    client.goodbye()
                    seen = client.read_until_end()
                    assert seen.close_notify and seen.end == FIN, str(seen)
                    client.close()
                    done.append(1)
                except Exception as failure:
                    failures.append(f"{type(failure).__name__}: {failure}")
                    return
        long_transfer = self.open(daemon)
        threads = [threading.Thread(target=load, args=(version,), daemon=True)
                   for version in (TLS12, TLS13) * 2]
        for thread in threads:
            thread.start()
        for number in range(10):
            self.says(long_transfer)
            self.reload(daemon, simple(
                self.app, workers=2, common_name="renewed" if number % 2 == 0 else "localhost"))
            before = len(done)
            eventually(lambda: failures or len(done) > before + 5, "sessions between two reloads")
        stop.set()
        for thread in threads:
            thread.join(LIMIT)
        self.says(long_transfer)
        self.ends_clean(long_transfer)
        self.assertEqual(failures, [])
        lines = daemon.session("web", count=len(done) + 1)
        self.assertEqual({line["outcome"] for line in lines}, {"clean"})

    def test_a_listener_can_be_added_and_removed(self):
        daemon = self.start(simple(self.app))
        settings = simple(self.app)
        second = dict(settings["listeners"][0], name="second", addresses=["127.0.0.2:0"])
        old = self.open(daemon)
        self.reload(daemon, {**settings, "listeners": [*settings["listeners"], second]})
        daemon.message("listening listener=second address=")
        client = self.client(daemon.address("second")).handshake()
        self.says(client)
        self.reload(daemon, settings)

        def is_gone():
            try:
                TlsClient(daemon.address("second")).close()
            except OSError:
                return True
            return False
        eventually(is_gone, "the removed listener to close")
        self.says(client)
        self.ends_clean(client)
        self.says(old)

    def test_signals_in_quick_succession_do_no_harm(self):
        daemon = self.start(simple(self.app))
        client = self.open(daemon)
        for _ in range(30):
            daemon.signal(signal.SIGHUP)
            time.sleep(0.002)
        daemon.wait_for_metric("ferrule_reloads_total", lambda count: count >= 1, result="ok")
        self.says(client)
        self.ends_clean(client)
        self.assertEqual(daemon.stop(), 0)


if __name__ == "__main__":
    unittest.main()
