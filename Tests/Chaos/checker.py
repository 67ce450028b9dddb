"""Compares what the simulated world wrote down by itself with what the monitor's journal says.

Reads the journal's tables with SQLite and the world's own logs. Shares no code with the product: what an audit row's digest
covers, what an idempotency key is made of and what may follow what is written here a second time, from the documents.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import urllib.request

KINDS = [
    "incidents lost", "messages lost", "actions done twice", "leases forgotten", "values nobody owns", "audit log broken",
    "journal damaged", "acted while stopped", "wrong tenant held",
]


def with_stranger(state):
    """The control plane, holding a lease of which the journal knows nothing."""
    state["leases"].append({"id": "lease-0000000000000000", "app_id": "noisy-0000"})


def with_value(state):
    """The control plane, with a limit left behind where nobody sees it."""
    next(iter(state["entitlements"].values()))["enforced"]["rate_limits"]["concurrent_workflows"] = 2


def with_held(state):
    """The webhook's receiver, still holding a lease that nobody here knows."""
    state["webhook"].append("lease-0000000000000000")


def without_tenant(state):
    next(iter(state["entitlements"].values()))["stored"]["tenant_id"] = None


WORLDS = {
    "values nobody owns: a lease at the control plane": with_stranger,
    "values nobody owns: a lease at the webhook's receiver": with_held,
    "values nobody owns: a limit that was never put back": with_value,
    "values nobody owns: a tenant that was erased": without_tenant,
}

NO_TRIGGERS = "DROP TRIGGER audit_keeps_its_rows; DROP TRIGGER audit_keeps_its_values;"

# What the checker has to find, by the kind that it must say.
DAMAGES = {
    "incidents lost: one is gone": "DELETE FROM incidents WHERE rowid = (SELECT min(rowid) FROM incidents)",
    "messages lost: a row is gone": "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox)",
    "messages lost: one counts as sent that never was":
        "UPDATE outbox SET state = 'sent', created_ms = created_ms + 1 WHERE id = (SELECT max(id) FROM outbox WHERE channel = 'hook')",
    "messages lost: one still waits": "UPDATE outbox SET state = 'pending' WHERE id = (SELECT max(id) FROM outbox)",
    "messages lost: an opening that nobody was told": "DELETE FROM outbox WHERE event = 'opened'",
    "actions done twice: two leases on one app at once":
        "INSERT INTO leases SELECT id || 'x', kind, runtime, app, pack, state, shadow, created_ms, expires_ms, ended_ms, document, checksum"
        " FROM leases WHERE shadow = 0 LIMIT 1",
    "leases forgotten: a row is gone": "DELETE FROM leases WHERE rowid = (SELECT max(rowid) FROM leases)",
    "leases forgotten: one never ends": "UPDATE leases SET state = 'in_force', ended_ms = NULL, expires_ms = 1 WHERE rowid = 1",
    "values nobody owns: starts refused without a lease": "UPDATE leases SET created_ms = 1, ended_ms = 2, expires_ms = 2",
    "acted while stopped: leases that began meanwhile": "UPDATE leases SET created_ms = created_ms WHERE rowid = 1",
    "wrong tenant held: one that never was noisy": "UPDATE leases SET app = CAST('quiet-1' AS BLOB) WHERE rowid = (SELECT max(rowid) FROM leases)",
    "audit log broken: a changed row": "UPDATE audit SET actor = 'nobody' WHERE seq = 2",
    "audit log broken: two rows exchanged":
        "UPDATE audit SET seq = -1 WHERE seq = 1; UPDATE audit SET seq = 1 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = -1",
    "audit log broken: the last row cut off, and the recorded end with it":
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit);"
        " UPDATE meta SET value = (SELECT seq || ':' || lower(hex(digest)) FROM audit ORDER BY seq DESC LIMIT 1) WHERE key = 'audit_head'",
}


