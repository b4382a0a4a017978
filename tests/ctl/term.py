"""A terminal, small: what a program has drawn, and its keys."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

from conftest import SECONDS, environment

TOKEN = re.compile(
    r"\x1b\[(\?[0-9;]*|[0-9;]*)([A-Za-z])|\x1b\][^\x07]*\x07|.", re.S)


class Screen:
    """Understands what top writes; anything else is a mistake."""

    def __init__(self, lines, columns):
        self.lines, self.columns = lines, columns
        self.clear()
        self.other = self.cursor = False
        self.strict = True  # nothing outside of it is drawn
        self.modes, self.colours = [], set()
        self.rest = ""

    def clear(self):
        self.rows = [[" "] * self.columns for _ in range(self.lines)]
        self.chosen = set()
        self.y = self.x = 0
        self.reverse = False

    def feed(self, text):
        text = self.rest + text
        # A sequence that is not whole yet waits for the rest of it.
        cut = text.rfind("\x1b")
        self.rest = ""
        if cut >= 0 and not re.match(r"\x1b\[[?0-9;]*[A-Za-z]", text[cut:]):
            text, self.rest = text[:cut], text[cut:]
        for token in TOKEN.finditer(text):
            if token.group(2):
                self._sequence(token.group(1), token.group(2))
            else:
                self._put(token.group(0))

    def _sequence(self, parameter, final):
        self.y = min(self.y, self.lines - 1)
        if final == "H" and parameter == "":
            self.y = self.x = 0
        elif final == "K" and parameter == "":
            self.rows[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif final == "J" and parameter == "":
            self.rows[self.y][self.x:] = [" "] * (self.columns - self.x)
            for y in range(self.y + 1, self.lines):
                self.rows[y] = [" "] * self.columns
        elif final == "J" and parameter == "2":
            self.clear()
        elif final in "hl" and parameter.startswith("?"):
            self.modes.append(parameter + final)
            if parameter == "?1049":
                self.other = final == "h"
            elif parameter == "?25":
                self.cursor = final == "h"
        elif final == "m":
            if parameter == "7":
                self.reverse = True
                self.chosen = {self.y}
            elif parameter == "0":
                self.reverse = False
            else:
                self.colours.add(parameter)
        else:
            raise AssertionError("sequence %r%s" % (parameter, final))

    def _put(self, c):
        if c == "\r":
            self.x = 0
        elif c == "\n":
            self.y += 1
            assert self.y < self.lines or not self.strict, "it scrolls"
            self.y = min(self.y, self.lines - 1)
        else:
            assert c >= " ", repr(c)
            assert self.x < self.columns or not self.strict, "too long"
            if self.x < self.columns:
                self.rows[self.y][self.x] = c
            self.x += 1

    def text(self):
        return ["".join(row).rstrip() for row in self.rows]


class Terminal:
    def __init__(self, *args, lines=24, columns=80, env=None):
        self.master, self.slave = pty.openpty()
        self.screen = Screen(lines, columns)
        self.before, self.after = "", ""
        self.resize(lines, columns)
        self.settings = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            args, stdin=self.slave, stdout=self.slave, stderr=self.slave,
            env=environment(**(env or {})), start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))

    def resize(self, lines, columns):
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))
        if (lines, columns) != (self.screen.lines, self.screen.columns):
            self.screen.lines, self.screen.columns = lines, columns
            self.screen.clear()
            # What was drawn for the old size may still be on its way.
            self.screen.strict = False

    def press(self, keys):
        os.write(self.master, keys.encode())

    def read(self, seconds):
        """Takes in what comes within that time; False where nothing did."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        text = data.decode("utf-8", "replace")
        for part in re.split(r"(\x1b\[\?1049[hl])", text):
            if self.screen.other or part.endswith("1049h"):
                self.screen.feed(part)
            else:
                # On the screen that was there before.
                self.after += part
        return True

    def wait(self, condition, what, seconds=SECONDS):
        """Until condition(lines of the screen) is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            lines = self.screen.text()
            if condition(lines):
                return lines
            self.read(0.1)
        raise AssertionError("%s: not within %g s:\n%s\n%s" % (
            what, seconds, "\n".join(self.screen.text()), self.after))

    def wait_end(self, seconds=SECONDS):
        """The exit status; what was written is taken in."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self.read(0.05)
        while self.read(0):
            pass
        return self.process.returncode

    def is_restored(self):
        return (not self.screen.other and self.screen.cursor and
                termios.tcgetattr(self.slave) == self.settings)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)
