import Cycle
import Engine
import JSONParsing
import Model
import Policy
import Signals

/// One runtime, as two looks at it showed it, some seconds apart: what it can tell, what asking it costs, and which rules see
/// what they need. A value: whoever examines does the looking.
public struct RuntimeExamination: Sendable {
    /// How the name in a replica's URL was looked up.
    public enum Resolution: Sendable {
        case byProxy(String)
        case addresses([String])
        /// In the resolver's words.
        case fault(String)
    }

    /// What was found out about a replica besides what it answered.
    public struct Probe: Sendable {
        /// Nil where its URL has a number, and nothing is to look up.
        public var resolution: (host: String, how: Resolution)?
        /// Addresses at which it can be reached past the gate in front of it, as they stand before a port.
        public var openings: [String] = []
        public var port = 0
        /// What of its answers was left out or not believed, and how often, as it is shown.
        public var dropped: [Endpoint: [String]] = [:]

        public init() {}
    }

    public let runtime: String
    public let report: CycleReport
    /// Of the second look.
    public let observations: [Observation]
    /// By the replica's URL.
    public let probes: [String: Probe]
    public let settings: MonitorSettings
    public let policies: PolicySet
    public let login: Login
    /// Why there is no token though one is configured; nil when there is, or none is.
    public let tokenFault: String?
    /// How often the running engine polls the expensive endpoint; nil where none runs, or that is not known.
    public let inForce: TimeSpan?
    /// How earnestly actions land at our gate; nil where there is none.
    public let gateMode: Mode?

    public init(
        runtime: String, report: CycleReport, observations: [Observation], probes: [String: Probe], settings: MonitorSettings,
        policies: PolicySet, login: Login, tokenFault: String?, inForce: TimeSpan?, gateMode: Mode?
    ) {
        self.runtime = runtime
        self.report = report
        self.observations = observations
        self.probes = probes
        self.settings = settings
        self.policies = policies
        self.login = login
        self.tokenFault = tokenFault
        self.inForce = inForce
        self.gateMode = gateMode
    }

    /// Adds sections: one for each replica, one on counters, one on rules.
    public func run(_ findings: inout Findings) {
        if let finding = report.summary.finding { found(finding, &findings) }
        for replica in report.summary.replicas {
            findings.begin("Runtime \(runtime), \(replica.url)")
            let probe = probes[replica.url]
            if let resolution = probe?.resolution { resolve(resolution.host, resolution.how, &findings) }
            if let tokenFault { findings.add(.broken, "we have no \(login.secret): \(tokenFault)") }
            if let probe { waysAround(probe, &findings) }
            let own = observations.filter { $0.replica == replica.url }
            guard reach(own, replica, &findings) else { continue }
            for endpoint in Endpoint.everything + [.metrics] {
                guard let observation = own.last(where: { $0.endpoint == endpoint }) else { continue }
                read(endpoint, observation, replica, probe, &findings)
            }
            if replica.answersForSeveralProcesses {
                findings.add(
                    .broken,
                    "this URL answers for several processes (a load balancer): rates would be wrong and are missing; "
                        + "name each replica's own URL under 'replicas:', or have 'dns:' find them")
            }
            if let other = replica.sameProcess {
                findings.add(.broken, "this is the process at \(other) under another name: \(ReplicaFigures.twice); name it once")
            } else if replica.sharedChats > 0, !report.summary.replicas.contains(where: { $0.sameProcess == replica.url }) {
                findings.add(
                    .note,
                    "\(replica.sharedChats) open chat\(replica.sharedChats == 1 ? " is" : "s are") on another replica as well: the proxy sends one "
                        + "chat to several processes. Each is counted once, where it is at work; use sticky sessions, or the limits of a throttle "
                        + "are as late as that is seen")
            }
            cost(replica, &findings)
        }
        if let page = report.summary.page, let observation = observations.last(where: { $0.replica.isSame(as: page.url) }) {
            findings.begin("Runtime \(runtime), its page of metrics")
            read(.metrics, observation, page, nil, &findings)
        }
        counters(&findings)
        rules(&findings)
    }

    /// Who says who the replicas are, and whether that can be believed.
    private func found(_ finding: RuntimeSummary.Finding, _ findings: inout Findings) {
        findings.begin("Runtime \(runtime), its replicas")
        if let trouble = finding.trouble { return findings.add(.broken, Shown.line(trouble)) }
        let count = report.summary.replicas.count
        findings.add(.ok, "\(Shown.line(finding.source)) names \(count) replica\(count == 1 ? "" : "s")")
    }