def lines(path):
    """The whole lines of a file that grows."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]


class Checker:
    # A lease is undone at the gate once that is on disk.
    gate_lag_ms = 1_500

    def __init__(self, folder, control_plane):
        self.folder = folder
        self.control_plane = control_plane
        self.found = []  # (kind, what)
        self.said = set()
        self.incidents = {}  # id -> status
        self.messages = {}  # id -> (incident, event, state)
        self.leases = {}
        self.head = None
        self.checks = 0
        self.duplicates = 0
        self.stopped = []  # [from, to) in which actions were stopped

    def report(self, kind, what):
        if (kind, what) in self.said:
            return
        self.said.add((kind, what))
        self.found.append((kind, what))
        print(f"  FOUND {kind}: {what}", flush=True)

    def ask(self, path):
        with urllib.request.urlopen(self.control_plane + path, timeout=20) as answer:
            return json.load(answer)

    # One look, while no monitor runs or beside one that does.

    def check(self, final_before=None):
        """`final_before`: milliseconds; what began earlier must be over and told."""
        self.checks += 1
        # The world first: what it shows then must be in the journal, which is read later.
        posts = lines(self.folder + "/posts.jsonl")
        starts = lines(self.folder + "/starts.jsonl")
        events = self.ask("/_sim/log") if self.control_plane else []
        state = self.ask("/_sim/state") if self.control_plane else {"leases": [], "webhook": [], "entitlements": {}}
        copy = tempfile.mkdtemp(prefix="check-", dir=self.folder)
        try:
            self.copy_journal(copy)
            if not os.path.exists(copy + "/journal.db"):
                return
            self.journal = sqlite3.connect(copy + "/journal.db")
            self.journal.row_factory = sqlite3.Row
            try:
                damage = self.journal.execute("PRAGMA integrity_check").fetchone()[0]
                if damage != "ok":
                    self.report("journal damaged", damage)
                if not self.journal.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'leases'").fetchone()[0]:
                    return
                self.check_audit()
                self.check_incidents(posts)
                # Beside a monitor that goes on, what counts as sent by now was sent after the world was looked at.
                self.check_messages(lines(self.folder + "/posts.jsonl"), final_before)
                self.check_leases(events, state, starts, final_before)
            except sqlite3.DatabaseError as error:
                self.report("journal damaged", str(error))
            finally:
                self.journal.close()
        finally:
            shutil.rmtree(copy)

    def copy_journal(self, copy):
        for name in ("journal.db", "journal.db-wal"):
            if os.path.exists(f"{self.folder}/state/{name}"):
                shutil.copy(f"{self.folder}/state/{name}", f"{copy}/{name}")

    def may_be_held(self, lease):
        """Whether the app of a lease's row gave reason to hold it back."""
        return lease["app"].decode().startswith("noisy-")

    def must_be_told(self, incident):
        """Whether people are to hear of an incident, given its row."""
        return True

    def may_be_forgotten(self, over_ms):
        """Whether the messages of what was over then may be gone: a campaign does not last as long as they are kept."""
        return False

    def held_until(self, row):
        """When nobody is to be held any more by a lease."""
        return row["ended_ms"] or row["expires_ms"]

    # The audit log: nothing changed, dropped, reordered, cut short; what was there once stays there.

    def check_audit(self):
        def number(value):
            return value.to_bytes(8, "big", signed=True)

        previous, seq, kept = bytes(32), 0, self.head is None
        for row in self.journal.execute("SELECT * FROM audit ORDER BY seq"):
            seq += 1
            if row["seq"] != seq or row["previous"] != previous:
                return self.report("audit log broken", f"row {seq} is missing or does not continue the one before")
            hashed = previous + number(seq) + number(row["at_ms"])
            for name in ("actor", "kind", "reason", "document"):
                value = row[name].encode()
                hashed += number(len(value)) + value
            previous = hashlib.sha256(hashed).digest()
            if previous != row["digest"]:
                return self.report("audit log broken", f"row {seq} does not match its digest")
            kept = kept or (seq, previous) == self.head
        head = self.journal.execute("SELECT value FROM meta WHERE key = 'audit_head'").fetchone()
        if (head[0] if head else None) != (f"{seq}:{previous.hex()}" if seq else None):
            self.report("audit log broken", f"it ends with row {seq}, and not where it was recorded to")
        if not kept:
            self.report("audit log broken", f"row {self.head[0]}, seen before, is gone")
        self.head = (seq, previous) if seq else None

    # Incidents: none that was seen is gone, none that people were told of is unknown.

    def check_incidents(self, posts):
        now = {row["id"]: dict(row) for row in self.journal.execute("SELECT * FROM incidents")}
        for id in self.incidents.keys() - now.keys():
            self.report("incidents lost", f"{id} was in the journal")
        for id, row in now.items():
            document = json.loads(row["document"])
            if document["id"] != id:
                self.report("incidents lost", f"{id} holds the document of {document['id']}")
        for post in posts:
            if post["service"] == "hook" and post["incident"] and post["incident"] not in now:
                self.report("incidents lost", f"{post['incident']} was told and is not in the journal")
        self.incidents = now

    # Messages: what counts as sent was received, and nothing that was to be sent is gone.

    def check_messages(self, posts, final_before):
        received = {}
        for post in posts:
            if "refused" in post:
                self.report("messages lost", f"Slack would not take one: {post['refused']}")
            if post["service"] == "hook":
                received[post["key"]] = received.get(post["key"], 0) + 1
        self.duplicates = sum(count - 1 for count in received.values())
        rows = {row["id"]: dict(row) for row in self.journal.execute("SELECT * FROM outbox")}
        for id in self.messages.keys() - rows.keys():
            if not self.may_be_forgotten(self.messages[id]["settled_ms"]):
                self.report("messages lost", f"message {id} was in the outbox")
        told = set()
        for id, row in rows.items():
            if row["state"] == "sent" and row["channel"] == "hook":
                # An update that took the place of others is told for the weightiest of their news.
                news = (row["news"] if row["event"] == "updated" else None) or json.loads(row["document"]).get("news")
                text = f"{row['event']}\0{row['created_ms']}\0{row['incident']}" + (f"\0{news}" if news else "")
                if hashlib.sha256(text.encode()).hexdigest()[:32] not in received:
                    self.report("messages lost", f"message {id} counts as sent and never came")
            if row["state"] == "dead":
                self.report("messages lost", f"message {id} was given up: {row['last_error']}")
            if final_before and row["state"] == "pending" and row["created_ms"] < final_before:
                self.report("messages lost", f"message {id} still waits: {row['last_error']}")
            told.add((row["channel"], row["incident"], row["event"]))
        for id, row in self.incidents.items():
            if not self.must_be_told(row) or self.may_be_forgotten(row["resolved_ms"]):
                continue
            for channel in ("hook", "ops"):
                if (channel, id, "opened") not in told:
                    self.report("messages lost", f"nobody was to hear on {channel} that {id} opened")
                if row["status"] == "resolved" and (channel, id, "resolved") not in told:
                    self.report("messages lost", f"nobody was to hear on {channel} that {id} resolved")
        self.messages = rows

    # Leases: what the control plane was asked for is in the journal, once; what is over is gone everywhere.

    def check_leases(self, events, state, starts, final_before):
        leases = {row["id"]: dict(row) for row in self.journal.execute("SELECT * FROM leases")}
        for id in self.leases.keys() - leases.keys():
            self.report("leases forgotten", f"{id} was in the journal")
        self.leases = leases
        for id, row in leases.items():
            if not row["shadow"] and not self.may_be_held(row):
                self.report("wrong tenant held", f"{id} holds {row['app'].decode()}, which never was noisy")
        intents = {
            (row["lease"], row["adapter"]) for row in self.journal.execute("SELECT lease, adapter FROM placements")
        } if self.journal.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'placements'").fetchone()[0] else set()

        began, in_force = {}, {}
        for event in events:
            id, kind, app = event["lease"], event["event"], event["app_id"]
            if event["part"] == "entitlements":
                if kind in ("synced", "half_synced") and id != "platform" and id and id not in leases:
                    self.report("leases forgotten", f"entitlements of {app} were changed for {id}, which is not in the journal")
                continue
            if event["part"] != "leases":
                continue
            if kind == "forgot":
                began, in_force = {}, {}
            elif kind in ("began", "changed", "repeated"):
                if (id, "lease_api") not in intents:
                    self.report("leases forgotten", f"{id} was put and no intent of it is in the journal")
                if kind == "began":
                    if began.get(id) == "ended":
                        self.report("actions done twice", f"{id} began again after it had ended")
                    for other, holder in in_force.items():
                        if other != id and holder == (app, leases.get(id, {}).get("kind")):
                            self.report("actions done twice", f"{id} began while {other} was in force on {app}")
                began[id] = kind
                in_force[id] = (app, leases.get(id, {}).get("kind"))
            elif kind in ("ended", "expired"):
                # What ran out at the receiver may be extended late; what was undone must not come back.
                began[id] = kind
                in_force.pop(id, None)

        # The file stands before the first of these moments, and nothing runs then: no lease may begin within them.
        for row in leases.values():
            for stop in self.stopped:
                if not row["shadow"] and stop[0] <= row["created_ms"] < stop[1]:
                    self.report("acted while stopped", f"{row['id']} began while actions were stopped")

        keys = {}
        for row in leases.values():
            if row["shadow"]:
                continue
            key = (row["kind"], row["runtime"], row["app"], row["pack"])
            end = row["ended_ms"] or row["expires_ms"]
            for other in keys.setdefault(key, []):
                if row["created_ms"] < other[1] and other[0] < end:
                    self.report("actions done twice", f"{row['id']} and {other[2]} overlap on one app")
            keys[key].append((row["created_ms"], end, row["id"]))

        spans = {}
        for row in leases.values():
            spans.setdefault(row["app"].decode(), []).append((row["created_ms"], self.held_until(row)))
        for start in starts:
            if start["verdict"] == "refused" and not any(
                begin <= start["at_ms"] <= end + self.gate_lag_ms for begin, end in spans.get(start["app"], [])
            ):
                self.report("values nobody owns", f"a start of {start['app']} was refused at {start['at_ms']} without a lease")

        for lease in state["leases"]:
            if lease["id"] not in leases:
                self.report("values nobody owns", f"the lease API holds {lease['id']}, which is not in the journal")
        for id in state["webhook"]:
            if id not in leases:
                self.report("values nobody owns", f"the webhook's receiver holds {id}, which is not in the journal")
        if not final_before:
            return
        for row in leases.values():
            if row["state"] != "ended" and row["expires_ms"] < final_before:
                self.report("leases forgotten", f"{row['id']} ran out at {row['expires_ms']} and is {row['state']}")
        for row in self.journal.execute("SELECT * FROM placements WHERE over = 0"):
            if leases.get(row["lease"], {}).get("expires_ms", 0) < final_before:
                document = json.loads(row["document"])
                self.report(
                    "leases forgotten",
                    f"{row['lease']} at {row['adapter']} is {document['phase']}: {document.get('last_error')}")
        open_leases = {row["id"] for row in leases.values() if row["state"] != "ended"}
        owned = {row["app"].decode() for row in leases.values() if row["state"] != "ended"}
        for lease in state["leases"]:
            if lease["id"] not in open_leases:
                self.report("values nobody owns", f"the lease API holds {lease['id']}, which is over in the journal")
        for id in state["webhook"]:
            if id not in open_leases:
                self.report("values nobody owns", f"the webhook's receiver holds {id}, which is over in the journal")
        for app, entry in state["entitlements"].items():
            for half in ("stored", "enforced"):
                kept = entry[half]
                if app in owned or kept is None:
                    continue
                if kept["rate_limits"] != {"requests_per_minute": 600, "concurrent_workflows": 50}:
                    self.report("values nobody owns", f"{half} limits of {app} are {kept['rate_limits']}")
                if kept["tenant_id"] != f"tenant-{app}" or kept["plan"]["id"] != "pro" or not kept["features"]["code_execution"]:
                    self.report("values nobody owns", f"{half} entitlements of {app} are not what the platform set: {kept}")

    def doubter(self, folder):
        """One like it that reads the journal of a folder, whatever this one reads."""
        return type(self)(folder, self.control_plane)

    def check_episodes(self, alive, before):
        """Every tenant that was noisy for long enough before a monitor that lived has its incident.

        `alive`: [from, to) in milliseconds, one for each life, from when its first cycle was done.
        """
        starts, runs = lines(self.folder + "/starts.jsonl"), {}
        for start in starts:
            if start["verdict"] != "refused":
                runs.setdefault(start["app"], []).append(start["at_ms"])
        known = {row["subject"].decode() for row in self.incidents.values() if row["subject_kind"] == "app"}
        watched = 0
        for episode in lines(self.folder + "/episodes.json")[0]:
            app = episode["app"]
            if app in known or episode["from_ms"] > before:
                watched += app in known
                continue
            times = runs.get(app, [])
            # Runs last three seconds at least: noisy at a moment when so many began within the three before.
            noisy = [t for t in range(episode["from_ms"], episode["from_ms"] + 6_000, 100)
                     if sum(t - 2_900 < s <= t for s in times) >= 8]
            # Something else happened then: what it did meanwhile, and who could see it, is not known so exactly.
            if not noisy or episode["disturbed"]:
                continue
            longest = max((min(end, noisy[-1]) - max(begin, noisy[0]) for begin, end in alive), default=0)
            if longest > 2_600:
                self.report("incidents lost", f"{app} was noisy for {longest} ms before a living monitor, without an incident")
        return watched


