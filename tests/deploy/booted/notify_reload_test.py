"""systemd/notify-reload.conf, on a systemd that knows the type (253 or later)."""

import unittest

from backends import Nginx
from load import context, short
from service import (HERE, ServiceCase, can_connect, drop_in, main_pid, metric, run, settings, show,
                     systemctl, write)


class NotifyReload(ServiceCase):
    def setUp(self):
        super().setUp()
        self.nginx = Nginx()
        self.addCleanup(self.nginx.close)
        drop_in((HERE / "systemd" / "notify-reload.conf").read_text(encoding="utf-8"))

    def test_a_reload_is_over_when_the_new_settings_are_in_use(self):
        pid = self.start()
        self.assertEqual(show("Type"), "notify-reload")
        for number in range(15):
            port = 4430 + number
            write(settings({"web": f"127.0.0.1:{port}"}))
            systemctl("reload", "ferrule")
            self.assertTrue(can_connect(("127.0.0.1", port)), f"reload {number}: it came back early")
        self.assertEqual(main_pid(), pid)
        self.assertEqual(metric("ferrule_reloads_total", result="ok"), 15)

    def test_a_reload_of_a_file_with_errors_ends_and_changes_nothing(self):
        pid = self.start()
        write(settings(drain="{timeout: 10}"))
        systemctl("reload", "ferrule")
        self.assertEqual(metric("ferrule_last_reload_success"), 0)
        self.assertEqual((main_pid(), show("ActiveState")), (pid, "active"))
        self.assertEqual(run("ferrule", "ctl", "reload", check=False).returncode, 2)
        short(context())


if __name__ == "__main__":
    unittest.main()
