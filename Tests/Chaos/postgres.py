"""Debian's PostgreSQL for a campaign, and what a checker needs to read a journal there. For Tests/Chaos/pair and Tests/Soak/run."""

import glob
import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

BYTES = {("incidents", "subject"), ("leases", "app"), ("leases", "pack"), ("audit", "previous"), ("audit", "digest")}
TABLES = ["meta", "incidents", "leases", "placements", "outbox", "audit"]


class Server:
    """Debian's PostgreSQL in a folder of its own, on a port of loopback."""

    def __init__(self, folder, addresses=()):
        """`addresses`: of this machine, by which others than itself reach it too."""
        found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[4]))
        if not found or not os.path.exists(found[-1] + "/initdb"):
            print("there is no server of PostgreSQL here (make setup installs it)")
            sys.exit(77)
        self.bin, self.data = found[-1], folder + "/data"
        self.other = {}
        if os.getuid() == 0:
            # No server takes orders from root.
            names = {user.pw_name: user for user in pwd.getpwall()}
            user = names.get("postgres") or names["nobody"]
            self.other = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chmod(folder, 0o755)
        os.mkdir(self.data, 0o700)
        if self.other:
            os.chown(self.data, self.other["user"], self.other["group"])
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
        subprocess.run(
            [self.bin + "/initdb", "-D", self.data, "-U", "ops", "-A", "trust", "-N", "--locale=C.UTF-8", "-E", "UTF8"], check=True,
            stdout=subprocess.DEVNULL, env=environment, cwd="/", **self.other)
        self.addresses = ",".join(["127.0.0.1", *addresses])
        with open(self.data + "/pg_hba.conf", "a") as rules:
            rules.write("host all all samenet trust\n")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.environment, self.log = environment, open(folder + "/server.log", "ab")
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.bin + "/postgres", "-D", self.data, "-k", self.data, "-p", str(self.port), "-c", f"listen_addresses={self.addresses}",
             "-c", "fsync=off", "-c", "max_connections=100", "-c", "shared_buffers=16MB"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, env=self.environment, cwd="/", **self.other)
        for _ in range(400):
            if self.sql("SELECT 1", check=False).returncode == 0:
                return
            time.sleep(0.05)
        sys.exit("PostgreSQL does not start")

    def kill(self):
        """Ends it within an instant, as a power cut does."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def sql(self, text, check=True):
        return subprocess.run(
            [self.bin + "/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", self.data, "-p", str(self.port), "-U", "ops", "postgres", "-c", text],
            check=check, capture_output=True, env=self.environment, timeout=60)


class Reading:
    """Of a checker: reads PostgreSQL and makes of it the file that the checker of files reads."""

    server = None

    def copy_journal(self, copy):
        names = " UNION ALL ".join(f"SELECT '{name}', row_to_json(t)::text FROM mozaiks_ops.{name} AS t" for name in TABLES)
        answer = self.server.sql(f"SELECT json_build_array(a, b)::text FROM ({names}) AS all_rows (a, b)", check=False)
        if answer.returncode != 0:
            if b"does not exist" in answer.stderr:
                return
            self.report("journal damaged", answer.stderr.decode())
            return
        rows = {name: [] for name in TABLES}
        for line in answer.stdout.splitlines():
            name, text = json.loads(line)
            rows[name].append(json.loads(text))
        path = self.folder + "/state"
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        journal = sqlite3.connect(path + "/journal.db")
        for name in TABLES:
            columns = self.server.sql(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = 'mozaiks_ops' AND table_name = "
                f"'{name}' ORDER BY ordinal_position").stdout.decode().split()
            journal.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            journal.executemany(
                f"INSERT INTO {name} VALUES ({', '.join('?' for _ in columns)})",
                [[bytes.fromhex(row[c][2:]) if (name, c) in BYTES and row[c] else row[c] for c in columns] for row in rows[name]])
        for trigger in ("audit_keeps_its_rows", "audit_keeps_its_values"):
            journal.execute(f"CREATE TRIGGER {trigger} BEFORE DELETE ON audit BEGIN SELECT 1; END")
        journal.commit()
        journal.close()
        shutil.copy(path + "/journal.db", copy + "/journal.db")
