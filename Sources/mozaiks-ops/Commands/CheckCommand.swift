import Actions
import Ambient
import Configuration
import Glibc
import HTTP
import JSONParsing
import Journal
import Model
import Monitor
import Policy
import Signals

/// `check`: one pass for cron. State is kept between passes, so that many passes see what a daemon sees.
enum CheckCommand {
    static let command = Command(
        ["check"], "One pass: poll, decide, record, tell; for cron and for a look",
        discussion: "Passes share the state folder, so that 'for: 5m' holds over five passes a minute apart. The first pass "
            + "has no history: a rate over 5m shows once a fifth of that was watched. No gate runs between passes: "
            + "throttle, pause and disable_pack land only where another adapter is configured (lease_api, entitlements, webhook), "
            + "and are recorded as refused otherwise. What is due there is put or undone within the pass, for at most 15 seconds.\n\n"
            + "Exit code: 0 ok, 1 a warning is open, 2 a critical incident is open, 3 unknown (no evidence, or another engine "
            + "holds the state folder). With --brief or --perfdata, as a monitoring plugin, nothing but these: what keeps the pass from "
            + "running, such as an error in the configuration, is a line 'UNKNOWN: …' on standard output and 3.",
        options: MonitorOptions.all + [
            Option("brief", "the one line only"), Option("perfdata", "append performance data, as monitoring plugins do"),
        ],
        examples: [
            ("MOZAIKS_RUNTIME_URL=http://localhost:8000 mozaiks-ops check", "one look, with no configuration at all"),
            ("* * * * * mozaiks-ops check --brief", "a crontab line"),
            ("mozaiks-ops check --brief --perfdata", "as a plugin of Nagios or Icinga"),
        ]
    ) { invocation in
        let configuration = try invocation.watchingConfiguration()
        let assembly = try invocation.assembly(configuration)
        var settings = assembly.settings
        // There is no gate between passes; other adapters are asked within the pass.
        settings.landable = assembly.landableWithoutGate
        var pipeline = Pipeline(settings: settings, policies: assembly.policies)
        let pulse = assembly.heartbeat.map {
            Pulse(heartbeat: $0, interval: .zero, clock: invocation.clock, logger: invocation.logger)
        }
        let journal: Journal
        let folder: StateFolder
        do throws(JournalError) {
            let room = try EngineRoom(configuration, now: invocation.clock.now())
            folder = room.folder
            journal = room.journal
        } catch {
            // Another engine at work has heartbeats of its own; a look beside it is no failure of anything.
            if case .heldBy = error.cause {} else { await pulse?.beat(.exit(ExitCode.unknown.rawValue)) }
            throw CommandFailure(error.message, hint: error.hint, code: .unknown)
        }
        // Beside the pass: a heartbeat delays nothing.
        let began = Task { await pulse?.beat(.start) }
        do {
            try pipeline.restore(from: journal, now: invocation.clock.now()) { text in
                invocation.logger.warning("state", ["why": .text(text)])
            }
        } catch {
            await began.value
            await pulse?.beat(.exit(ExitCode.unknown.rawValue))
            throw error
        }
        let kept = try PlacementBook(from: journal)
        let reports = ReportBox()
        let core = Core(
            pipeline: pipeline, journal: journal, folder: folder, gate: nil, adapters: assembly.adapters, kept: kept, clock: invocation.clock,
            logger: invocation.logger, onReport: { reports.add($0) })
        let saved = await pass(assembly, core, invocation)
        let open = await core.openIncidents
        await core.close()
        let verdict = Verdict(reports: reports.all, open: open, journalError: saved ? nil : await core.state.journalError)
        // What was found has channels of its own: a pass that did its work is a success, whatever it saw. Before it is
        // printed, because whoever reads that may be slow or gone.
        await began.value
        await pulse?.beat(saved ? .success : .exit(ExitCode.unknown.rawValue))
        verdict.print(invocation)
        await assembly.client.shutdown()
        return verdict.code
    }

