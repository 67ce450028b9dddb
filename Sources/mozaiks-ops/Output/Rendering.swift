import Actions
import Cycle
import Engine
import Guard
import Model
import Notify
import Policy
import Signals
import Views

/// Incidents, leases and readings as people read them.
struct Rendering: Sendable {
    let terminal: Terminal
    /// By whose clocks moments are shown.
    var zone = Zone.utc
    /// Short ids of incidents, by whole id.
    var shortIDs: [String: String] = [:]

    init(terminal: Terminal) { self.terminal = terminal }

    /// `2026-11-21T09:00:00.000Z`; with a time zone configured `2026-11-21T10:00:00+01:00`.
    func moment(_ moment: Timestamp) -> String { zone.text(moment) }

    /// `10:00:00`, by the same clocks.
    func clock(_ moment: Timestamp) -> String { zone.clock(moment) }

    /// A sentence with its moments by the same clocks.
    func readable(_ text: String) -> String { zone.isUTC ? text : text.replacingMoments(by: zone.text) }

    func severity(_ severity: Severity) -> String {
        switch severity {
        case .info: terminal.paint(severity.rawValue, .blue)
        case .warning: terminal.paint(severity.rawValue, .yellow)
        case .critical: terminal.paint(severity.rawValue, .red)
        }
    }

    func evidence(_ evidence: Evidence, _ unit: Unit) -> String {
        switch evidence {
        case .value(let value): Figure.text(value, unit)
        case .missing(let reason): terminal.paint("- \(reason)", .dim)
        }
    }

    // MARK: - Runtimes

    /// What a runtime shows: one line of raw figures for each replica, then the readings.
    func runtime(_ report: CycleReport) -> String {
        let summary = report.summary
        var text = terminal.paint(Shown.id(summary.runtime), .bold) + "  \(report.result.now)\n"
        for replica in summary.replicas { text += "  \(Shown.id(replica.url))  \(figures(replica))\n" }
        if !summary.deadCounters.isEmpty {
            let names = summary.deadCounters.map(\.name).joined(separator: ", ")
            text += "  counters that never move here: \(names) (readings that need them are missing, not 0)\n"
        }
        text += "\n" + readings(report)
        return text
    }

    /// `7 open of 12 chats, 3 apps · Mongo ping 0.04 ms · 7 websockets · 10 errors`
    func figures(_ replica: RuntimeSummary.Replica) -> String {
        ReplicaFigures(replica).parts.map { part in
            switch part.tone {
            case .plain: part.text
            case .good: terminal.paint(part.text, .green)
            case .doubtful: terminal.paint(part.text, .yellow)
            case .bad: terminal.paint(part.text, .red)
            }
        }.joined(separator: " · ")
    }

    private func readings(_ report: CycleReport) -> String {
        let runtime = report.runtimeReadings
        let shown = runtime.map { [$0.series.description, evidence($0.evidence, $0.series.signal.unit)] }
        var text = terminal.table([report.result.readings.kind.rawValue, "now"], shown)
        let apps = report.result.readings.apps
        guard !apps.isEmpty else { return text }
        let columns: [Signal] = [.activeRuns, .openRuns, .activeRunsShare, .runStarts, .errorRate, .turns, .tokens, .cost]
        // The busiest first; of many the first twenty, since the rest looks alike.
        let active = apps.map { report.reading(.activeRuns, app: $0)?.value ?? -1 }
        let busiest = apps.indices.sorted { a, b in active[a] != active[b] ? active[a] > active[b] : apps[a] < apps[b] }
        var reasons: [MissingReason] = []
        let rows = busiest.prefix(20).map { index in
            [shownID(apps[index])]
                + columns.map { signal -> String in
                    guard let reading = report.reading(signal, app: apps[index]) else { return "" }
                    guard case .missing(let reason) = reading else { return evidence(reading, signal.unit) }
                    if !reasons.contains(reason) { reasons.append(reason) }
                    return terminal.paint("-" + mark(reason, in: reasons), .dim)
                }
        }
        text += "\n" + terminal.table(["app"] + columns.map(\.name), rows)
        for reason in reasons {
            text += terminal.paint("  -\(mark(reason, in: reasons)) missing, \(reason): \(reason.explanation)", .dim) + "\n"
        }
        if apps.count > 20 { text += "… and \(apps.count - 20) more app\(apps.count == 21 ? "" : "s")\n" }
        return text
    }

    /// A letter for each reason, in the order of their first use: `a`, `b`, …
    private func mark(_ reason: MissingReason, in reasons: [MissingReason]) -> String {
        String("abcdefghijklmnop".dropFirst(reasons.firstIndex(of: reason) ?? 0).prefix(1))
    }

