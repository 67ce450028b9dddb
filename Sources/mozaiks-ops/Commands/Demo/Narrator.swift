import Ambient
import Cycle
import Engine
import HTTP
import JSONParsing
import Model
import Policy
import Signals
import Synchronization

/// Tells what the demo's monitor sees and does, as it happens.
final class Narrator: Sendable {
    private struct Story {
        var incident: String?
        var lease: Lease?
        var leaseEnded = false
        var resolved = false
        var messages = 0
        var refused: Int64 = 0
        /// Of `refused`, those that were told.
        var toldRefused: Int64 = 0
        var othersRefused: Int64 = 0
        var allowed: Int64 = 0
        var backToNormal = false
        var polls = 0
        var isSilent = false
    }

    private let terminal: Terminal
    private let clock: any Clock
    private let started: UInt64
    private let story = Mutex(Story())

    init(terminal: Terminal, clock: any Clock) {
        self.terminal = terminal
        self.clock = clock
        started = clock.monotonicNanoseconds()
    }

    /// Whether everything that the demo promises has been seen.
    var isTold: Bool { story.withLock { $0.resolved && $0.leaseEnded && $0.messages >= 2 } }

    // MARK: - The monitor's side

    /// Says nothing more: the story is told, and the page goes on.
    func fallSilent() { story.withLock { $0.isSilent = true } }

    func hear(_ report: CycleReport) {
        story.withLock { $0.polls += 1 }
        tellRefusals()
        say("poll", .dim, bars(report))
        for transition in report.result.outcome.transitions { tell(transition) }
        for decision in report.result.plan.decisions {
            say("action", .yellow, Rendering(terminal: terminal).decision(decision, of: nil, act: "begun"))
        }
        for change in report.result.plan.leaseChanges { tell(change.lease, change.kind.rawValue) }
        noticeNormality(report)
    }

    private func tell(_ transition: Transition) {
        let subject = transition.subject.app?.text ?? transition.subject.runtime
        let style: Terminal.Style = transition.to == .firing ? .red : transition.to == .inactive ? .green : .yellow
        say(
            transition.to == .inactive ? "resolved" : transition.to.rawValue, style,
            "\(transition.rule) on \(subject): \(transition.reason)", detail: transition.condition)
        if transition.to == .firing, transition.from == .pending { story.withLock { $0.incident = transition.rule } }
        if transition.to == .inactive, transition.from == .clearing { story.withLock { $0.resolved = true } }
    }

    private func tell(_ lease: Lease, _ kind: String) {
        switch kind {
        case "intend":
            story.withLock { $0.lease = lease }
            say("lease", .green, "in force at the gate: \(lease.effect), until \(lease.expiresAt.clock) (\(lease.id))")
        case "extend":
            say("lease", .yellow, "extended until \(lease.expiresAt.clock): the condition is still true")
        default:
            story.withLock { $0.leaseEnded = true }
            say("lease", .green, "run out by itself: \(lease.endReason ?? "over"), nothing left behind")
        }
    }

    private func noticeNormality(_ report: CycleReport) {
        let (app, noticed) = story.withLock { ($0.lease?.key.app, $0.backToNormal) }
        guard let app, !noticed, case .value(let share)? = report.reading(.activeRunsShare, app: app), share <= 40 else { return }
        story.withLock { $0.backToNormal = true }
        say("normal", .green, "\(app) is back to \(Figure.text(share, .percent)) of the active runs")
    }

    /// `21 active runs  app-shop ██████████ 48%  app-clinic ███ 14% …`
    private func bars(_ report: CycleReport) -> String {
        let table = report.result.readings
        let rows = table.apps.map { app in
            (app: app, share: report.reading(.activeRunsShare, app: app)?.value ?? 0)
        }
        let total = report.runtimeReadings.first { $0.series.signal == .activeRuns }?.evidence
        let count = total.map { Figure.text($0, .runs) } ?? "?"
        var line = "\(count) active runs"
        var used = line.count
        for row in rows.sorted(by: { $0.share != $1.share ? $0.share > $1.share : $0.app < $1.app }) {
            let bar = String(repeating: "█", count: max(1, Int((row.share / 8).rounded())))
            let text = "\(row.app) \(bar) \(Int(row.share.rounded()))%"
            used += 2 + Terminal.columns(text)
            // What does not fit behind the time and the word is left out: the smallest shares.
            guard used <= max(terminal.width, 80) - 20 else { return line + " …" }
            line += "  " + (row.share > 40 ? terminal.paint(text, .red) : text)
        }
        return line
    }

