import Ambient
import Collector
import Composition
import Configuration
import Cycle
import Engine
import Glibc
import Model
import Policy
import Signals

/// One runtime, as the doctor sees it.
struct Examination {
    let target: Target
    let report: CycleReport
    /// Of the second look.
    let observations: [Observation]
    let assembly: Assembly
    /// Why there is no token though one is configured; nil when there is, or none is.
    let tokenFault: String?
    /// How often the running engine polls the expensive endpoint; nil where none runs, or that is not known.
    let inForce: TimeSpan?
    /// How earnestly actions land at our gate; nil where there is none.
    let gateMode: Mode?

    func run(_ findings: inout Findings) {
        for replica in report.summary.replicas {
            findings.begin("Runtime \(target.runtime), \(replica.url)")
            resolve(replica.url, &findings)
            if let tokenFault {
                let settings = assembly.configuration.runtimes.first { $0.name == target.runtime }
                findings.add(.broken, "we have no \(Login(settings: settings, isAlone: true).secret): \(tokenFault)")
            }
            let own = observations.filter { $0.replica == replica.url }
            waysAround(replica.url, asksItself: own.contains { $0.endpoint == .inside && $0.isFound }, &findings)
            guard reach(own, replica, &findings) else { continue }
            for endpoint in Endpoint.everything {
                guard let observation = own.last(where: { $0.endpoint == endpoint }) else { continue }
                read(endpoint, observation, replica, &findings)
            }
            if replica.answersForSeveralProcesses {
                findings.add(
                    .broken,
                    "this URL answers for several processes (a load balancer): rates would be wrong and are missing; "
                        + "name each replica's own URL under 'replicas:'")
            }
            if replica.sharedChats > 0 {
                findings.add(
                    .note,
                    "\(replica.sharedChats) open chat\(replica.sharedChats == 1 ? " is" : "s are") on another replica as well: the proxy sends one "
                        + "chat to several processes. Each is counted once, where it is at work; use sticky sessions, or the limits of a throttle "
                        + "are as late as that is seen")
            }
            cost(replica, &findings)
        }
        counters(&findings)
        rules(&findings)
    }

    /// What goes around the proxy goes around the gate; but not where the runtime asks the gate by itself.
    private func waysAround(_ url: String, asksItself: Bool, _ findings: inout Findings) {
        guard let gateMode, !asksItself, let place = Authority(url: url) else { return }
        let open = PastTheGate.openings(host: place.host, port: place.port)
        guard let first = open.first else { return }
        findings.add(
            gateMode == .observe ? .note : .broken,
            "gate: runtime \(target.runtime) can be reached past the gate, at \(first):\(place.port)"
                + (open.count > 1 ? " and \(open.count - 1) more of this machine's addresses" : "")
                + ": have it listen on 127.0.0.1 only (compose: ports: [\"127.0.0.1:\(place.port):\(place.port)\"])")
    }

    // MARK: - Reaching it

    private func resolve(_ url: String, _ findings: inout Findings) {
        guard let host = Examination.host(url), !Examination.isAddress(host) else { return }
        if let proxy = assembly.network.resolvingProxy(for: url) {
            return findings.add(.ok, "\(host) is asked through the proxy \(proxy), which looks up its name by itself")
        }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard status == 0 else {
            findings.add(.broken, "\(host) does not resolve: \(String(cString: gai_strerror(status)))")
            return
        }
        var addresses: [String] = []
        var next = list
        while let info = next {
            var name = [CChar](repeating: 0, count: 64)
            if getnameinfo(info.pointee.ai_addr, info.pointee.ai_addrlen, &name, 64, nil, 0, NI_NUMERICHOST) == 0 {
                let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !addresses.contains(text) { addresses.append(text) }
            }
            next = info.pointee.ai_next
        }
        findings.add(.ok, "\(host) resolves to \(addresses.joined(separator: ", "))")
        let fours = addresses.filter { !$0.contains(":") }
        if fours.count > 1 {
            findings.add(
                .note, "\(fours.count) addresses stand behind one name; each process counts for itself, so name each as a replica")
        }
    }

    /// The host of a base URL, without brackets.
    static func host(_ url: String) -> String? {
        guard let scheme = url.firstRange(of: "://") else { return nil }
        let rest = url[scheme.upperBound...].prefix { $0 != "/" }
        if rest.hasPrefix("[") { return rest.dropFirst().split(separator: "]").first.map(String.init) }
        return rest.split(separator: ":").first.map(String.init)
    }