    func shownID(_ app: AppID) -> String {
        Shown.id(app.text)
    }

    /// What it is about, where its runtime is known: `app app-clinic`, `workflow Generator of app app-clinic`.
    func shown(_ subject: Subject) -> String {
        guard let app = subject.app else { return "\(subject)" }
        return (subject.workflow.map { "workflow \($0) of " } ?? "") + "app \(shownID(app))"
    }

    // MARK: - Incidents

    func incidents(_ incidents: [Incident]) -> String {
        guard !incidents.isEmpty else { return "no incidents\n" }
        return terminal.table(
            ["id", "status", "severity", "rule", "subject", "opened", "lasted", "whole id"],
            incidents.map { incident in
                let end = incident.lasted?.brief ?? "-"
                return [
                    ShortNames.shown(incident.id, shortIDs), incident.status.rawValue, severity(incident.severity), incident.rule,
                    "\(incident.subject)", moment(incident.openedAt), end, incident.id,
                ]
            })
    }

    /// - Parameter why: what holds it back, or what it holds back, in sentences.
    func incident(_ incident: Incident, _ why: [String] = []) -> String {
        var text = "\(severity(incident.severity)) \(terminal.paint(Shown.id(incident.rule), .bold)): \(incident.subject)\n"
        text += "\(Shown.code(incident.summary))\n"
        text += why.map { terminal.paint(Shown.code(readable($0)), .yellow) + "\n" }.joined() + "\n"
        var facts = [
            ("id", incident.id), ("short id", ShortNames.shown(incident.id, shortIDs)), ("status", incident.status.rawValue),
            ("since", moment(incident.since) + (incident.interrupted(clock).map { ", \($0)" } ?? "")),
            ("opened", moment(incident.openedAt)),
        ]
        if let resolved = incident.resolvedAt {
            facts.append(("resolved", "\(moment(resolved)) (\(incident.resolveReason ?? "cleared"))"))
        }
        if incident.flaps > 0 { facts.append(("reopened", "\(incident.flaps) time\(incident.flaps == 1 ? "" : "s")")) }
        facts.append(("rule", "\(incident.origin)"))
        facts.append(("condition", incident.condition))
        if let changed = incident.handling.last(where: { $0.kind == .note && $0.by == Incident.policyNoter }) {
            facts.append(("", "(by which it opened; since \(clock(changed.at)) \(changed.text))"))
        }
        for label in incident.labels.sorted(by: { $0.key < $1.key }) { facts.append((Shown.id(label.key), label.value)) }
        let width = facts.map { Terminal.columns($0.0) }.max() ?? 0
        text += facts.map { "  \(pad($0.0, width))  \(Shown.code($0.1))\n" }.joined()
        text += "\n\(terminal.paint("What happened", .bold))\n"
        text += timeline(incident)
        if !incident.evidence.isEmpty {
            text += "\n\(terminal.paint("Evidence", .bold))\n"
            let width = incident.evidence.map { Terminal.columns(Shown.line($0.series)) }.max() ?? 0
            for series in incident.evidence { text += "  \(pad(Shown.line(series.series), width))  \(sparkline(series))\n" }
        }
        var steps = incident.nextSteps + Suggestion.lines(of: incident)
        if let playbook = incident.playbook { steps.append("mozaiks-ops playbooks show \(playbook)") }
        if !steps.isEmpty, incident.resolvedAt == nil {
            text += "\n\(terminal.paint("Next steps", .bold))\n" + steps.map { "  - \(Shown.code($0))\n" }.joined()
        }
        if let advice = incident.advice {
            text +=
                "\n\(terminal.paint("What a model makes of it", .bold))\n"
                + advice.lines.map { $0.isEmpty ? "\n" : "  \(Shown.code($0))\n" }.joined()
        }
        return text
    }

    private func timeline(_ incident: Incident) -> String {
        Timeline(incident).entries.map { entry in
            let text: String
            switch entry.event {
            case .transition(let transition):
                text =
                    "\(transition.from.rawValue) => \(transition.to.rawValue): \(Shown.code(transition.reason))\n"
                    + String(repeating: " ", count: 13) + terminal.paint(Shown.code(transition.condition), .dim)
            case .decision(let decision, let isWaiting): text = self.decision(decision, of: incident, isWaiting: isWaiting)
            case .verification(let found):
                let word = found.outcome.rawValue.map { $0 == "_" ? " " : $0 }
                text = "\(String(word)) (\(found.lease)): \(Shown.code(readable(found.text)))"
            case .note(let note): text = "\(note.author): \(Shown.code(readable(note.text)))"
            }
            return "  \(clock(entry.at))   \(text)\n"
        }.joined()
    }

