"""What the measurements start and ask: processes that answer with figures. A figure that cannot be is a failure, not a result."""
import math
import os
import signal
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
HERE = os.path.join(ROOT, "Tests", "Bench")
BENCH = os.path.join(ROOT, ".build", "release", "bench")
PROGRAM = os.path.join(ROOT, ".build", "mozaiks-ops")
MB = 1e6

# Figures of which nothing, or less, is an answer. Of all others it says that nothing was measured.
MAY_BE_ZERO = {"failures", "incidents", "cycles", "allocations_per_rule_and_app"}


class Nonsense(Exception):
    """A part that could not run, or says what cannot be."""


def figure(name, text):
    """The value of a figure that a process reports."""
    try:
        value = float(text)
    except ValueError:
        raise Nonsense(f"{name} is {text!r}, which is no number") from None
    if not math.isfinite(value) or (value <= 0 and name not in MAY_BE_ZERO):
        raise Nonsense(f"{name} is {text}: nothing was measured")
    return value


class Process:
    """A process that answers lines with lines. Ended by closing its input, or by its id."""

    def __init__(self, *command):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise Nonsense(f"{' '.join(self.command[1:3])} ended early")
        return line.strip()

    def value(self, name):
        """The value of the next line, which must be of that name."""
        got, _, value = self.read().partition(" ")
        if got != name:
            raise Nonsense(f"wanted {name}, got {got}")
        return value

    def number(self, name):
        return figure(name, self.value(name))

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        """The figure that a line is answered with, behind its name where it has one."""
        self.tell(line)
        name, _, value = self.read().rpartition(" ")
        return figure(name or line, value)


def figures(*command):
    """The figures that one process reports."""
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    got = {name: figure(name, value) for name, value in (line.split() for line in output.splitlines())}
    if not got:
        raise Nonsense(f"{' '.join(command[1:3])} reports nothing")
    return got


def simulate(chats, apps):
    return Process(BENCH, "simulate", str(chats), str(apps))


def clean_environment(**more):
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return keep | more


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        fields = dict(line.split(":", 1) for line in file)
    return {name: int(fields[name].split()[0]) * 1024 / MB for name in ("VmRSS", "RssAnon", "VmHWM")}


def stop(process, patience=20):
    """Ends a program as its users would, and at once where it does not end within so many seconds."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