    /// Polls every runtime once, all at the same time; then sends what is due, as long as a cron job may take.
    private static func pass(_ assembly: Assembly, _ core: Core, _ invocation: Invocation) async -> Bool {
        let poller = invocation.poller(assembly)
        await withTaskGroup(of: Void.self) { group in
            for target in assembly.targets {
                group.addTask {
                    let observations = await poller.poll(target, await core.due(target.runtime))
                    await core.cycle(target.runtime, observations)
                }
            }
        }
        let saved = await core.drain()
        await withTaskGroup(of: Bool.self) { group in
            for adapter in assembly.adapters {
                let executor = Executor(adapter: adapter, core: core, clock: invocation.clock, logger: invocation.logger)
                group.addTask {
                    await executor.performDue(within: .seconds(14))
                    return true
                }
            }
            for channel in assembly.channels {
                let sender = Sender(
                    channel: channel, core: core, pace: assembly.pace(of: channel.name), clock: invocation.clock,
                    logger: invocation.logger)
                group.addTask {
                    await sender.sendAll()
                    return true
                }
            }
            group.addTask {
                try? await invocation.clock.sleep(for: .seconds(15))
                return false
            }
            var open = assembly.channels.count + assembly.adapters.count
            while open > 0, await group.next() == true { open -= 1 }
            group.cancelAll()
        }
        return await core.drain() && saved
    }

    /// What one pass comes to.
    struct Verdict {
        let reports: [CycleReport]
        let open: [Incident]
        let journalError: String?
        /// Endpoints that gave no evidence, in words.
        private let blind: [String]
        /// Replicas whose health says no, in words. Their incident opens when that lasts.
        private let unhealthy: [String]

        init(reports: [CycleReport], open: [Incident], journalError: String?) {
            self.reports = reports
            self.open = open
            self.journalError = journalError
            blind = reports.flatMap { $0.summary.replicas.flatMap(Verdict.blindness) }
            unhealthy = reports.flatMap { report in
                report.summary.replicas.filter { $0.isHealthy == false && $0.missing[.health] == nil }.map { replica in
                    "\(replica.url) says that it is unhealthy" + (replica.detail[.health].map { ": \($0)" } ?? "")
                }
            }
        }

        /// What a replica does not tell: once for the whole of it where every endpoint fails alike.
        private static func blindness(_ replica: RuntimeSummary.Replica) -> [String] {
            if replica.answersForSeveralProcesses {
                return ["\(replica.url) answers for several processes, so nothing can be counted (name each under 'replicas:')"]
            }
            let told = [Endpoint.health, .perf].compactMap { endpoint in
                replica.missing[endpoint].map { reason in
                    (path: endpoint.path, why: "\(reason)" + (replica.detail[endpoint].map { " (\($0))" } ?? ""))
                }
            }
            if told.count == 2, told[0].why.utf8.elementsEqual(told[1].why.utf8) { return ["\(replica.url): \(told[0].why)"] }
            return told.map { "\(replica.url)\($0.path): \($0.why)" }
        }

        var code: ExitCode {
            switch open.map(\.severity).max() {
            case .critical?: return .critical
            case .warning?: return .warning
            case .info?, nil:
                if !unhealthy.isEmpty { return .warning }
                return blind.isEmpty && journalError == nil ? .ok : .unknown
            }
        }

        private var word: String {
            switch code {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            default: "UNKNOWN"
            }
        }

        /// `OK: 7 open chats of 12, 3 apps, Mongo ping 0.04 ms, 7 websockets, 10 errors`
        var line: String {
            var parts: [String] = []
            for incident in open.sorted(by: { $0.severity > $1.severity }).prefix(3) {
                parts.append("\(Shown.id(incident.rule)) on \(incident.subject), \(age(incident))")
            }
            if open.count > 3 { parts.append("and \(open.count - 3) more incident\(open.count == 4 ? "" : "s")") }
            if let journalError { parts.append(journalError) }
            parts += unhealthy.prefix(2)
            parts += blind.prefix(2)
            if blind.count > 2 { parts.append("and \(blind.count - 2) more endpoint\(blind.count == 3 ? "" : "s") without evidence") }
            parts += reports.map(figures).filter { !$0.isEmpty }
            // A line of a plugin is one line, and a bar in it would begin the performance data.
            return "\(word): " + parts.map(Shown.plugin).joined(separator: "; ")
        }