    // MARK: - The world's side

    /// Reads what the front door answered and what Slack got since the last look.
    func look(at url: String, _ client: HTTPClient) async {
        guard let response = try? await client.send(HTTPRequest(.get, url, timeoutMs: 1_000, label: "stage")),
            let view = try? response.body.withBytes({ try JSON(parsing: UnsafeRawBufferPointer($0)) })
        else { return }
        tellStarts(view)
        let messages = view["messages"]?.array?.compactMap(\.string) ?? []
        let known = story.withLock { story in
            defer { story.messages = messages.count }
            return story.messages
        }
        for message in messages.dropFirst(known) { tell(message: message) }
    }

    private func tellStarts(_ view: JSON) {
        let noisy = story.withLock { $0.lease?.key.app.text }
        var refused: Int64 = 0
        var allowed: Int64 = 0
        var others: Int64 = 0
        for start in view["starts"]?.array ?? [] {
            let count = start["refused"]?.int ?? 0
            if start["app"]?.string == noisy {
                refused = count
                allowed = start["allowed"]?.int ?? 0
            } else {
                others += count
            }
        }
        story.withLock { ($0.refused, $0.othersRefused, $0.allowed) = (refused, others, allowed) }
    }

    /// Once a second, with each poll: what the gate refused since the last one.
    private func tellRefusals() {
        let (news, sum, others, app) = story.withLock { story in
            defer { story.toldRefused = story.refused }
            return (story.refused - story.toldRefused, story.refused, story.othersRefused, story.lease?.key.app)
        }
        guard news > 0, let app else { return }
        let starts = "\(news) start\(news == 1 ? "" : "s") of \(app) refused with 429"
        say("gate", .red, "\(starts) (\(sum) so far; of other apps: \(others))")
    }

    private func tell(message: String) {
        guard !story.withLock({ $0.isSilent }) else { return }
        say("slack", .blue, "message as sent:")
        let lines = message.split(separator: "\n", omittingEmptySubsequences: false)
        write(lines.map { "                      \(terminal.paint("│", .blue)) \($0)\n" }.joined())
    }

    // MARK: - Telling

    private func say(_ what: String, _ style: Terminal.Style, _ text: String, detail: String? = nil) {
        guard !story.withLock({ $0.isSilent }) else { return }
        let tenths = (clock.monotonicNanoseconds() &- started) / 100_000_000
        let time = "\(tenths / 10).\(tenths % 10)s"
        let left = String(repeating: " ", count: max(0, 7 - time.count)) + time
        let word = what + String(repeating: " ", count: max(0, 9 - what.count))
        var line = "\(terminal.paint(left, .dim))  \(terminal.paint(word, style))  \(text)\n"
        if let detail { line += String(repeating: " ", count: 20) + terminal.paint(detail, .dim) + "\n" }
        write(line)
    }

    /// Says what was seen, and what was not. True when the whole story was told.
    func conclude() -> Bool {
        let story = story.withLock { $0 }
        let promises: [(Bool, String)] = [
            (story.incident != nil, "the noisy tenant was found by the rule"),
            (story.lease != nil, "it was throttled at the gate"),
            (story.refused > 0, "\(story.refused) of its starts were refused, \(story.allowed) let through"),
            (story.othersRefused == 0, "no start of another tenant was refused"),
            (story.messages >= 2, "Slack heard of the opening and of the end (\(story.messages) messages)"),
            (story.backToNormal, "its share went back to normal"),
            (story.leaseEnded, "the lease ran out by itself"),
            (story.resolved, "the incident resolved"),
        ]
        var text = "\n"
        for (kept, promise) in promises {
            text += "  \(kept ? terminal.paint("yes", .green) : terminal.paint("NO ", .red))  \(promise)\n"
        }
        write(text + "\nNext: MOZAIKS_RUNTIME_URL=http://localhost:8000 mozaiks-ops doctor\n")
        return promises.allSatisfy(\.0)
    }
}
