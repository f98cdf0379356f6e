#!/usr/bin/env python3
"""`ferrule ctl`: what an operator asks and orders through the control socket."""

import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import unittest

from support.backend import echo
from support.case import DaemonCase, simple
from support.configuration import to_yaml
from support.places import BINARY, fresh
from support.tcp import FIN, RST
from support.waiting import LIMIT, eventually


class Control(DaemonCase):
    socket = "/nonexistent/control.sock"

    def begin(self, backend=None, control=None, **options):
        self.app = backend or self.backend()
        self.socket = str(fresh("control.sock"))
        settings = simple(self.app, control={"path": self.socket, **(control or {})}, **options)
        return self.start(settings)

    def run_ctl(self, *arguments, where=None):
        return subprocess.run(
            [BINARY, "ctl", *(where or ["--socket", self.socket]), *arguments],
            capture_output=True, text=True, timeout=3 * LIMIT, check=False)

    def ctl(self, *arguments, code=0):
        """The text of an answer that has to have this exit code."""
        done = self.run_ctl(*arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def ask(self, *arguments, code=0):
        done = self.run_ctl("--json", *arguments)
        self.assertEqual(done.returncode, code, f"{arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout)

    def session(self, daemon):
        client = self.client(daemon.address("web")).handshake()
        peer = self.app.accept()
        self.addCleanup(peer.close)
        client.send(b"hello")
        self.assertEqual(peer.recv_exactly(5), b"hello")
        return client, peer


class Socket(Control):
    def test_its_file_has_the_mode_that_is_configured_and_goes_with_the_process(self):
        for mode in ("0600", "0660"):
            with self.subTest(mode=mode):
                daemon = self.begin(control={"mode": mode})
                status = os.stat(self.socket)
                self.assertTrue(stat.S_ISSOCK(status.st_mode))
                self.assertEqual(stat.S_IMODE(status.st_mode), int(mode, 8))
                daemon.stop()
                self.assertFalse(os.path.exists(self.socket))

    def test_one_that_was_left_behind_is_replaced_and_a_living_one_is_not(self):
        daemon = self.begin()
        settings = pathlib.Path(daemon.path).read_text(encoding="utf-8")
        second = self.start(settings, ready=False)
        self.assertEqual(second.wait(), 1)
        self.assertIn(self.socket, "".join(second.foreign))
        self.ctl("status")
        daemon.process.kill()
        daemon.wait()
        self.assertTrue(os.path.exists(self.socket))
        self.start(settings)
        self.ctl("status")

    def test_nobody_there_is_said_and_is_exit_code_1(self):
        done = self.run_ctl("status")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/control.sock: No such file or directory", done.stderr)

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in ([], ["explode"], ["log-level", "loud"], ["sessions", "show"],
                          ["sessions", "--state", "odd"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_ctl(*arguments).returncode, 2)

    def test_nonsense_is_refused_and_the_process_goes_on(self):
        self.begin()
        for sent in (b"hello\n", b"[]\n", b'{"command": 5}\n', b'{"command": "explode"}\n',
                     b'{"command": "sessions", "ids": "all"}\n', b"x" * 100_000,
                     b'{"command": "sessions", "limit": 0}\n', b'{"command": "kill"}\n',
                     b'{"command": "sessions", "colour": "red"}\n', b'{"command"',
                     b'{"command": "log-level", "level": 1}\n', b"[" * 60_000 + b"\n"):
            with self.subTest(sent=sent[:40]):
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.settimeout(LIMIT)
                    peer.connect(self.socket)
                    peer.sendall(sent)
                    peer.shutdown(socket.SHUT_WR)
                    answer = json.loads(peer.makefile().read())
                self.assertIs(answer["ok"], False)
                self.assertTrue(answer["error"])
        self.ctl("status")


class Status(Control):
    def test_it_names_the_listeners_their_addresses_and_their_sessions(self):
        daemon = self.begin()
        self.session(daemon)
        told = self.ask("status")
        self.assertEqual((told["state"], told["pid"], told["configuration"]),
                         ("ready", daemon.process.pid, daemon.path))
        self.assertEqual(told["sessions"],
                         {"open": 1, "half_closed": 0, "closing": 0, "started": 1})
        self.assertEqual([(each["name"], each["addresses"], each["sessions"]["open"])
                          for each in told["listeners"]], [("web", ["127.0.0.1:0"], 1)])
        text = self.ctl("status")
        self.assertIn(f"pid {daemon.process.pid}: ready", text)
        self.assertIn("listener web: 127.0.0.1:0: 1 open", text)

    def test_ready_is_no_from_the_order_to_stop(self):
        daemon = self.begin(drain={"delay": "60s", "timeout": "10s", "spread": "0s"})
        self.assertEqual(self.ctl("ready"), "ready\n")
        self.assertIn("draining: what is left is cut in 1m", self.ctl("drain"))
        self.assertEqual(self.ctl("ready", code=1), "draining\n")
        self.assertIn("draining, cut in", self.ctl("status"))
        self.assertLessEqual(self.ask("status")["cut_in_seconds"], 70)
        daemon.signal(signal.SIGTERM)  # the first stop goes on with the drain
        daemon.message("signal: draining already")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 1)

    def test_a_stop_after_a_drain_goes_on_with_it_and_only_a_second_signal_cuts(self):
        """What a hook that drains and the ordinary stop behind it do."""
        for count, end in ((1, FIN), (2, RST)):
            with self.subTest(signals=count):
                daemon = self.begin(drain={"timeout": "60s", "spread": "0s"})
                client, peer = self.session(daemon)
                self.ctl("drain")
                eventually(lambda: self.run_ctl("ready").returncode == 1, "the drain to begin")
                daemon.signal(signal.SIGTERM)
                daemon.message("signal: draining already")
                if count == 1:
                    peer.send(b"the answer")
                    peer.fin()
                else:
                    daemon.signal(signal.SIGTERM)
                    daemon.message("second signal: ending at once")
                seen = client.read_until_end()
                client.goodbye()
                self.assertEqual((seen.end, seen.close_notify), (end, end == FIN), str(seen))
                self.assertEqual(daemon.wait(), 0 if count == 1 else 1)

    def test_a_drain_ends_the_process_as_sigterm_does(self):
        daemon = self.begin(drain={"timeout": "60s"})
        client, peer = self.session(daemon)
        self.ctl("drain")
        eventually(lambda: self.run_ctl("ready").returncode == 1, "the drain to begin")
        client.goodbye()
        peer.recv_until_end()
        peer.fin()
        client.read_until_end()
        self.assertEqual(daemon.wait(), 0)

    def test_the_log_level_changes_until_the_next_reload(self):
        daemon = self.begin(log={"level": "info"})
        self.assertEqual(self.ctl("log-level"), "info\n")
        self.assertEqual(self.ctl("log-level", "debug"), "debug\n")
        socket.create_connection(daemon.address("web"), timeout=LIMIT).close()
        self.assertEqual(daemon.session("web")["cause"], "probe")
        self.ctl("reload")
        self.assertEqual(self.ctl("log-level"), "info\n")


class Reload(Control):
    def test_it_is_done_when_the_command_ends(self):
        daemon = self.begin(self.backend().serve(echo))
        daemon.write(to_yaml(simple(self.app, common_name="renewed",
                                    control={"path": self.socket})))
        self.assertEqual(self.ctl("reload"), "reloaded\n")
        client = self.client(daemon.address("web")).handshake()
        served = client.engine.getpeercert(binary_form=True)
        self.assertIn(b"renewed", served)
        daemon.message("command=reload uid=")

    def test_errors_come_with_their_carets_and_exit_code_2(self):
        daemon = self.begin()
        text = pathlib.Path(daemon.path).read_text(encoding="utf-8")
        daemon.write(text.replace("backend: app", "backend: ap"))
        told = self.ctl("reload", code=2)
        self.assertRegex(told, r"ferrule\.yaml:\d+:\d+: error: .*there is no backend 'ap'")
        self.assertIn("^", told)
        self.assertTrue(told.endswith("reload failed: the configuration in force stays\n"), told)
        self.assertIn("1 failed (the last one)", self.ctl("status"))

    def test_what_fails_for_another_reason_is_exit_code_1(self):
        daemon = self.begin()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            daemon.write(to_yaml(simple(self.app, addresses=[f"127.0.0.1:{port}"],
                                        control={"path": self.socket})))
            self.assertIn("Address already in use", self.ctl("reload", code=1))
        self.assertEqual(self.ctl("ready"), "ready\n")

    def test_the_socket_is_found_by_the_configuration_even_if_that_is_broken(self):
        daemon = self.begin()
        text = pathlib.Path(daemon.path).read_text(encoding="utf-8")
        daemon.write(text + "nonsense: true\n")
        done = self.run_ctl("reload", where=["--config", daemon.path])
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("nonsense", done.stderr)

    def test_another_path_for_the_socket_takes_effect_at_the_next_start(self):
        daemon = self.begin()
        daemon.write(to_yaml(simple(self.app, control={"path": str(fresh("other.sock"))})))
        self.ctl("reload")
        daemon.message("control has changed: that takes effect at the next start")
        self.ctl("status")


class Sessions(Control):
    def test_each_is_listed_with_how_far_it_is(self):
        daemon = self.begin(workers=2, timeouts={"handshake": "60s"})
        silent = socket.create_connection(daemon.address("web"), timeout=LIMIT)
        self.addCleanup(silent.close)

        def states():
            return [each["state"] for each in self.ask("sessions")["sessions"]]
        # The oldest is who was accepted first: two workers may be in another order than two connects.
        eventually(lambda: states() == ["handshaking"], "the silent one to be accepted")
        relaying, relaying_peer = self.session(daemon)
        relaying_peer.send(b"0123456789")
        relaying.read_exactly(10)
        half_closed, half_closed_peer = self.session(daemon)
        half_closed.goodbye()
        self.assertEqual(half_closed_peer.recv_until_end().end, FIN)
        eventually(lambda: states() == ["handshaking", "relaying", "half_closed"],
                   "the three to be listed, the oldest first")
        told = self.ask("sessions", "--state", "relaying")["sessions"][0]
        self.assertEqual(
            (told["listener"], told["backend"], told["server"], told["tls"],
             told["to_backend_bytes"], told["to_client_bytes"]),
            ("web", "app", self.app.text, "TLSv1.3", 5, 10))
        self.assertIsNone(told["cause"])
        told = self.ask("sessions", "--state", "half_closed")["sessions"][0]
        self.assertEqual((told["cause"], told["backend_act"]), ("client_eof", "sent"))
        text = self.ctl("sessions")
        self.assertEqual(text.split()[:4], ["SESSION", "STATE", "LISTENER", "CLIENT"])
        self.assertEqual(len(text.splitlines()), 4)
        self.assertEqual(self.ctl("sessions", "list", "--limit", "1").splitlines()[-1],
                         "(1 of 3: the oldest; --limit shows more)")

    def test_filters_take_what_fits_all_of_them(self):
        daemon = self.begin()
        client, _ = self.session(daemon)
        host, port = client.sock.getsockname()
        def count(*filters):
            return self.ask("sessions", *filters)["fitting"]
        self.assertEqual(count("--listener", "web", "--backend", "app", "--client", host), 1)
        self.assertEqual(count("--client", f"{host}:{port}"), 1)
        self.assertEqual(count("--client", "127.0.0"), 0)
        self.assertEqual(count("--client", host, "--listener", "other"), 0)
        self.assertEqual(count("--state", "closing"), 0)

    def test_one_is_shown_by_the_number_that_the_log_will_have(self):
        daemon = self.begin()
        client, peer = self.session(daemon)
        number = self.ask("sessions")["sessions"][0]["session"]
        text = self.ctl("sessions", "show", str(number))
        self.assertIn(f"session={number}\nstate=relaying\n", text)
        self.ctl("sessions", "show", "999999")
        client.goodbye()
        peer.recv_until_end()
        peer.fin()
        client.read_until_end()
        self.assertEqual(daemon.session("web")["session"], number)

    def test_a_killed_one_ends_at_once_and_says_so_and_no_other_does(self):
        daemon = self.begin(workers=2)
        pairs = [self.session(daemon) for _ in range(3)]
        host, port = pairs[1][0].sock.getsockname()
        found = self.ask("sessions", "--client", f"{host}:{port}")["sessions"]
        number = found[0]["session"]
        self.assertEqual(self.ctl("sessions", "kill", str(number)), f"killed: {number}\n")
        self.assertEqual(pairs[1][0].read_until_end().end, RST)
        self.assertEqual(pairs[1][1].recv_until_end().end, RST)
        line = daemon.session("web")
        self.assertEqual((line["session"], line["cause"], line["first_end"]),
                         (number, "killed", "proxy"))
        daemon.message(f"killing session={number} uid=")
        self.assertEqual(self.ctl("sessions", "kill", str(number), code=1),
                         "there is no such session\n")
        for client, peer in (pairs[0], pairs[2]):
            peer.send(b"still here")
            self.assertEqual(client.read_exactly(10), b"still here")

    def test_a_filter_kills_all_that_fit_and_no_filter_kills_nobody(self):
        daemon = self.begin(workers=2)
        pairs = [self.session(daemon) for _ in range(4)]
        self.assertIn("say which", self.ctl("sessions", "kill", code=1))
        self.assertEqual(len(self.ask("sessions", "kill", "--listener", "web")["killed"]), 4)
        for client, peer in pairs:
            self.assertEqual((client.read_until_end().end, peer.recv_until_end().end), (RST, RST))
        self.assertEqual({line["cause"] for line in daemon.session("web", 4)}, {"killed"})

    def test_an_idle_one_is_told_a_clean_end_if_on_proxy_end_says_so(self):
        daemon = self.begin(shutdown={"on_proxy_end": "notify"})
        client, peer = self.session(daemon)
        self.ctl("sessions", "kill", "--state", "relaying")
        seen = client.read_until_end()
        client.goodbye()
        self.assertEqual((seen.close_notify, seen.end), (True, FIN), str(seen))
        self.assertEqual(peer.recv_until_end().end, FIN)
        peer.fin()
        self.assertEqual(daemon.session("web")["outcome"], "clean")

    def test_what_a_client_says_cannot_break_the_table(self):
        daemon = self.begin()
        self.client(daemon.address("web"), server_name="a.example").handshake()
        number = self.ask("sessions")["sessions"][0]["session"]
        self.assertIn("sni=a.example\n", self.ctl("sessions", "show", str(number)))


if __name__ == "__main__":
    unittest.main()
