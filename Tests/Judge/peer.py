"""The same recordings through Prometheus, with the same thresholds: what an exporter would have shown, and alerts written as one
writes them. Needs Debian's `prometheus` (with promtool); it listens on loopback only."""
import collections, json, pathlib, shutil, subprocess, sys, tempfile, time, urllib.parse, urllib.request

#: Alert: (expression, seconds it must hold, severity). `m` is put before every name.
ALERTS = {
    "runtime-down": ("m_up == 0", 60, "critical"),
    "runtime-unhealthy": ("m_healthy == 0", 60, "critical"),
    "mongodb-slow": ("m_mongodb_seconds > 0.2", 300, "warning"),
    "perf-poisoned": ("m_figures == 0 and m_up == 1", 300, "warning"),
    "events-unreadable": ("m_events == 0 and m_up == 1", 300, "warning"),
    "restart-loop": ("changes(m_born[30m]) >= 3", 0, "critical"),
    "noisy-neighbor": ("m_app_open / on(run) group_left m_open > 0.4 and on(run) m_open >= 20", 300, "warning"),
    "app-errors": ("rate(m_app_errors[5m]) / rate(m_app_turns[5m]) > 0.2 and rate(m_app_errors[10m]) * 60 > 0.4", 120, "warning"),
    "error-spike": ("sum by(run) (rate(m_app_errors[5m])) / sum by(run) (rate(m_app_turns[5m])) > 0.2"
                    " and sum by(run) (rate(m_app_errors[5m])) * 60 > 0.5", 180, "critical"),
    "runtime-saturated": ("m_open > 200 and on(run) sum by(run) (rate(m_app_errors[5m])) * 60 > 0.5", 120, "critical"),
    "token-burn-spike": ("rate(m_app_tokens[5m]) > 3 * avg_over_time(rate(m_app_tokens[5m])[1d:5m] offset 5m)"
                         " and rate(m_app_tokens[5m]) * 60 > 2000", 300, "warning"),
    "cost-spike": ("rate(m_app_cost[5m]) > 3 * avg_over_time(rate(m_app_cost[5m])[1d:5m] offset 5m)"
                   " and rate(m_app_cost[5m]) * 3600 > 1", 300, "warning"),
    "model-calls-spike": ("rate(m_calls[5m]) > 3 * avg_over_time(rate(m_calls[5m])[1d:5m] offset 5m)", 600, "warning"),
    "turn-latency-rise": ("m_turn_seconds > 10 and m_turn_seconds > 3 * avg_over_time(m_turn_seconds[1d] offset 5m)", 300, "warning"),
    "provider-trouble": ("sum by(run) (rate(m_app_ends[5m])) * 60 > 2 and rate(m_calls[5m]) * 60 < 1", 60, "critical"),
}


class Series:
    """What an exporter beside the runtime would have shown at each poll."""

    def __init__(self, name, profile, seed, scenario):
        self.run, self.scenario = f"{name}/{profile}/{seed}", scenario
        self.lines = []

    def add(self, now, fault, world):
        at = now.timestamp()
        dead = fault in ("refused", "timeout")
        blind = dead or fault in ("page", "401", "404", "redirect", "html")

        def put(name, value, app=None):
            label = f',app="{app}"' if app else ""
            self.lines.append((f"m_{name}", f'{{run="{self.run}"{label}}}', float(value), at))

        put("up", not dead)
        if dead:
            return
        put("figures", not (blind or fault in ("poison", "figures-timeout")))
        put("events", not (blind or fault == "events-page"))
        if not blind and fault != "health-page":
            put("healthy", fault != "sick")
            put("mongodb_seconds", 1.5 if fault == "mongo" else 0.0012)
        if not blind and fault != "events-page":
            put("calls", world.calls)
            put("born", world.born.timestamp())
        if blind or fault in ("poison", "figures-timeout"):
            return
        opened = world.open()
        put("open", sum(opened.values()))
        durations = [float(chat.duration) for chat in world.chats if not chat.over and chat.turns]
        if durations:
            put("turn_seconds", sorted(durations)[int(0.95 * (len(durations) - 1))])
        for app in world.apps:
            starts, ends, turns, errors, tokens, cost = world.counted[app]
            put("app_open", opened[app], app)
            put("app_ends", ends, app)
            put("app_turns", turns, app)
            if world.live:
                put("app_errors", errors, app)
                put("app_tokens", tokens, app)
                put("app_cost", cost, app)


