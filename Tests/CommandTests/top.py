"""Somebody at a terminal with `top`: presses keys, and prints what happened as lines `WHAT ok` or `WHAT: what is wrong`.

usage: top.py PROGRAM STATE_FOLDER SHORT_ID [left]

With `left` beside a daemon that has ended.
"""
import ctypes.util
import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import sys
import termios
import time

PROGRAM, STATE, SHORT = sys.argv[1:4]


class Screen:
    def __init__(self, columns, rows, state=STATE, **environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(PROGRAM, [PROGRAM, "top", "--state", state],
                      {"TERM": "xterm", "PATH": "/usr/bin:/bin", "HOME": "/", "USER": "pat", **environment})
        self.size(columns, rows)
        self.all = b""

    def size(self, columns, rows):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, wanted, seconds=60):
        """Reads until the newest frame holds that; the frame, without styles."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                self.all += os.read(self.fd, 65536)
            except OSError:
                break
            frames = self.all.split(b"\x1b[?2026h\x1b[H")
            whole = [f.split(b"\x1b[?2026l")[0] for f in frames[1:] if b"\x1b[?2026l" in f]
            if whole:
                text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", whole[-1].decode())
                if wanted(text.split("\r\n")):
                    return text.split("\r\n")
        raise AssertionError("waited in vain; last: " + repr(self.all[-1500:]))

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def ends(self):
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.all += data
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def told(what, check):
    try:
        check()
        print(what, "ok")
    except Exception as error:  # noqa: BLE001: told, and counted by whoever reads the lines
        print(f"{what}: {error!r}")


def holds(word):
    return lambda lines: any(word in line for line in lines)


def keys():
    screen = Screen(80, 24)
    lines = screen.until(lambda lines: len(lines) == 24 and holds(SHORT)(lines))
    assert all(len(line) <= 80 for line in lines), lines
    screen.press("x")
    screen.until(holds("no key here"))
    screen.press("?")
    screen.until(holds("Whatever changes something asks first"))
    screen.press(" ")
    screen.until(holds("Open incidents"))
    screen.press("\x1b[B")
    screen.until(holds("> " + SHORT))
    screen.press("\r")
    screen.until(holds("the whole story: mozaiks-ops incidents show " + SHORT))
    screen.press(" ")
    screen.press("a")
    screen.until(holds("Acknowledge " + SHORT))
    screen.press("n")
    screen.until(holds("choose  a ack"))
    screen.press("a")
    screen.until(holds("Acknowledge " + SHORT))
    screen.press("y")
    # Who has acknowledged it was told.
    screen.until(lambda lines: any("on it: cli:pat" in line and "held back" not in line for line in lines))
    # A narrow screen with lines left over cuts no sentence: since when it is so stands there.
    screen.size(24, 40)
    screen.until(lambda lines: len(lines) == 40 and "ago), on runtime shared" in " ".join(lines))
    # A low one keeps the newest of a story, and the way to all of it.
    screen.size(80, 6)
    screen.press("\r")
    screen.until(lambda lines: len(lines) == 6 and re.match(r"\d\d:\d\d:\d\d  ", lines[-2]) and "incidents show " + SHORT in lines[-1])
    screen.press(" ")
    # Of what is silenced nobody is told, and it says so.
    screen.size(120, 24)
    screen.press("s")
    screen.until(holds("Silence " + SHORT))
    screen.press("y")
    screen.until(holds("· held back · on it: cli:pat"))
    screen.size(40, 12)
    lines = screen.until(lambda lines: len(lines) == 12)
    assert all(len(line) <= 40 for line in lines), lines
    screen.press("q")
    assert screen.ends() == 0
    assert screen.all.startswith(b"\x1b[?1049h\x1b[?25l"), screen.all[:60]
    assert screen.all.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), screen.all[-60:]


def colours():
    screen = Screen(80, 24, NO_COLOR="1")
    screen.until(holds(SHORT))
    screen.press("\x03")
    assert screen.ends() == 0
    assert not re.search(rb"\x1b\[[0-9;]*m", screen.all), "colours in spite of NO_COLOR"


def ended():
    screen = Screen(80, 24)
    screen.until(holds(SHORT))
    os.kill(screen.pid, signal.SIGTERM)
    assert screen.ends() == 0
    assert screen.all.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), "the terminal was left as it was not"


def hanging():
    """A database that takes connections and never answers: who wants to end does not wait for it."""
    server = socket.create_server(("127.0.0.1", 0))
    for key in ("q", "\x03"):
        screen = Screen(80, 24, f"postgres://ops@127.0.0.1:{server.getsockname()[1]}/ops")
        screen.until(holds("Reading the journal"))
        screen.press(key)
        # Told that nothing answers it would end as well, later and with another code.
        assert screen.ends() == 0, screen.all[-300:]
        assert screen.all.rstrip().endswith(b"\x1b[?25h\x1b[?1049l"), "the terminal was left as it was not"


def left():
    """The daemon has ended: that is said at once, and no key promises that somebody takes what is asked."""
    screen = Screen(80, 24)
    screen.until(holds("o engine runs"))
    screen.press("\x1b[B")
    screen.until(holds("> " + SHORT))
    screen.press("s")
    screen.until(holds("Silence " + SHORT))
    screen.press("y")
    screen.until(holds("no engine runs; the next 'run' or 'check' takes it"))
    screen.press("q")
    assert screen.ends() == 0


if sys.argv[4:] == ["left"]:
    told("left", left)
    sys.exit()
told("keys", keys)
told("colours", colours)
told("ended", ended)
if ctypes.util.find_library("pq"):
    told("hanging", hanging)
else:
    print("hanging ok")