    /// Whether a host is written as a number, so that there is no name to resolve.
    private static func isAddress(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
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
        let login = Login(
            settings: assembly.configuration.runtimes.first { $0.name == target.runtime },
            isAlone: assembly.configuration.runtimes.count == 1)
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

    // MARK: - Endpoints

    private func read(
        _ endpoint: Endpoint, _ observation: Observation, _ replica: RuntimeSummary.Replica, _ findings: inout Findings
    ) {
        let took = Examination.milliseconds(observation.elapsedMilliseconds)
        // Most runtimes do without, and nothing is wrong with them.
        let isOfSomeBuilds = endpoint.traits.cadence == .whereThere
        if isOfSomeBuilds, case .error(404)? = replica.missing[endpoint] { return }
        if let reason = replica.missing[endpoint], !(endpoint == .activeRuns && reason == .notTracked) {
            let detail = replica.detail[endpoint].map { ": \($0)" } ?? ""
            let grade: Findings.Grade = endpoint == .activeRuns || endpoint == .events || isOfSomeBuilds ? .note : .broken
            findings.add(grade, "\(endpoint.path) tells nothing: \(reason)\(detail) (\(took))")
            return
        }
        defer { survey(endpoint, observation, &findings) }
        switch endpoint {
        case .health:
            let state = replica.isHealthy == true ? "healthy" : "UNHEALTHY" + (replica.detail[.health].map { ": \($0)" } ?? "")
            var parts = [state]
            if let ping = replica.mongoPingMilliseconds { parts.append("Mongo ping \(Figure.number(ping)) ms") }
            if let websockets = replica.websockets { parts.append("\(websockets) websocket\(websockets == 1 ? "" : "s")") }
            findings.add(
                replica.isHealthy == true ? .ok : .broken, "\(endpoint.path): \(parts.joined(separator: ", ")) (\(took))")
        case .activeRuns:
            if let note = replica.stubNote {
                findings.add(
                    .note,
                    "\(endpoint.path) is a constant stub (\"\(note)\"): not used; runs are counted from the perf "
                        + "endpoint instead")
            } else {
                findings.add(.ok, "\(endpoint.path): counts runs (\(took))")
            }
        case .events:
            let calls = replica.usageDelta.map { "\($0) model calls" } ?? "no count of model calls"
            let age = replica.uptime.map { ", process up for \($0.brief)" } ?? ""
            findings.add(.ok, "\(endpoint.path): \(calls)\(age) (\(took))")
        case .inside:
            let runs = replica.running.map { "\($0) really running, which is what active_runs says" }
            let lag = replica.loopLag.map { ", its event loop at most \(Examination.milliseconds($0 * 1_000)) late" } ?? ""
            findings.add(
                runs == nil ? .note : .ok,
                "\(endpoint.path): \(runs ?? "this build of the runtime does not show what runs")\(lag) (\(took))")
        case .perf, .perfChats:
            findings.add(.ok, "\(endpoint.path): \(Examination.chats(replica)) (\(took))")
            if replica.unreadableFields > 0 {
                let count = replica.unreadableFields
                findings.add(
                    .note,
                    "\(endpoint.path): \(count) field\(count == 1 ? "" : "s") or chats in it cannot be read and are left out "
                        + "of all sums: of another type, out of range, or without ids")
            }
        // What its figures say of themselves is all that there is to say. What is not asked of the runtime says nothing.
        default:
            if endpoint.traits.cadence == .fromMemory { return }
            findings.add(.ok, "\(endpoint.path): \(replica.said[endpoint] ?? "answers") (\(took))")
        }
    }

    /// Names what was left out of an answer, or not believed, and how often.
    private func survey(_ endpoint: Endpoint, _ observation: Observation, _ findings: inout Findings) {
        guard case .answer(let answer) = observation.outcome, let dropped = FieldSurvey.findings(answer, of: endpoint), !dropped.isEmpty
        else { return }
        let shown = dropped.prefix(8).map(\.description).joined(separator: ", ")
        let more = dropped.count > 8 ? " and \(dropped.count - 8) more" : ""
        findings.add(.note, "\(endpoint.path): left out or not believed: \(shown)\(more)")
    }

    /// `3 open of 4 chats of 1 app`; what the answer did not say is not said either.
    private static func chats(_ replica: RuntimeSummary.Replica) -> String {
        guard let tracked = replica.trackedChats else { return "answered, and how many chats it has is not known yet" }
        let open = replica.openChats.map { "\($0) open of " } ?? ""
        let apps = replica.appCount.map { " of \($0) app\($0 == 1 ? "" : "s")" } ?? ""
        return "\(open)\(tracked) chat\(tracked == 1 ? "" : "s")\(apps)"
    }

    /// `0.3 ms`, `41 ms`, `4.9s`.
    private static func milliseconds(_ value: Double) -> String {
        value >= 1_000
            ? "\(Figure.number((value / 100).rounded() / 10))s"
            : "\(Figure.number(value < 10 ? (value * 10).rounded() / 10 : value.rounded())) ms"
    }

    private func cost(_ replica: RuntimeSummary.Replica, _ findings: inout Findings) {
        guard let elapsed = replica.elapsedMilliseconds[.perf], replica.missing[.perf] == nil else { return }
        var budget = PollingBudget(interval: assembly.settings.interval, share: assembly.settings.perfShare)
        budget.observe(elapsed: elapsed)
        // What the daemon keeps to, where one runs: it has seen more answers than these two.
        let interval = inForce ?? budget.effective
        let share = elapsed / Double(interval.milliseconds) * 100
        let stretched = interval > assembly.settings.interval
        findings.add(
            stretched ? .note : .ok,
            "polling its perf endpoint every \(interval.brief)"
                + (inForce == nil
                    ? stretched ? ", as its answers now ask for, would cost it " : ", as configured, would cost it "
                    : ", as the running engine does, costs it ")
                + (share < 0.01 ? "less than 0.01" : Figure.number((share * 100).rounded() / 100)) + "% of its time "
                + "(budget \(Figure.number(assembly.settings.perfShare * 100))%)"
                + (stretched ? "; stretched from \(assembly.settings.interval), because nothing is evicted there until it restarts" : ""))
    }

    // MARK: - What it can tell

    private func counters(_ findings: inout Findings) {
        findings.begin("Counters of \(target.runtime)")
        let summary = report.summary
        guard summary.replicas.contains(where: { $0.trackedChats != nil }) else {
            findings.add(.note, "nothing is known of them: no performance figures could be read")
            return
        }
        let names: [Counter: String] = [
            .errors: "errors, error rate", .tokens: "tokens", .cost: "cost", .turns: "turns, turn latency", .tools: "tool calls",
        ]
        for counter in Counter.allCases {
            let what = names[counter] ?? counter.name
            if summary.deadCounters.contains(counter) {
                findings.add(
                    .note,
                    "\(counter.name): dead. \(summary.endedRuns) runs ended and it stayed 0, so \(what) will read as missing, "
                        + "not as 0, until it moves")
            } else if summary.liveCounters.contains(counter) {
                findings.add(.ok, "\(counter.name): alive")
            } else {
                findings.add(.note, "\(counter.name): not known yet (\(summary.endedRuns) runs ended; five are needed to tell)")
            }
        }
    }

    /// Which rules see what they need: in one line those that do, the others each with what they lack.
    private func rules(_ findings: inout Findings) {
        findings.begin("Rules on \(target.runtime)")
        let table = report.result.readings
        var seeing: [String] = []
        var lacking: [(rule: String, what: String)] = []
        for rule in assembly.policies.wideRules {
            // One replica speaks for all.
            let row = table.subjects(rule.subject).first.flatMap(table.view(of:))
            let lack = row.flatMap { self.lack(rule.when, $0) }
            if let lack { lacking.append((rule.name, lack)) } else { seeing.append(rule.name) }
        }
        for rule in assembly.policies.defaultPolicy.appRules {
            // Counters are dead, and endpoints silent, for all apps alike: one of them speaks for all.
            let row = TableRow(table, kind: table.apps.isEmpty ? .runtime : .app)
            if table.apps.isEmpty, let reason = report.summary.replicas.first?.missing[.perf] {
                lacking.append((rule.name, "sees no apps (\(reason))"))
            } else if let lack = lack(rule.when, row) {
                lacking.append((rule.name, lack))
            } else {
                seeing.append(rule.name)
            }
        }
        if !seeing.isEmpty { findings.add(.ok, "can see what they need: " + seeing.joined(separator: ", ")) }
        for (rule, what) in lacking { findings.add(.note, "\(rule): \(what)") }
    }

    /// What a condition cannot see here; nil when it sees enough. History that only needs time is no lack.
    private func lack(_ condition: CompiledCondition, _ row: TableRow) -> String? {
        let dead = Set(report.summary.deadCounters)
        var names: [String] = []
        for (_, series) in condition.readings + condition.appReadings where !Set(series.signal.info.counters).isDisjoint(with: dead) {
            if !names.contains(series.signal.name) { names.append(series.signal.name) }
        }
        if !names.isEmpty { return "lacks \(names.joined(separator: ", ")) here (dead counters)" }
        guard condition.evaluate(row) == .unknown else { return nil }
        let missing = condition.missing(row).filter { $0.reason != .tooLittleData && $0.reason != .noTraffic }
        guard let reason = missing.first?.reason else { return nil }
        for entry in missing where !names.contains(entry.series.signal.name) { names.append(entry.series.signal.name) }
        return "lacks \(names.joined(separator: ", ")) now (\(reason))"
    }
}

extension String {
    /// The first place of a text.
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