    /// - Parameters:
    ///   - incident: it tells whether anything was seen to hold the app to it.
    ///   - isWaiting: whether what needs approval can still be approved.
    /// - Parameter act: the word for what was decided to be done and may not have happened yet.
    func decision(_ decision: ActionDecision, of incident: Incident?, isWaiting: Bool = false, act: String = "done") -> String {
        let until = decision.until.map { ", until \(clock($0))" } ?? ""
        let what = "\(decision.effect) for \(shownID(decision.key.app)), \(decision.ttl)"
        let by = decision.approvedBy.map { ", approved by \(Shown.id($0))" } ?? ""
        let how =
            (isWaiting ? decision.approval : nil).map { id in
                "\n" + String(repeating: " ", count: 13) + "mozaiks-ops actions approve \(id), or actions deny \(id)"
                    + (decision.until.map { "; until \(moment($0))" } ?? "")
            } ?? ""
        switch decision.verdict {
        case .act:
            let sight = decision.lease.flatMap { lease in incident.map { LeaseSight(lease: lease, in: $0.handling) } }
            let word = sight?.remark(decision.key.app).map { terminal.paint($0, .yellow) } ?? terminal.paint(act, .green)
            return "\(word): \(what)\(until)" + (decision.lease.map { " (\($0))" } ?? "") + by
        case .wouldHave: return terminal.paint("would have", .yellow) + ": \(what) (mode observe)"
        case .wouldAsk(let refusal):
            return terminal.paint("would ask a person", .yellow) + ": \(what): \(Shown.code(readable(refusal.text))) (mode observe)"
        case .needsApproval(let refusal):
            return terminal.paint("needs approval", .yellow) + ": \(what): \(Shown.code(readable(refusal.text)))\(how)"
        case .refused(let refusal): return terminal.paint("refused", .red) + ": \(what)\(by): \(Shown.code(readable(refusal.text)))"
        case .alreadyInForce(let lease): return "already in force: \(what) (\(lease))"
        }
    }

    /// The points of a series as blocks from its least to its greatest value, gaps as dots, then the newest value.
    private func sparkline(_ series: EvidenceSeries) -> String {
        let blocks = Array("▁▂▃▄▅▆▇█")
        let values = series.points.compactMap(\.evidence.value).filter(\.isFinite)
        let (low, high) = (values.min() ?? 0, values.max() ?? 0)
        let marks = series.points.map { point -> Character in
            guard let value = point.evidence.value, value.isFinite else { return "·" }
            guard high > low else { return blocks[3] }
            return blocks[min(7, Int((value - low) / (high - low) * 8))]
        }
        let newest = series.points.last.map { Figure.text($0.evidence, series.unit) } ?? ""
        return String(marks) + "  " + newest
    }

    // MARK: - Leases

    func leases(
        _ leases: [Lease], _ placements: [Placement] = [], sights: [String: LeaseSight] = [:], now: Timestamp
    ) -> String {
        var text = leases.isEmpty ? "no actions\n" : table(leases, now: now)
        for lease in leases where lease.isActive {
            if let remark = sights[lease.id]?.remark(lease.key.app) { text += "\(lease.id): \(remark)\n" }
        }
        for placement in placements {
            let since = "since \(placement.since)"
            let why = placement.lastError.map { ": \(Shown.code($0))" } ?? ""
            switch placement.phase {
            case .preparing, .intended: text += "\(placement.lease) at \(placement.adapter): not there yet, \(since)\(why)\n"
            case .landed: text += "\(placement.lease) at \(placement.adapter): in force \(since)\(why)\n"
            case .reverting: text += "\(placement.lease) at \(placement.adapter): TO BE UNDONE \(since), still tried\(why)\n"
            case .over:
                text +=
                    "\(placement.lease) at \(placement.adapter): \((placement.outcome?.rawValue ?? "over").replacing(bytesOf: "_", with: " "))\(why)\n"
            }
        }
        return text
    }

    private func table(_ leases: [Lease], now: Timestamp) -> String {
        terminal.table(
            ["id", "state", "app", "action", "runtime", "since", "ends", "asked by"],
            leases.map { lease in
                let ends: String
                switch lease.state {
                case .intended, .inForce:
                    ends = lease.expiresAt > now ? "in \((lease.expiresAt - now).brief)" : "now"
                case .reverting, .ended: ends = "\(lease.endedAt.map(moment) ?? "-") \(lease.endReason ?? "")"
                }
                return [
                    lease.id, (lease.shadow ? "would-have " : "") + lease.state.rawValue, shownID(lease.key.app),
                    "\(lease.effect)", lease.key.runtime, moment(lease.createdAt), ends,
                    lease.holders.map { ShortNames.shown($0.incident, shortIDs) }.joined(separator: ", "),
                ]
            })
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - Terminal.columns(text)))
    }
}