    /// Whether a replica asks the gate by itself: the extension's page is there, and says that it was told of a gate. One that was
    /// not shows what runs, and asks nobody.
    public static func asksItself(_ own: [Observation]) -> Bool { own.contains { gateOfExtension($0) == true } }

    /// Whether the extension, of whose page this is an answer, was told of a gate; nil where that is no such page.
    static func gateOfExtension(_ observation: Observation) -> Bool? {
        guard observation.endpoint == .inside, case .answer(let answer) = observation.outcome, answer.status == 200 else { return nil }
        return (try? JSON(parsing: answer.body.bytes))?["gate"]?["configured"]?.bool
    }

    /// What goes around the proxy goes around the gate.
    private func waysAround(_ probe: Probe, _ findings: inout Findings) {
        guard let gateMode, let first = probe.openings.first else { return }
        findings.add(
            gateMode == .observe ? .note : .broken,
            "gate: runtime \(runtime) can be reached past the gate, at \(first):\(probe.port)"
                + (probe.openings.count > 1 ? " and \(probe.openings.count - 1) more of this machine's addresses" : "")
                + ": have it listen on 127.0.0.1 only (compose: ports: [\"127.0.0.1:\(probe.port):\(probe.port)\"])")
    }

    // MARK: - Reaching it

    private func resolve(_ host: String, _ resolution: Resolution, _ findings: inout Findings) {
        switch resolution {
        case .byProxy(let proxy):
            findings.add(.ok, "\(host) is asked through the proxy \(proxy), which looks up its name by itself")
        case .fault(let why): findings.add(.broken, "\(host) does not resolve: \(why)")
        case .addresses(let addresses):
            findings.add(.ok, "\(host) resolves to \(addresses.joined(separator: ", "))")
            let fours = addresses.filter { !$0.contains(":") }
            if fours.count > 1 {
                findings.add(
                    .note, "\(fours.count) addresses stand behind one name; each process counts for itself, so name each as a replica")
            }
        }
    }

    /// False when there is nothing to read endpoint by endpoint: all are silent, or all refuse us.
    private func reach(_ own: [Observation], _ replica: RuntimeSummary.Replica, _ findings: inout Findings) -> Bool {
        let failures = own.compactMap { observation -> String? in
            if case .failure(_, let detail) = observation.outcome { detail } else { nil }
        }
        if failures.count == own.count, let first = failures.first {
            findings.add(.broken, "gives no answer: \(first)")
            return false
        }
        let statuses = own.compactMap { observation -> Int? in
            if case .answer(let answer) = observation.outcome { answer.status } else { nil }
        }
        let hasLogin = login.noun != nil && tokenFault == nil
        if let status = statuses.first(where: { $0 == 401 || $0 == 403 }) {
            let words = replica.detail[.health] ?? replica.detail[.perf] ?? ""
            let said = words.isEmpty ? "\(status)" : "\(status), \(words)"
            findings.add(
                .broken,
                hasLogin
                    ? "it refuses our \(login.noun ?? "") (\(said)). It also says 401 while its identity provider is down"
                    : login.noun != nil
                        ? "it asks for a login (\(said))" : "it asks for a token and we have none (\(said))\(login.hint(words))")
            return !statuses.allSatisfy { $0 == 401 || $0 == 403 }
        }
        if statuses.contains(200) {
            findings.add(
                .ok,
                hasLogin
                    ? "connects and takes our \(login.noun ?? "")"
                    : login.noun == nil ? "connects; asks for no token" : "connects without our \(login.noun ?? "")")
        }
        return true
    }

    private func cost(_ replica: RuntimeSummary.Replica, _ findings: inout Findings) {
        guard let elapsed = replica.elapsedMilliseconds[.perf], replica.missing[.perf] == nil else { return }
        var budget = PollingBudget(interval: settings.interval, share: settings.perfShare)
        budget.observe(elapsed: elapsed)
        // What the daemon keeps to, where one runs: it has seen more answers than these two.
        let interval = inForce ?? budget.effective
        let share = elapsed / Double(interval.milliseconds) * 100
        let stretched = interval > settings.interval
        findings.add(
            stretched ? .note : .ok,
            "polling its perf endpoint every \(interval.brief)"
                + (inForce == nil
                    ? stretched ? ", as its answers now ask for, would cost it " : ", as configured, would cost it "
                    : ", as the running engine does, costs it ")
                + (share < 0.01 ? "less than 0.01" : Figure.number((share * 100).rounded() / 100)) + "% of its time "
                + "(budget \(Figure.number(settings.perfShare * 100))%)"
                + (stretched ? "; stretched from \(settings.interval), because nothing is evicted there until it restarts" : ""))
    }
}