        private func age(_ incident: Incident) -> String {
            let age = (reports.last?.result.now ?? incident.openedAt) - incident.openedAt
            return age < .seconds(1) ? "just now" : "for \(age.brief)"
        }

        private func figures(_ report: CycleReport) -> String {
            let summary = report.summary
            var parts: [String] = []
            if let open = summary.total({ $0.openChats }), let tracked = summary.total({ $0.trackedChats }) {
                parts.append("\(open) open chat\(open == 1 ? "" : "s") of \(tracked)")
                parts.append("\(summary.apps) app\(summary.apps == 1 ? "" : "s")")
            }
            if let ping = summary.replicas.compactMap(\.mongoPingMilliseconds).max() {
                parts.append("Mongo ping \(Figure.number(ping)) ms")
            }
            if let websockets = summary.total({ $0.websockets }) {
                parts.append("\(websockets) websocket\(websockets == 1 ? "" : "s")")
            }
            if let errors = summary.total({ $0.errors }) {
                parts.append("\(errors) error\(errors == 1 ? "" : "s")" + (summary.deadCounters.contains(.errors) ? " (dead counter)" : ""))
            }
            let unreadable = summary.replicas.map(\.unreadableFields).reduce(0, +)
            if unreadable > 0 { parts.append("\(unreadable) field\(unreadable == 1 ? "" : "s") that cannot be read, left out") }
            guard !parts.isEmpty else { return "" }
            let counted = summary.replicas.filter { $0.trackedChats != nil }.count
            if counted > 0, counted < summary.replicas.count { parts.append("on \(counted) of \(summary.replicas.count) replicas") }
            return (reports.count > 1 ? "\(summary.runtime): " : "") + parts.joined(separator: ", ")
        }

        /// A name inside the quotes of a label, where the guidelines allow no equals sign and want quotes doubled.
        private static func label(_ name: String) -> String {
            Shown.id(name).map { $0 == "'" ? "''" : $0 == "=" || $0 == "|" ? "_" : String($0) }.joined()
        }

        /// `'shared open_chats'=7 …`, as the monitoring plugins' guidelines write it.
        var perfdata: String {
            reports.flatMap { report in
                let summary = report.summary
                // A figure that a replica lacks is left out: a sum over the others would draw a fall that was none.
                func sum<N: AdditiveArithmetic>(_ figure: (RuntimeSummary.Replica) -> N?) -> N? {
                    summary.replicas.allSatisfy { figure($0) != nil } ? summary.total(figure) : nil
                }
                let figures: [(String, String?)] = [
                    ("open_chats", sum { $0.openChats }.map { "\($0)" }),
                    ("tracked_chats", sum { $0.trackedChats }.map { "\($0)" }),
                    ("apps", sum { $0.appCount }.map { _ in "\(summary.apps)" }),
                    ("websockets", sum { $0.websockets }.map { "\($0)" }),
                    ("mongodb_ping", summary.replicas.compactMap(\.mongoPingMilliseconds).max().map { "\($0)ms" }),
                    ("errors", sum { $0.errors }.map { "\($0)c" }),
                ]
                return figures.compactMap { name, value in value.map { "'\(Verdict.label(summary.runtime)) \(name)'=\($0)" } }
            }.joined(separator: " ")
        }

        func print(_ invocation: Invocation) {
            let arguments = invocation.arguments
            let rendering = Rendering(terminal: invocation.terminal)
            invocation.print(
                text: {
                    var text = line + (arguments.has("perfdata") && !perfdata.isEmpty ? " | \(perfdata)" : "") + "\n"
                    guard !arguments.has("brief") else { return text }
                    for report in reports { text += "\n" + rendering.runtime(report) }
                    if !open.isEmpty { text += "\n" + rendering.incidents(open) }
                    let pending = reports.flatMap(\.result.outcome.standings).filter { $0.phase == .pending }
                    for standing in pending {
                        let held = (standing.observed - standing.since).brief
                        text += "pending: \(Shown.id(standing.rule)) on \(standing.subject), true for \(held)\n"
                    }
                    return text
                }(),
                json: [
                    "schema": "mozaiks.ops/check/v1", "status": .string(word.lowercased()), "line": .string(line),
                    "incidents": .array(open.map(\.document)), "reports": .array(reports.map(\.document)),
                ])
        }
    }
}
