"""A shell in the guest, on this terminal.  "exit" ends the machine."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "integration")]

from kernel import Missing  # noqa: E402
from machine import Machine  # noqa: E402

SCRIPT = """exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty sane
echo "serial-routerd and its peers are in PATH; {share} is this machine's."
echo "lines: {lines}; exit ends it"
setsid -c dash -i
poweroff -f
"""


def main():
    try:
        machine = Machine(console="stdio,signal=off")
    except Missing as e:
        sys.exit("tests/vm: %s" % e)
    try:
        machine.plug_usb()
        machine.agent.run(SCRIPT.format(
            share=machine.share, lines=", ".join(
                "%s - %s" % pair for pair in machine.PAIRS.values())))
        machine.qemu.wait()
    finally:
        machine.close()


main()
