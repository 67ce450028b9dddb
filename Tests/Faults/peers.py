"""Peers that misbehave: each fault is a listener on loopback that does one wrong thing to whoever asks for what it guards.

A `Peer` is made of a fault and a `Service`: what a healthy peer of that kind answers, which path the fault is about, and what
faults of the text look like in its format. Bytes are written to the socket as they are, since most faults are none that a library
for servers would let one write.
"""

import gzip
import os
import socket
import ssl
import struct
import subprocess
import threading
import time
import zlib

GIGABYTE = 1 << 30
BLOCK = b"x" * (1 << 16)

# Faults of the connection and of HTTP, the same for every reader; then those of the text, which each format has its own form of.
WIRE = [
    "refuse", "hang-before-headers", "hang-inside-headers", "hang-after-headers", "drip", "truncate", "truncate-headers", "reset",
    "html", "gigabyte", "gigabyte-chunked", "gzip-bomb", "gzip-unannounced", "redirects", "http-0.9", "header-bomb", "header-line-bomb",
    "bad-chunks", "no-answer", "tls-expired", "tls-wrong-host", "tls-unknown-authority", "plain-on-tls-port", "tls-on-plain-port",
]
TEXT = [
    "invalid-utf-8", "deep-nesting", "duplicate-keys", "out-of-range", "nan", "lone-surrogate", "empty", "control-characters",
]
FAULTS = WIRE + TEXT


class Service:
    """What a healthy peer answers: `answers` maps a path to (content type, body), of which `guarded` are the paths that a fault is
    about; nil stands for all. `texts` has bodies for faults of the text."""

    def __init__(self, answers, guarded=None, texts=None):
        self.answers, self.guarded, self.texts = answers, guarded, texts or {}

    def answer(self, method, path, body):
        found = self.answers(method, path, body) if callable(self.answers) else self.answers.get(path.split("?")[0])
        if found is None:
            return 404, "application/json", b'{"detail":"Not Found"}'
        return (200, *found) if len(found) == 2 else found

    def is_guarded(self, path):
        return self.guarded is None or path.split("?")[0] in self.guarded


class Certificates:
    """An authority of our own, and what it signs: one good, one that has run out, one for another host; and one that it does not know."""

    def __init__(self, folder):
        self.folder = folder
        self.authority = self.path("ca.pem")
        self._make("ca", ["-x509", "-days", "3650", "-subj", "/CN=faults authority"])
        for name, host, days in (("good", "127.0.0.1", 30), ("expired", "127.0.0.1", 30), ("wrong-host", "10.9.8.7", 30)):
            self._sign(name, host, days)
        self._make("unknown", ["-x509", "-days", "30", "-subj", "/CN=unknown", "-addext", "subjectAltName=IP:127.0.0.1"])

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def _make(self, name, arguments):
        self._openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.path(name + ".key"), "-out", self.path(name + ".pem"), *arguments)

    def _sign(self, name, host, days):
        self._make(name, ["-subj", "/CN=" + host])
        os.rename(self.path(name + ".pem"), self.path(name + ".csr"))
        with open(self.path(name + ".ext"), "w", encoding="ascii") as file:
            file.write(f"subjectAltName=IP:{host}\n")
        # The days of `openssl ca` may lie in the past; those of `openssl x509` count from now, and may not be negative.
        if name == "expired":
            for file, text in (("index.txt", ""), ("serial", "01\n")):
                with open(self.path(file), "w", encoding="ascii") as out:
                    out.write(text)
            with open(self.path("ca.conf"), "w", encoding="ascii") as out:
                out.write(
                    "[ca]\ndefault_ca=d\n[d]\ndir={0}\ndatabase={0}/index.txt\nserial={0}/serial\nnew_certs_dir={0}\n"
                    "default_md=sha256\npolicy=p\ncopy_extensions=copy\n[p]\ncommonName=supplied\n".format(self.folder))
            self._openssl(
                "ca", "-batch", "-config", self.path("ca.conf"), "-cert", self.authority, "-keyfile", self.path("ca.key"),
                "-in", self.path(name + ".csr"), "-out", self.path(name + ".pem"), "-extfile", self.path(name + ".ext"),
                "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-notext")
        else:
            self._openssl(
                "x509", "-req", "-in", self.path(name + ".csr"), "-CA", self.authority, "-CAkey", self.path("ca.key"), "-CAcreateserial",
                "-days", str(days), "-extfile", self.path(name + ".ext"), "-out", self.path(name + ".pem"))

    def context(self, name):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(name + ".pem"), self.path(name + ".key"))
        return context


def head(status=200, kind="application/json", length=None, more=""):
    lines = [f"HTTP/1.1 {status} X", f"Content-Type: {kind}"]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n" + more + "\r\n").encode("latin-1")


def whole(kind, body, status=200, more=""):
    return head(status, kind, len(body), more) + body


def bomb():
    """A gigabyte of spaces, gzipped: a megabyte."""
    packer, out = zlib.compressobj(9, zlib.DEFLATED, 31), []
    blank = b" " * (1 << 20)
    for _ in range(GIGABYTE >> 20):
        out.append(packer.compress(blank))
    return b"".join(out) + packer.flush()


