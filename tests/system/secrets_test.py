#!/usr/bin/env python3
"""Certificates and ticket keys that are picked up by themselves, and tickets that resume on any of
several instances.

"Picked up" is waited for by its metric; how long it takes is never asked.
"""

import base64
import hashlib
import os
import pathlib
import re
import secrets
import shutil
import signal
import ssl
import subprocess
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.places import certificate, fresh
from support.tcp import FIN, pattern
from support.tls_client import TLS12, TLS13, TlsClient
from support.waiting import LIMIT, eventually

MESSAGE = pattern(20_000)
FAST = "100ms"


def fingerprint(common_name):
    pem = pathlib.Path(certificate(common_name)[0]).read_text(encoding="ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def served(client):
    return hashlib.sha256(client.engine.getpeercert(binary_form=True)).hexdigest()


def ticket_key():
    return base64.b64encode(secrets.token_bytes(80)).decode()


def replace(path, text):
    """As careful programs do it: a new file takes the place of the old one."""
    new = f"{path}.new"
    with open(new, "w", encoding="ascii", opener=private) as file:
        file.write(text)
    os.replace(new, path)


def overwrite(path, text):
    """As `cp` does it: the same file, other contents."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def private(path, flags):
    return os.open(path, flags, 0o600)


def texts(common_name):
    return [pathlib.Path(path).read_text(encoding="ascii") for path in certificate(common_name)]


class SecretsCase(DaemonCase):
    def setUp(self):
        self.app = self.backend().serve(echo)

    def loads(self, daemon, result="ok", what="certificate", listener="web"):
        return daemon.scrape().sum(f"ferrule_{what}_loads_total", listener=listener, result=result)

    def wait_for_loads(self, daemon, number, result="ok", what="certificate", listener="web"):
        daemon.wait_for_metric(f"ferrule_{what}_loads_total", number, listener=listener,
                               result=result)

    def open(self, daemon, listener="web", **options):
        return self.client(daemon.address(listener), **options).handshake()

    def says(self, client, message=MESSAGE):
        client.send(message)
        self.assertEqual(client.read_exactly(len(message)), message)

    def ends_clean(self, client):
        client.goodbye()
        seen = client.read_until_end()
        self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))


class Certificates(SecretsCase):
    """`self.paths` are in a folder that is laid out like a Kubernetes volume, if `publish` wrote
    it: tls.crt -> ..data/tls.crt, ..data -> ..1; an update makes ..2 and swaps ..data."""

    def setUp(self):
        super().setUp()
        self.use_folder(fresh("tls"))

    def use_folder(self, folder):
        folder.mkdir()
        self.folder = folder
        self.paths = [folder / "tls.crt", folder / "tls.key"]

    def write(self, common_name, how=replace):
        for path, text in zip(self.paths, texts(common_name)):
            how(path, text)

    def publish(self, common_name):
        self.publish_texts(*texts(common_name))

    def publish_texts(self, *contents):
        """Both files change in one moment. A content of None is a file that is not there."""
        data = self.folder / "..data"
        before = data.resolve() if data.is_symlink() else None
        version = self.folder / fresh("..version").name
        version.mkdir()
        for path, text in zip(self.paths, contents):
            if text is not None:
                replace(version / path.name, text)
            if not before:
                path.symlink_to(f"..data/{path.name}")
        (self.folder / "..tmp").symlink_to(version.name)
        os.rename(self.folder / "..tmp", data)
        if before:
            shutil.rmtree(before)

    def start_with_files(self, tls=None, **options):
        options = {"watch": FAST, "workers": 2, **options}
        return self.start(simple(self.app, tls={"certificate": str(self.paths[0]),
                                                "key": str(self.paths[1]), **(tls or {})},
                                 **options))

    def serial(self, daemon):
        expiry = daemon.scrape().nonzero("ferrule_certificate_expiry_timestamp_seconds")
        self.assertEqual(len(expiry), 1, expiry)
        return dict(next(iter(expiry)))["serial"]

    def is_served(self, daemon, common_name):
        """By every worker: the kernel spreads connections over them. A worker may take a moment
        longer than the metric to hear of the change."""
        def by_all():
            for _ in range(8):
                client = TlsClient(daemon.address("web")).handshake()
                seen = served(client)
                client.close()
                if seen != fingerprint(common_name):
                    return False
            return True
        eventually(by_all, f"{common_name} to be served")

    def goes_on_through(self, change):
        """`change` is a way to renew; a long session does not notice any of it."""
        daemon = self.start_with_files()
        old = self.open(daemon)
        self.says(old)
        before = daemon.scrape().sum("ferrule_certificate_load_timestamp_seconds", listener="web")
        self.assertGreater(before, 0)
        serial = self.serial(daemon)
        for number, name in enumerate(("renewed", "localhost", "renewed"), 1):
            change(name)
            self.wait_for_loads(daemon, number)
            self.is_served(daemon, name)
            self.assertNotEqual(self.serial(daemon), serial)
            serial = self.serial(daemon)
            self.says(old)
        self.assertEqual(served(old), fingerprint("localhost"))
        scrape = daemon.scrape()
        self.assertGreater(scrape.sum("ferrule_certificate_load_timestamp_seconds"), before)
        self.assertEqual(scrape.sum("ferrule_reloads_total"), 0)
        daemon.message("certificate picked up listener=web subject=\"CN=renewed\" serial=")
        self.ends_clean(old)
        eventually(lambda: any(line["to_client_bytes"] == 4 * len(MESSAGE)
                               and line["outcome"] == "clean"
                               for line in daemon.sessions_of("web")), "the long session's line")
        return daemon

    def test_a_certificate_that_is_renamed_into_place_is_picked_up(self):
        self.write("localhost")
        self.goes_on_through(self.write)

    def test_a_certificate_that_is_written_in_place_is_picked_up(self):
        self.write("localhost")
        self.goes_on_through(lambda name: self.write(name, overwrite))

    def test_a_kubernetes_secret_is_picked_up_when_its_link_is_swapped(self):
        self.publish("localhost")
        daemon = self.goes_on_through(self.publish)
        self.assertEqual(self.loads(daemon, "failed"), 0)

    def test_files_that_are_gone_for_a_while_are_picked_up_when_they_are_back(self):
        self.publish("localhost")
        tickets = fresh("ticket.keys")
        replace(tickets, ticket_key())
        daemon = self.start_with_files({"ticket_keys": str(tickets)})
        self.publish_texts(None, None)
        self.wait_for_loads(daemon, 1, "failed")
        for number in (1, 2, 3):  # shows that the watch has looked many more times
            replace(tickets, ticket_key())
            self.wait_for_loads(daemon, number, what="ticket_key")
        self.assertEqual(self.loads(daemon, "failed"), 1)
        daemon.message("certificate not picked up listener=web: .*tls.crt cannot be read: "
                       "No such file or directory; what is in force stays")
        self.is_served(daemon, "localhost")
        self.publish("renewed")
        self.wait_for_loads(daemon, 1)
        self.is_served(daemon, "renewed")
        self.assertEqual(self.loads(daemon, "failed"), 1)

    def test_a_certificate_that_no_client_can_use_keeps_the_old_one(self):
        self.publish("localhost")
        daemon = self.start_with_files()
        self.publish_texts(*(pathlib.Path(path).read_text(encoding="ascii")
                             for path in certificate("odd-curve", curve="secp256k1")))
        self.wait_for_loads(daemon, 1, "failed")
        daemon.message("certificate not picked up listener=web: .*tls.crt serves no client in "
                       "TLS 1.2: .*secp256k1.*; what is in force stays")
        self.is_served(daemon, "localhost")
        self.publish("renewed")
        self.wait_for_loads(daemon, 1)
        self.is_served(daemon, "renewed")

    def test_a_pair_that_does_not_fit_keeps_the_old_one_until_it_is_mended(self):
        self.publish("localhost")
        daemon = self.start_with_files()
        self.publish_texts(texts("renewed")[0], texts("localhost")[1])
        self.wait_for_loads(daemon, 1, "failed")
        failure = daemon.message("certificate not picked up listener=web: .*")[0]
        self.assertIn(f"{self.paths[1]} does not match the certificate", failure)
        self.is_served(daemon, "localhost")
        self.publish_texts("nonsense", texts("localhost")[1])
        self.wait_for_loads(daemon, 2, "failed")
        daemon.message("certificate not picked up listener=web: .*tls.crt is not PEM")
        self.is_served(daemon, "localhost")
        self.assertEqual(self.loads(daemon), 0)
        self.publish("renewed")
        self.wait_for_loads(daemon, 1)
        self.is_served(daemon, "renewed")
        self.assertEqual(self.loads(daemon, "failed"), 2)
        logged = [text for _, text in daemon.messages if "not picked up" in text]
        self.assertEqual(len(logged), 2, logged)

    def test_a_pair_that_is_back_as_it_was_is_good_again(self):
        self.publish("localhost")
        daemon = self.start_with_files()
        self.publish_texts("nonsense", texts("localhost")[1])
        self.wait_for_loads(daemon, 1, "failed")
        self.publish("localhost")
        daemon.message("certificate in force is in the files again listener=web")
        self.assertEqual((self.loads(daemon), self.loads(daemon, "failed")), (1, 1))

    def test_a_reload_that_finds_it_back_as_it_was_says_so_as_well(self):
        self.publish("localhost")
        daemon = self.start_with_files(watch="1s")
        self.publish_texts("nonsense", texts("localhost")[1])
        self.wait_for_loads(daemon, 1, "failed")
        daemon.write(pathlib.Path(daemon.path).read_text(encoding="utf-8").replace(
            "watch: 1s", "watch: off"))
        self.publish("localhost")
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_metric("ferrule_reloads_total", 1, result="ok")
        self.wait_for_loads(daemon, 1)

    def test_one_listener_is_renewed_although_the_files_of_another_are_bad(self):
        self.write("localhost")
        settings = simple(self.app, watch=FAST)
        other = dict(settings["listeners"][0], name="other",
                     tls={"certificate": str(self.paths[0]), "key": str(self.paths[1])})
        web = [fresh("cert.pem"), fresh("key.pem")]
        for path, text in zip(web, texts("localhost")):
            replace(path, text)
        settings["listeners"][0]["tls"] = {"certificate": str(web[0]), "key": str(web[1])}
        daemon = self.start({**settings, "listeners": [settings["listeners"][0], other]})
        overwrite(self.paths[1], "")
        for path, text in zip(web, texts("renewed")):
            replace(path, text)
        self.wait_for_loads(daemon, 1, "failed", listener="other")
        self.wait_for_loads(daemon, 1, "ok", listener="web")
        self.assertEqual(served(self.open(daemon, "other")), fingerprint("localhost"))
        self.assertEqual(served(self.open(daemon, "web")), fingerprint("renewed"))

    def test_with_watch_off_only_a_reload_reads_the_files(self):
        """That nothing happens cannot be waited for: a second daemon, which watches the same files,
        says when it would have happened."""
        self.publish("localhost")
        blind = self.start_with_files(watch="off")
        seeing = self.start_with_files()
        self.publish("renewed")
        self.wait_for_loads(seeing, 1)
        self.publish("localhost")
        self.wait_for_loads(seeing, 2)
        self.publish("renewed")
        self.wait_for_loads(seeing, 3)
        self.assertEqual(self.loads(blind), 0)
        self.is_served(blind, "localhost")
        blind.signal(signal.SIGHUP)
        self.wait_for_loads(blind, 1)
        self.is_served(blind, "renewed")

    def test_a_reload_names_other_files_and_those_are_watched_then(self):
        self.publish("localhost")
        daemon = self.start_with_files()
        self.use_folder(fresh("tls"))
        self.publish("localhost")
        daemon.write(simple(self.app, watch=FAST, tls={
            "certificate": str(self.paths[0]), "key": str(self.paths[1])}))
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_metric("ferrule_reloads_total", 1, result="ok")
        self.assertEqual(self.loads(daemon), 0)
        self.publish("renewed")
        self.wait_for_loads(daemon, 1)
        self.is_served(daemon, "renewed")


class TicketKeys(SecretsCase):
    def setUp(self):
        super().setUp()
        self.keys = fresh("ticket.keys")

    def instance(self, keys=None, **options):
        return self.start(simple(self.app, tls={"ticket_keys": str(keys or self.keys)}, watch=FAST,
                                 **options))

    def put(self, *keys):
        replace(self.keys, "# ours\n" + "\n".join(keys) + "\n")

    def rotate(self, daemons, *keys):
        before = [self.loads(daemon, what="ticket_key") for daemon in daemons]
        self.put(*keys)
        for daemon, number in zip(daemons, before):
            self.wait_for_loads(daemon, number + 1, what="ticket_key")

    def s_client(self, daemon, version, *arguments):
        """A visit of `openssl s_client`; its report."""
        host, port = daemon.address("web")
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"{host}:{port}", "-servername", "localhost",
             "-tls1_3" if version == TLS13 else "-tls1_2", "-ign_eof", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(client.wait, LIMIT)
        self.addCleanup(client.kill)
        client.stdin.write("ping\n")
        client.stdin.flush()
        lines = []
        for line in client.stdout:  # the echo comes behind the tickets
            lines.append(line)
            if line.strip() == "ping":
                break
        client.kill()
        client.stdout.close()
        client.stdin.close()
        return "".join(lines)

    def take(self, daemon, version):
        """A full handshake; returns the path of its session."""
        session = fresh("session.pem")
        report = self.s_client(daemon, version, "-sess_out", session)
        self.assertRegex(report, r"(?m)^New, TLS")
        eventually(session.exists, "s_client to write the session")
        return session

    def resumes(self, daemon, version, session):
        report = self.s_client(daemon, version, "-sess_in", session)
        found = re.search(r"(?m)^(Reused|New), TLS", report)
        self.assertTrue(found, report)
        return found[1] == "Reused"

    def test_a_session_of_one_instance_resumes_on_another_through_a_rotation(self):
        old, new = ticket_key(), ticket_key()
        self.put(old)
        one, other = self.instance(), self.instance(workers=2)
        stranger_keys = fresh("other.keys")
        replace(stranger_keys, ticket_key())
        stranger = self.instance(stranger_keys)
        long_session = self.open(one)
        for version in (TLS12, TLS13):
            with self.subTest(version=version):
                self.put(old)
                first = self.take(one, version)
                self.assertTrue(self.resumes(other, version, first))
                self.assertFalse(self.resumes(stranger, version, first))
                # The new key is known everywhere before anybody encrypts with it.
                self.rotate([one, other], old, new)
                self.assertTrue(self.resumes(other, version, first))
                self.rotate([one, other], new, old)
                self.assertTrue(self.resumes(other, version, first))
                second = self.take(other, version)
                self.assertTrue(self.resumes(one, version, second))
                self.rotate([one, other], new)
                self.assertFalse(self.resumes(other, version, first))
                self.assertTrue(self.resumes(one, version, second))
                self.says(long_session)
                self.rotate([one, other], old)
        self.assertEqual(self.loads(one, "failed", "ticket_key"), 0)
        self.assertEqual(self.loads(one), 0, "no certificate has changed")
        self.ends_clean(long_session)

    def test_a_bad_file_keeps_the_keys_in_force_until_it_is_mended(self):
        key = ticket_key()
        self.put(key)
        daemon = self.instance()
        session = self.take(daemon, TLS13)
        secret = ticket_key()[:-4]
        replace(self.keys, f"{key}\n{secret}\n")
        self.wait_for_loads(daemon, 1, "failed", "ticket_key")
        failure = daemon.message("ticket keys not picked up listener=web: .*")[0]
        self.assertIn(f"{self.keys} line 2 of the file ", failure)
        self.assertTrue(self.resumes(daemon, TLS13, session))
        self.rotate([daemon], ticket_key(), key)
        self.assertTrue(self.resumes(daemon, TLS13, session))
        everything = repr(daemon.messages) + repr(daemon.foreign)
        for text in (key, secret):
            self.assertNotIn(text[:20], everything)

    def test_ticket_keys_change_although_the_certificate_files_are_bad(self):
        key = ticket_key()
        self.put(key)
        paths = [fresh("cert.pem"), fresh("key.pem")]
        for path, text in zip(paths, texts("localhost")):
            replace(path, text)
        daemon = self.start(simple(self.app, watch=FAST, tls={
            "certificate": str(paths[0]), "key": str(paths[1]), "ticket_keys": str(self.keys)}))
        session = self.take(daemon, TLS12)
        paths[1].unlink()
        self.wait_for_loads(daemon, 1, "failed")
        self.rotate([daemon], ticket_key())
        self.assertFalse(self.resumes(daemon, TLS12, session))
        self.assertEqual(self.loads(daemon, "failed"), 1)


if __name__ == "__main__":
    unittest.main()
