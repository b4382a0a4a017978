"""A virtual machine whose first process is systemd, with serial-router
installed as a package would."""

import os

import debian
from machine import Machine


class SystemdMachine(Machine):
    MEMORY_MB = 1536
    APPEND = (" rdinit=/lib/systemd/systemd systemd.journald."
              "forward_to_console=0 systemd.show_status=0 "
              "systemd.unit=multi-user.target")

    def _make_root(self, path):
        debian.make(path, self.kernel, os.environ["SR_PACKAGE"])