class Peer:
    """One listener. `asked` counts requests, `url` is where it listens; `close` ends it and every connection."""

    bombs = None

    def __init__(self, fault, service, certificates=None):
        self.fault, self.service, self.certificates = fault, service, certificates
        self.asked, self.guarded_asked, self.ended = 0, 0, threading.Event()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        speaks_tls = fault in ("tls-expired", "tls-wrong-host", "tls-unknown-authority", "tls-on-plain-port", "tls-good")
        self.context = certificates.context(self._certificate()) if speaks_tls else None
        self.scheme = "https" if fault in ("plain-on-tls-port",) or (speaks_tls and fault != "tls-on-plain-port") else "http"
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        if fault == "gzip-bomb" and Peer.bombs is None:
            Peer.bombs = bomb()
        if fault == "refuse":
            return  # Bound and not listening: the port stays ours, and refuses.
        self.listener.listen(512)
        threading.Thread(target=self._accept, daemon=True).start()

    def _certificate(self):
        return {"tls-expired": "expired", "tls-wrong-host": "wrong-host", "tls-unknown-authority": "unknown"}.get(self.fault, "good")

    def close(self):
        self.ended.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def _accept(self):
        while not self.ended.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.settimeout(120)
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            buffered = b""
            while not self.ended.is_set():
                while b"\r\n\r\n" not in buffered:
                    read = connection.recv(65536)
                    if not read:
                        return
                    buffered += read
                    if buffered[:1] == b"\x16":
                        # As servers do that are greeted in TLS and speak none.
                        self.asked += 1
                        connection.sendall(whole("text/plain", b"Bad Request", 400))
                        return
                top, buffered = buffered.split(b"\r\n\r\n", 1)
                lines = top.decode("latin-1").split("\r\n")
                method, path = (lines[0].split(" ") + ["/"])[:2]
                fields = {line.partition(":")[0].strip().lower(): line.partition(":")[2].strip() for line in lines[1:]}
                if fields.get("expect", "").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                length = int(fields.get("content-length", "0"))
                while len(buffered) < length:
                    read = connection.recv(65536)
                    if not read:
                        return
                    buffered += read
                body, buffered = buffered[:length], buffered[length:]
                self.asked += 1
                if self.fault in (None, "tls-good") or not self.service.is_guarded(path):
                    status, kind, answer = self.service.answer(method, path, body)
                    connection.sendall(whole(kind, answer, status))
                    continue
                self.guarded_asked += 1
                self._misbehave(connection, method, path, body)
                return
        except ssl.SSLError:
            self.asked += 1
        except (OSError, ValueError):
            pass
        finally:
            try:
                connection.close()
            except OSError:
                pass

    def _misbehave(self, to, method, path, asked):
        """Does the wrong thing once; the connection is closed afterwards."""
        status, kind, good = self.service.answer(method, path, asked)
        half = good[: max(1, len(good) // 2)]
        fault = self.fault
        if fault in TEXT:
            text = self.service.texts[fault]
            to.sendall(whole(kind, text(good) if callable(text) else text))
        elif fault == "hang-before-headers":
            self.ended.wait(120)
        elif fault == "hang-inside-headers":
            to.sendall(head(200, kind, len(good))[:-2])
            self.ended.wait(120)
        elif fault == "hang-after-headers":
            to.sendall(head(200, kind, len(good)))
            self.ended.wait(120)
        elif fault == "drip":
            to.sendall(head(200, kind, len(good)))
            for byte in good:
                to.sendall(bytes([byte]))
                if self.ended.wait(1):
                    return
        elif fault == "truncate":
            to.sendall(head(200, kind, len(good)) + half)
        elif fault == "truncate-headers":
            to.sendall(head(200, kind, len(good))[:-2])
        elif fault == "reset":
            to.sendall(head(200, kind, len(good)) + half)
            to.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif fault == "no-answer":
            pass
        elif fault == "html":
            to.sendall(whole("text/html; charset=utf-8", b"<!DOCTYPE html><html><body><h1>Sign in</h1></body></html>"))
        elif fault == "gigabyte":
            to.sendall(head(200, kind, GIGABYTE))
            for _ in range(GIGABYTE // len(BLOCK)):
                to.sendall(BLOCK)
        elif fault == "gigabyte-chunked":
            to.sendall(head(200, kind, more="Transfer-Encoding: chunked\r\n"))
            for _ in range(GIGABYTE // len(BLOCK)):
                to.sendall(b"%x\r\n" % len(BLOCK) + BLOCK + b"\r\n")
            to.sendall(b"0\r\n\r\n")
        elif fault == "gzip-bomb":
            to.sendall(whole(kind, Peer.bombs, more="Content-Encoding: gzip\r\n"))
        elif fault == "gzip-unannounced":
            to.sendall(whole(kind, gzip.compress(good)))
        elif fault == "redirects":
            to.sendall(whole(kind, b"", 302, f"Location: {self.scheme}://127.0.0.1:{self.port}{path}\r\n"))
        elif fault == "http-0.9":
            to.sendall(good)
        elif fault == "header-bomb":
            to.sendall(b"HTTP/1.1 200 OK\r\n")
            for number in range(1_000_000):
                to.sendall(b"X-Filler-%d: %s\r\n" % (number, b"y" * 200))
            to.sendall(b"Content-Length: 2\r\n\r\n{}")
        elif fault == "header-line-bomb":
            to.sendall(b"HTTP/1.1 200 OK\r\nX-Filler: ")
            for _ in range(1 << 10):
                to.sendall(BLOCK)
            to.sendall(b"\r\nContent-Length: 2\r\n\r\n{}")
        elif fault == "bad-chunks":
            to.sendall(head(200, kind, more="Transfer-Encoding: chunked\r\n") + b"zz\r\n" + good + b"\r\n0\r\n\r\n")
        elif fault in ("tls-expired", "tls-wrong-host", "tls-unknown-authority", "plain-on-tls-port", "tls-on-plain-port"):
            to.sendall(whole(kind, good, status))
        else:
            raise AssertionError(fault)