def alerts(series, scenario, ask):
    """Yields (alert, subject, minute, severity, []) as the rules' incidents are: from when an expression held for long enough."""
    begins, step = scenario.begins.timestamp(), max(15, scenario.step)
    for alert, (expression, hold, severity) in ALERTS.items():
        found = ask(expression, begins, begins + scenario.minutes * 60, step)
        for entry in found:
            since = last = None
            fired = False
            for moment, _ in entry["values"]:
                moment = float(moment)
                if last is None or moment - last > step + 1:
                    since, fired = moment, False
                last = moment
                if not fired and moment - since >= hold:
                    fired = True
                    yield alert, entry["metric"].get("app", "shared"), (moment - begins) / 60, severity, []


def report(results, scenarios, judge, row):
    if not shutil.which("prometheus") or not shutil.which("promtool"):
        print("no Prometheus here: Debian's package `prometheus` has it")
        return
    total = collections.Counter()
    print("Prometheus with the same thresholds:")
    for result in results:
        scenario = scenarios[result["key"][0]]
        with tempfile.TemporaryDirectory() as folder:
            with server(folder, result["series"]) as ask:
                score, notes, _ = judge(scenario, alerts(result["series"], scenario, ask))
        print(row(result["key"][0], result["key"][1], score))
        for note in notes[:6]:
            print(f"    seed {result['key'][2]}: {note}")
        total.update(score)
    recall = 100 * total["hit"] / max(1, total["expected"])
    print(row("Prometheus", "", total))
    print(f"Prometheus: recall {recall:.0f} %, false alarms {total['false']}")


class server:
    """A Prometheus that holds some series and scrapes nothing."""

    def __init__(self, folder, series):
        self.folder, self.series = pathlib.Path(folder), series

    def __enter__(self):
        text, named = self.folder / "series.txt", collections.defaultdict(list)
        for name, labels, value, at in self.series:
            named[name].append((labels, at, value))
        with open(text, "w") as out:
            for name, points in named.items():
                out.write(f"# TYPE {name} gauge\n")
                for labels, at, value in sorted(points):
                    out.write(f"{name}{labels} {value!r} {at:.3f}\n")
            out.write("# EOF\n")
        data = self.folder / "data"
        made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text), str(data)], capture_output=True)
        if made.returncode != 0:
            sys.exit(f"promtool: {made.stderr.decode()[-400:]}")
        (self.folder / "prometheus.yml").write_text("scrape_configs: []\n")
        self.log = open(self.folder / "log", "w+")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={data}",
             "--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0", "--log.format=json"],
            stdout=self.log, stderr=subprocess.STDOUT)
        self.address = None
        # It says where it listens in its log and nowhere else.
        for _ in range(300):
            time.sleep(0.1)
            for line in pathlib.Path(self.log.name).read_text().splitlines():
                if '"Listening on"' in line:
                    self.address = json.loads(line)["address"]
            if self.address and self.is_ready():
                return self.ask
        self.process.kill()
        sys.exit("Prometheus did not start: " + pathlib.Path(self.log.name).read_text()[-400:])

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"http://{self.address}/-/ready", timeout=5).status == 200
        except OSError:
            return False

    def ask(self, expression, start, end, step):
        query = urllib.parse.urlencode({"query": expression, "start": start, "end": end, "step": step})
        with urllib.request.urlopen(f"http://{self.address}/api/v1/query_range?{query}", timeout=60) as answer:
            return json.load(answer)["data"]["result"]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