def blind_spots(original, names, now, worlds):
    """Whether a checker would have found anything: copies of what it just found in order, each damaged in one way.

    `names`: of the world's logs that it reads. Returns the damages that it does not see.
    """
    blind = []
    for kind, damage in (DAMAGES | worlds).items():
        folder = tempfile.mkdtemp(prefix="doubt-", dir=original.folder)
        for name in names:
            shutil.copy(f"{original.folder}/{name}", folder)
        shutil.copytree(original.folder + "/state", folder + "/state", ignore=shutil.ignore_patterns("*.lock", "*.stop", "*-shm"))
        doubter = original.doubter(folder)
        # All of the time, for the damage that makes a lease begin within it.
        doubter.stopped = [(0, now)] if kind.startswith("acted while stopped") else []
        doubter.report = lambda kind, what, found=doubter.found: found.append((kind, what))
        doubter.check()
        doubter.found.clear()
        if callable(damage):
            ask = doubter.ask

            def changed(path, ask=ask, damage=damage):
                answer = ask(path)
                if path == "/_sim/state":
                    damage(answer)
                return answer

            doubter.ask = changed
        else:
            journal = sqlite3.connect(folder + "/state/journal.db")
            journal.executescript(NO_TRIGGERS + damage)
            journal.close()
        doubter.check(final_before=now)
        if not any(found == kind.split(":")[0] for found, _ in doubter.found):
            blind.append(kind)
        shutil.rmtree(folder)
    return blind
