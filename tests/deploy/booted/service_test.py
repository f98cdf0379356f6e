"""Starting, the status, reloading and stopping, as the service manager sees them."""

import re
import time
import unittest

from backends import CONTENT, Nginx
from load import connect, context, download, get, short
from service import (TLS, ServiceCase, can_connect, drop_in, endings,
                     eventually, journal, main_pid, make_certificate, metric, run, settings, show,
                     systemctl, write)
from support.tls_client import TlsClient
from support.waiting import Background


class AService(ServiceCase):
    def setUp(self):
        super().setUp()
        self.nginx = Nginx()
        self.addCleanup(self.nginx.close)
        self.tls = context()

    def status(self):
        return show("StatusText")

    # --- start ------------------------------------------------------------------------------------

    def test_a_start_is_over_when_it_listens(self):
        for _ in range(10):
            self.start()
            self.assertTrue(can_connect(), "refused right after `systemctl start`")
            systemctl("stop", "ferrule")
        self.assertEqual(show("Result"), "success")

    def test_the_status_says_how_many_sessions_are_open(self):
        self.start()
        open_ones = [connect(self.tls) for _ in range(3)]
        eventually(lambda: re.search(r"\b3\b", self.status()),
                   "3 sessions in the status: " + self.status())
        print("\n  status:", self.status())
        for connection in open_ones:
            connection.close()
        eventually(lambda: not re.search(r"\b3\b", self.status()), "no 3 sessions in the status")

    def test_a_file_with_errors_fails_the_start_and_is_tried_again(self):
        write(settings().replace("backend: app", "backend: ap"))
        answer = systemctl("start", "ferrule", check=False)
        self.assertNotEqual(answer.returncode, 0)
        said = journal(self.mark)
        self.assertIn("ferrule.yaml:", said)
        self.assertRegex(said, r"\^ .*\bapp\b", "no caret with an offer")
        self.assertEqual(show("ExecMainStatus"), "2")
        eventually(lambda: int(show("NRestarts")) > 6, "more tries than a start limit allows")
        write(settings())
        eventually(can_connect, "the mended file to be used")

    # --- reload -----------------------------------------------------------------------------------

    def test_a_reload_is_over_when_the_new_settings_are_in_use(self):
        pid = self.start()
        for number in range(15):
            port = 4430 + number
            write(settings({"web": f"127.0.0.1:{port}"}))
            systemctl("reload", "ferrule")
            self.assertTrue(can_connect(("127.0.0.1", port)), f"reload {number}: it came back early")
        self.assertEqual(main_pid(), pid)
        self.assertEqual(metric("ferrule_reloads_total", result="ok"), 15)

    def test_a_reload_of_a_file_with_errors_fails_and_says_where(self):
        pid = self.start()
        write(settings(drain="{timeout: 10}"))
        answer = systemctl("reload", "ferrule", check=False)
        self.assertNotEqual(answer.returncode, 0, "a bad file was a good reload")
        said = journal(self.mark)
        self.assertRegex(said, r"ferrule\.yaml:4:\d+: error: drain\.timeout")
        self.assertRegex(said, r"(?m)^\s+\^ ")
        self.assertEqual(show("ActiveState"), "active")
        self.assertEqual(main_pid(), pid)
        short(self.tls)
        self.assertEqual(metric("ferrule_last_reload_success"), 0)
        direct = run("ferrule", "ctl", "reload", check=False)
        self.assertEqual(direct.returncode, 2)
        self.assertRegex(direct.stdout, r"ferrule\.yaml:4:\d+: error: drain\.timeout.*\n.*\n\s+\^ ")
        write(settings())
        systemctl("reload", "ferrule")
        self.assertEqual(metric("ferrule_last_reload_success"), 1)

    # --- keys -------------------------------------------------------------------------------------

    def test_renewed_files_are_picked_up_inside_of_the_sandbox(self):
        self.start()
        make_certificate("main")
        eventually(lambda: metric("ferrule_certificate_loads_total", result="ok") >= 1,
                   "the renewed certificate to be loaded")
        short(context())

    def test_a_key_that_only_root_can_read_comes_as_a_credential(self):
        make_certificate("secret")
        key = TLS / "secret.key"
        key.chmod(0o600)
        run("chown", "root:root", str(key))
        text = settings().replace(f"{TLS}/main", f"{TLS}/secret")
        write(text)
        answer = systemctl("start", "ferrule", check=False)
        self.assertNotEqual(answer.returncode, 0, "the service could read root's key")
        systemctl("stop", "ferrule")
        example = "/opt/ferrule-test/systemd/credentials.conf"
        with open(example, encoding="utf-8") as file:
            drop_in(file.read().replace("/etc/ferrule/tls/main.key", str(key)))
        self.start(text.replace(str(key), "/run/credentials/ferrule.service/main.key"))
        self.tls.load_verify_locations(TLS / "secret.pem")
        short(self.tls)

    # --- stop -------------------------------------------------------------------------------------

    def test_a_stop_waits_for_the_sessions_longer_than_its_own_limit(self):
        drop_in("[Service]\nTimeoutStopSec=3s\n")
        self.start(settings(drain="{timeout: 60s}"))
        transfer = Background(download, self.tls, 12)
        eventually(lambda: metric("ferrule_sessions_open") == 1, "the transfer to begin")
        begin = time.monotonic()
        stop = Background(systemctl, "stop", "ferrule")
        draining = eventually(lambda: re.search(r"(?i)drain.*\b1\b", self.status()),
                              "the status to say what a drain waits for")
        print("\n  status:", draining.string)
        self.assertEqual(metric("ferrule_draining"), 1)
        stop.result()
        transfer.result()
        self.assertGreater(time.monotonic() - begin, 3, "it did not take longer than the limit")
        self.assertEqual((show("Result"), show("ExecMainStatus")), ("success", "0"))
        self.assertEqual([end["outcome"] for end in endings(self.mark)], ["clean"])

    def test_a_stop_that_cut_a_session_shows_and_is_not_restarted(self):
        self.start(settings(drain="{timeout: 1s}"))
        client = TlsClient(("127.0.0.1", 443), server_name="localhost", context=self.tls,
                           receive_buffer=4096)
        self.addCleanup(client.close)
        client.handshake()
        client.send(f"GET /content?rate={len(CONTENT) // 8} HTTP/1.0\r\n\r\n".encode())
        # The answer is not read, so the end of what has been sent is waiting somewhere.
        eventually(lambda: metric("ferrule_bytes_total", direction="to_client") > 48 * 1024,
                   "more of the answer than the client has room for")
        systemctl("stop", "ferrule")
        self.assertEqual((show("Result"), show("ExecMainStatus")), ("exit-code", "1"))
        self.assertEqual(show("ActiveState"), "failed")
        self.assertEqual([end["cause"] for end in endings(self.mark)], ["drain"])

    # --- sockets ----------------------------------------------------------------------------------

    def test_a_socket_starts_it_and_outlives_it(self):
        write(settings({"web": "fd:web"}))
        systemctl("start", "ferrule.socket")
        self.assertEqual(show("ActiveState"), "inactive")
        short(self.tls)
        self.assertEqual(show("ActiveState"), "active")
        get(self.tls, "/short", CONTENT[:4096], host="::1")
        clients = [end["client"].rpartition(":")[0] for end in endings(self.mark)]
        self.assertEqual(clients, ["127.0.0.1", "[::1]"])
        systemctl("stop", "ferrule.service")
        self.assertTrue(can_connect(), "refused while the service is stopped")


if __name__ == "__main__":
    unittest.main()
