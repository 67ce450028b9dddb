import Collector
import Glibc
import Model
import Monitor
import Policy
import Signals

/// One runtime, as the doctor sees it.
struct Examination {
    let target: Target
    let report: CycleReport
    /// Of the second look.
    let observations: [Observation]
    let assembly: Assembly

    func run(_ findings: inout Findings) {
        for replica in report.summary.replicas {
            findings.begin("Runtime \(target.runtime), \(replica.url)")
            resolve(replica.url, &findings)
            let own = observations.filter { $0.replica == replica.url }
            reach(own, &findings)
            for endpoint in [Endpoint.health, .activeRuns, .events, .perf] {
                guard let observation = own.last(where: { $0.endpoint == endpoint }) else { continue }
                read(endpoint, observation, replica, &findings)
            }
            if replica.answersForSeveralProcesses {
                findings.add(
                    .broken, "this URL answers for several processes (a load balancer): rates would be wrong and are missing; "
                        + "name each replica's own URL under 'replicas:'")
            }
            cost(replica, &findings)
        }
        counters(&findings)
        rules(&findings)
    }

    // MARK: - Reaching it

    private func resolve(_ url: String, _ findings: inout Findings) {
        guard let host = Examination.host(url) else { return }
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

    private func reach(_ own: [Observation], _ findings: inout Findings) {
        let failures = own.compactMap { observation -> String? in
            if case .failure(_, let detail) = observation.outcome { detail } else { nil }
        }
        if failures.count == own.count, let first = failures.first {
            findings.add(.broken, "gives no answer: \(first)")
            return
        }
        let statuses = own.compactMap { observation -> Int? in
            if case .answer(let answer) = observation.outcome { answer.status } else { nil }
        }
        if statuses.contains(where: { $0 == 401 || $0 == 403 }) {
            findings.add(
                .broken, "it refuses our token (\(statuses.first { $0 == 401 || $0 == 403 } ?? 401)); it also says 401 while its "
                    + "identity provider is down. Set 'auth: {bearer_file: …}' or 'oauth2:'")
        } else if statuses.contains(200) {
            findings.add(.ok, "connects and authenticates")
        }
    }

    // MARK: - Endpoints

    private func read(
        _ endpoint: Endpoint, _ observation: Observation, _ replica: RuntimeSummary.Replica, _ findings: inout Findings
    ) {
        let took = "\(Figure.number(observation.elapsedMilliseconds)) ms"
        if let reason = replica.missing[endpoint], !(endpoint == .activeRuns && reason == .notTracked) {
            let detail = replica.detail[endpoint].map { ": \($0)" } ?? ""
            let grade: Findings.Grade = endpoint == .activeRuns || endpoint == .events ? .note : .broken
            findings.add(grade, "\(endpoint.path) tells nothing: \(reason)\(detail) (\(took))")
            return
        }
        switch endpoint {
        case .health:
            let state = replica.isHealthy == true ? "healthy" : "UNHEALTHY" + (replica.detail[.health].map { ": \($0)" } ?? "")
            var parts = [state]
            if let ping = replica.mongoPingMilliseconds { parts.append("Mongo ping \(Figure.number(ping)) ms") }
            if let websockets = replica.websockets { parts.append("\(websockets) websockets") }
            findings.add(
                replica.isHealthy == true ? .ok : .broken, "\(endpoint.path): \(parts.joined(separator: ", ")) (\(took))")
        case .activeRuns:
            if let note = replica.stubNote {
                findings.add(
                    .note, "\(endpoint.path) is a constant stub (\"\(note)\"): not used; runs are counted from the perf "
                        + "endpoint instead")
            } else {
                findings.add(.ok, "\(endpoint.path): counts runs (\(took))")
            }
        case .events:
            let calls = replica.usageDelta.map { "\($0) model calls" } ?? "no count of model calls"
            let age = replica.uptime.map { ", process up for \($0.brief)" } ?? ""
            findings.add(.ok, "\(endpoint.path): \(calls)\(age) (\(took))")
        case .perf, .perfChats:
            let open = replica.openChats.map { "\($0) open of " } ?? ""
            findings.add(
                .ok, "\(endpoint.path): \(open)\(replica.trackedChats ?? 0) chats of \(replica.appCount ?? 0) apps (\(took))")
        }
    }

    private func cost(_ replica: RuntimeSummary.Replica, _ findings: inout Findings) {
        guard let elapsed = replica.elapsedMilliseconds[.perf], replica.missing[.perf] == nil else { return }
        var budget = PollingBudget(interval: assembly.settings.interval, share: assembly.settings.perfShare)
        budget.observe(elapsed: elapsed)
        let share = elapsed / Double(budget.effective.milliseconds) * 100
        let stretched = budget.effective > assembly.settings.interval
        findings.add(
            stretched ? .note : .ok,
            "polling its perf endpoint every \(budget.effective.brief) costs it \(Figure.number(share))% of its time "
                + "(budget \(Figure.number(assembly.settings.perfShare * 100))%)"
                + (stretched ? "; stretched from \(assembly.settings.interval), because nothing is evicted there until it restarts" : ""))
    }

    // MARK: - What it can tell

    private func counters(_ findings: inout Findings) {
        findings.begin("Counters of \(target.runtime)")
        let summary = report.summary
        let names: [Counter: String] = [
            .errors: "errors, error rate", .tokens: "tokens", .cost: "cost", .turns: "turns, turn latency", .tools: "tool calls",
        ]
        for counter in Counter.allCases {
            let what = names[counter] ?? counter.name
            if summary.deadCounters.contains(counter) {
                findings.add(
                    .note, "\(counter.name): dead. \(summary.endedRuns) runs ended and it stayed 0: \(what) are missing here, "
                        + "not 0, until it moves")
            } else if summary.liveCounters.contains(counter) {
                findings.add(.ok, "\(counter.name): alive")
            } else {
                findings.add(.note, "\(counter.name): not known yet (\(summary.endedRuns) runs ended; five are needed to tell)")
            }
        }
    }

    private func rules(_ findings: inout Findings) {
        findings.begin("Rules on \(target.runtime)")
        let dead = Set(report.summary.deadCounters)
        for rule in assembly.policies.runtimeRules + assembly.policies.defaultPolicy.appRules {
            let blind = rule.when.readings.filter { !Set($0.series.signal.info.counters).isDisjoint(with: dead) }
            if blind.isEmpty {
                findings.add(.ok, "\(rule.name): can see what it needs")
            } else {
                let signals = blind.map { $0.series.signal.name }
                findings.add(.note, "\(rule.name): lacks \(signals.joined(separator: ", ")) here (dead counters)")
            }
        }
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
