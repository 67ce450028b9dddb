"""What lies between monitors, their world and their database: relays, and networks of their own whose cable to the database can be cut.
For Tests/Chaos/pair."""

import ctypes
import os
import shutil
import socket
import subprocess
import sys
import threading
import time


def here():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


class Relay:
    """Passes connections on, until it is told to lose what comes or to refuse it."""

    def __init__(self, port, targets, listens=here):
        """`targets`: ports, asked in turn, each with what makes a socket in the network where it is; `listens`: the same of this side."""
        self.targets, self.mode, self.links, self.turn = targets, "open", set(), 0
        self.listener = listens()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        if self.mode == "hang":
            # Taken, and never answered: as where packets are lost on their way.
            self.links.add(client)
            return
        self.turn += 1
        for offset in range(len(self.targets)):
            target, connects = self.targets[(self.turn + offset) % len(self.targets)]
            server = connects()
            server.settimeout(1)
            try:
                server.connect(("127.0.0.1", target))
                break
            except OSError:
                server.close()
        else:
            return client.close()
        server.settimeout(None)
        self.links |= {client, server}
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(65536):
                while self.mode == "hang":
                    time.sleep(0.05)
                sink.sendall(data)
        except OSError:
            pass
        while self.mode == "hang":
            time.sleep(0.05)
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def heal(self):
        """What was under way is lost, as connections are that a network cut for long."""
        links, self.links, self.mode = self.links, set(), "open"
        for link in links:
            try:
                link.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Network:
    """A network of its own for one monitor (a namespace of the kernel), with one cable: to the database. It goes with its keeper."""

    def __init__(self, number):
        self.outer, self.inner = f"d{number}", f"i{number}"
        self.database = f"10.213.{number}.1"
        self.keeper = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", "echo; exec sleep infinity"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.keeper.stdout.readline()
        self.enter = ["nsenter", "-t", str(self.keeper.pid), "-n"]
        run("ip", "link", "add", self.outer, "type", "veth", "peer", "name", self.inner, "netns", str(self.keeper.pid))
        run("ip", "addr", "add", f"{self.database}/30", "dev", self.outer)
        run("ip", "link", "set", self.outer, "up")
        run(*self.enter, "ip", "link", "set", "lo", "up")
        run(*self.enter, "ip", "addr", "add", f"10.213.{number}.2/30", "dev", self.inner)
        run(*self.enter, "ip", "link", "set", self.inner, "up")

    def socket(self):
        """A socket that is in there: whoever makes it is, for that moment."""
        made = []

        def make():
            with open(f"/proc/{self.keeper.pid}/ns/net") as name:
                if ctypes.CDLL(None, use_errno=True).setns(name.fileno(), 0x40000000) == 0:
                    made.append(here())

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        return made[0]

    def lose(self, words, answers):
        """What the monitor sends, what the database sends, or both goes into the cable and is never seen again: no end is told."""
        if answers:
            run("tc", "qdisc", "add", "dev", self.outer, "root", "pfifo", "limit", "0")
        if words:
            run(*self.enter, "tc", "qdisc", "add", "dev", self.inner, "root", "pfifo", "limit", "0")

    def heal(self):
        for command in (["tc"], [*self.enter, "tc"]):
            dev = self.outer if command == ["tc"] else self.inner
            subprocess.run([*command, "qdisc", "del", "dev", dev, "root"], stderr=subprocess.DEVNULL)

    def end(self):
        self.keeper.kill()
        self.keeper.wait()


def run(*words):
    answer = subprocess.run(words, capture_output=True, text=True)
    if answer.returncode != 0:
        sys.exit(f"'{' '.join(words)}' fails: {answer.stderr.strip()}")


def obstacle():
    """Why no networks can be made here; nil where they can."""
    missing = [name for name in ("ip", "tc", "unshare", "nsenter") if not shutil.which(name)]
    if missing:
        return f"there is no '{missing[0]}' (Debian: iproute2, util-linux)"
    trial = "ip link add t0 type veth peer name t1 && tc qdisc add dev t0 root pfifo limit 0"
    answer = subprocess.run(["unshare", "-n", "sh", "-c", trial], capture_output=True, text=True)
    return None if answer.returncode == 0 else f"this user may not make networks: {answer.stderr.strip() or 'root may'}"


def move_in():
    """Begins this program anew in a network of its own, so that nothing of what it makes is the machine's."""
    if os.environ.get("LINKS_INSIDE"):
        run("ip", "link", "set", "lo", "up")
        return
    os.environ["LINKS_INSIDE"] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
