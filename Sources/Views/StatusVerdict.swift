import Cycle
import Model
import Policy
import Signals

/// What one pass, or a look at what a daemon keeps, comes to: in a monitoring plugin's terms.
public struct StatusVerdict: Sendable {
    /// In the order in which a monitoring plugin weighs them.
    public enum State: String, Hashable, Sendable { case ok, warning, critical, unknown }

    /// What each runtime shows.
    public let summaries: [RuntimeSummary]
    /// When that was.
    public let at: Timestamp?
    public let open: [Incident]
    public let journalError: String?
    /// Why all of it may be no more so, in words: then nothing is known to be well.
    public let stale: String?
    /// What would tell that something is wrong if it lasted, in words; nil: nothing has begun.
    public let begun: String?
    /// Which critical rules cannot be judged yet, in words: what is well is so only so far. Nil: all of them are.
    public let unjudged: String?
    /// What to know besides, in words: none of it makes things unwell.
    public let notices: [String]
    /// Endpoints that gave no evidence, in words.
    private let blind: [String]
    /// Replicas whose health says no, in words. Their incident opens when that lasts.
    private let unhealthy: [String]

    /// Of passes that were just made.
    public init(reports: [CycleReport], open: [Incident], journalError: String?) {
        self.init(
            summaries: reports.map(\.summary), at: reports.last?.result.now, open: open, journalError: journalError)
    }

    /// Of what was kept, or of passes.
    public init(
        summaries: [RuntimeSummary], at: Timestamp?, open: [Incident], journalError: String? = nil, stale: String? = nil,
        begun: String? = nil, notices: [String] = []
    ) {
        self.begun = begun
        // While replicas are known they are asked, whoever may say who they are.
        self.notices =
            notices + summaries.filter { !$0.replicas.isEmpty }.flatMap { StatusVerdict.lostness($0) + StatusVerdict.doubles($0) }
        self.summaries = summaries
        self.at = at
        self.open = open
        self.journalError = journalError
        self.stale = stale
        unjudged = StatusVerdict.unjudged(summaries)
        // Where several are watched an address, or a folder of a host, does not say of which.
        func named(_ lines: [String], of summary: RuntimeSummary) -> [String] {
            summaries.count > 1 ? lines.map { "\(summary.kind.rawValue) \(Shown.id(summary.runtime)): \($0)" } : lines
        }
        blind = summaries.flatMap { summary in
            (summary.replicas.isEmpty
                ? StatusVerdict.lostness(summary) : named(summary.replicas.flatMap(StatusVerdict.blindness), of: summary))
                + StatusVerdict.pageBlindness(of: summary)
        }
        // A service that is down is named already.
        unhealthy = summaries.flatMap { summary in
            let lines = StatusVerdict.sickness(summary, summary.replicas)
            return summary.kind == .service ? lines : named(lines, of: summary)
        }
    }

    /// `4 critical rules need about 35m more of watching: restart-loop, runs-stuck, runtime-saturated and 1 more`. Of what is usual
    /// only minutes count in which something happens. What no watching brings is told first: `1 critical rule sees nothing: pool`.
    private static func unjudged(_ summaries: [RuntimeSummary]) -> String? {
        let all = summaries.flatMap { summary in summary.unjudged.map { (rule: $0, kind: summary.kind) } }
        let blind = all.filter(\.rule.isBlind)
        // What sees nothing of one of several is not told a second time for the others.
        let waiting = all.filter { one in !blind.contains { $0.rule.rule.isSame(as: one.rule.rule) } }
        let longest = waiting.compactMap(\.rule.wanting).max()
        let parts = [
            named(blind) { $0 == 1 ? "sees nothing" : "see nothing" },
            named(waiting) { count in
                longest.map { "need\(count == 1 ? "s" : "") about \($0.brief) more of watching" } ?? "cannot be judged yet"
            },
        ]
        let told = parts.compactMap { $0 }
        return told.isEmpty ? nil : told.joined(separator: "; ")
    }

    /// Each rule once; of those on hosts and services of how many, where there are several.
    private static func named(_ all: [(rule: RuntimeSummary.Unjudged, kind: WatchedKind)], _ what: (Int) -> String) -> String? {
        let rules = all.reduce(into: [(name: String, kind: WatchedKind, count: Int)]()) { rules, one in
            if let index = rules.firstIndex(where: { $0.name.isSame(as: one.rule.rule) }) {
                rules[index].count += 1
            } else {
                rules.append((one.rule.rule, one.kind, 1))
            }
        }
        guard !rules.isEmpty else { return nil }
        let names = rules.prefix(mostNamed).map { rule in
            let isCounted = rule.kind != .runtime && rule.count > 1
            return Shown.id(rule.name) + (isCounted ? " (\(rule.count) \(rule.kind.rawValue)s)" : "")
        }
        let more = rules.count - mostNamed
        return "\(rules.count) critical rule\(rules.count == 1 ? "" : "s") \(what(rules.count)): \(names.joined(separator: ", "))"
            + (more > 0 ? " and \(more) more" : "")
    }

    private static let mostNamed = 3

    private static func sickness(_ summary: RuntimeSummary, _ replicas: [RuntimeSummary.Replica]) -> [String] {
        replicas.filter { $0.isHealthy == false && $0.missing[.health] == nil && $0.missing[.probe] == nil }.map { replica in
            // A service says nothing of itself: how it was found does. It is called what everything else about it calls it.
            guard replica.said[.probe] == nil else {
                return "\(summary.kind.rawValue) \(Shown.id(summary.runtime)) is down" + (replica.detail[.probe].map { " (\($0))" } ?? "")
            }
            return "\(replica.url) says that it is \(HealthWords.unhealthy(replica.detail[.health]))"
        }
    }

    /// What is wrong with a runtime's answers now, a line each: what says that it is not well, and what does not answer.
    /// - Parameter replica: of this one alone; nil: of all.
    public static func complaints(of summary: RuntimeSummary, replica: String? = nil) -> [String] {
        let asked = summary.replicas.filter { one in replica.map { one.url.isSame(as: $0) } ?? true }
        return (replica == nil ? lostness(summary) : []) + sickness(summary, asked) + asked.flatMap(blindness)
            + (replica == nil ? pageBlindness(of: summary) : [])
    }

    /// Processes that are named twice.
    private static func doubles(_ summary: RuntimeSummary) -> [String] {
        summary.replicas.compactMap { replica in
            replica.sameProcess.map { "\(replica.url) is the same process as \($0): \(ReplicaFigures.twice)" }
        }
    }

    /// Why nobody can say for sure who the replicas are.
    private static func lostness(_ summary: RuntimeSummary) -> [String] {
        (summary.finding?.trouble).map { ["who the replicas of \(summary.runtime) are is not sure: \($0)"] } ?? []
    }

    /// What a replica does not tell: once for the whole of it where every endpoint fails alike.
    private static func blindness(_ replica: RuntimeSummary.Replica) -> [String] {
        if replica.answersForSeveralProcesses {
            return [
                "\(replica.url) answers for several processes, so nothing can be counted (name each under 'replicas:', or have 'dns:' find them)"
            ]
        }
        let told = [Endpoint.health, .perf, .host, .probe].compactMap { endpoint -> (path: String, why: String)? in
            guard let why = why(replica, endpoint) else { return nil }
            // What stands beside runtimes has no endpoints.
            return (endpoint == .host || endpoint == .probe ? "" : endpoint.path, why)
        }
        let page = pageBlindness(replica)
        if told.count == 2, told[0].why.isSame(as: told[1].why) {
            return ["\(replica.url): \(told[0].why)"] + page
        }
        // What is asked together with the health: where it came, the process lives, and is no more overloaded than that.
        if told.count == 1, replica.missing[.health] == .unreachable, replica.missing[.events] == nil {
            return ["\(replica.url)\(told[0].path): \(MissingReason.unreachable); \(HealthWords.waits)"] + page
        }
        return told.map { "\(replica.url)\($0.path): \($0.why)" } + page
    }

    /// What the newest answer lacks, and why; nil where it lacks nothing.
    private static func why(_ replica: RuntimeSummary.Replica, _ endpoint: Endpoint) -> String? {
        replica.missing[endpoint].map { reason in "\(reason)" + (replica.detail[endpoint].map { " (\($0))" } ?? "") }
    }

    /// Of a page of metrics, which is asked only where a configuration names one. That a replica is silent is said once; and a
    /// page that is not asked any more lacks nothing.
    private static func pageBlindness(_ replica: RuntimeSummary.Replica) -> [String] {
        guard let reason = replica.missing[.metrics], reason != .stale, let why = why(replica, .metrics),
            reason != .unreachable || replica.missing[.health] != .unreachable
        else { return [] }
        return ["\(replica.url), its page of metrics: \(why)"]
    }

    /// The same of a page that is the runtime's as a whole.
    private static func pageBlindness(of summary: RuntimeSummary) -> [String] {
        guard var page = summary.page else { return [] }
        page.url = Shown.id(summary.runtime)
        return pageBlindness(page)
    }

    /// What keeps all from being known where something is seen, and what that is called: `db (service) cannot be seen, 1 of 5:
    /// unreachable`. Nil where nothing is seen, and where it is something else that is not known.
    public var unseen: (names: String, words: String)? {
        guard state == .unknown, stale == nil, journalError == nil, !summaries.allSatisfy(StatusVerdict.isUnseen) else { return nil }
        let dim = summaries.compactMap { summary -> (name: String, isUnseen: Bool, why: String)? in
            let why = StatusVerdict.whys(summary)
            guard let first = why.first else { return nil }
            return (
                "\(Shown.id(summary.runtime)) (\(summary.kind.rawValue))", StatusVerdict.isUnseen(summary),
                why.count > 1 ? "\(first), and \(why.count - 1) more" : first
            )
        }
        guard let first = dim.first else { return nil }
        let how = dim.allSatisfy(\.isUnseen) ? "cannot be seen" : "cannot be seen whole"
        let more = dim.count > StatusVerdict.mostNamed ? " and \(dim.count - StatusVerdict.mostNamed) more" : ""
        let named = dim.prefix(StatusVerdict.mostNamed)
        let names = named.map(\.name).joined(separator: ", ") + more
        guard dim.count > 1 else {
            let count = summaries.count > 1 ? ", 1 of \(summaries.count)" : ""
            return (names, "\(first.name) \(how)\(count): \(first.why)")
        }
        let each = named.map { "\($0.name): \($0.why)" }.joined(separator: "; ")
        return (names, "\(dim.count) of \(summaries.count) \(how): \(each)\(more.isEmpty ? "" : ";\(more)")")
    }

    /// Whether nothing at all is known of it.
    private static func isUnseen(_ summary: RuntimeSummary) -> Bool {
        summary.replicas.allSatisfy { replica in
            let asked: [Endpoint] = summary.kind.endpoint.map { [$0] } ?? [.health, .perf]
            return replica.answersForSeveralProcesses || asked.allSatisfy { replica.missing[$0] != nil }
        }
    }

    /// What is not seen of it and why, without the address where it has one alone.
    private static func whys(_ summary: RuntimeSummary) -> [String] {
        guard !summary.replicas.isEmpty else { return lostness(summary) }
        return summary.replicas.flatMap { replica in
            blindness(replica).map { text in
                guard summary.replicas.count == 1, text.utf8.starts(with: replica.url.utf8) else { return text }
                return String(text.dropFirst(replica.url.count).drop { $0 == ":" || $0 == " " })
            }
        }
    }

    public var state: State {
        switch open.map(\.severity).max() {
        case .critical?: return .critical
        case _ where stale != nil: return .unknown
        case .warning?: return .warning
        case .info?, nil:
            if !unhealthy.isEmpty { return .warning }
            return blind.isEmpty && journalError == nil ? .ok : .unknown
        }
    }

    /// `OK`, as a monitoring plugin begins its line.
    public var word: String {
        switch state {
        case .ok: "OK"
        case .warning: "WARNING"
        case .critical: "CRITICAL"
        case .unknown: "UNKNOWN"
        }
    }

    /// `OK: 7 open chats of 12, 3 apps, Mongo ping 0.04 ms, 7 websockets, 10 errors`
    public var line: String { "\(word): \(account(begun, unjudged))" }

    /// The same without the word, without what has begun and without what cannot be judged.
    public var account: String { account(nil, nil) }

    /// What keeps it from being well, without the figures of anything: for who has these elsewhere. The account where there is
    /// nothing of that kind.
    public var trouble: String {
        let parts = (stale.map { [$0] } ?? []) + faults
        return parts.isEmpty ? account : (parts + notices).map(Shown.plugin).joined(separator: "; ")
    }

    /// What is wrong with the answers now, and what cannot be read.
    private var faults: [String] {
        var parts = journalError.map { [$0] } ?? []
        parts += unhealthy.prefix(2)
        if unhealthy.count > 2 { parts.append("and \(unhealthy.count - 2) more that \(unhealthy.count == 3 ? "is" : "are") not well") }
        parts += blind.prefix(2)
        // Endpoints, replicas, pages, hosts and services.
        if blind.count > 2 { parts.append("and \(blind.count - 2) more that cannot be seen") }
        return parts
    }

    private func account(_ begun: String?, _ unjudged: String?) -> String {
        var parts = stale.map { [$0] } ?? []
        // Notes are no trouble, and are counted apart.
        let real = open.filter { $0.severity != .info }
        for incident in real.sorted(by: { $0.severity > $1.severity }).prefix(3) {
            parts.append("\(Shown.id(incident.rule)) on \(incident.subject), \(age(incident))")
        }
        if real.count > 3 { parts.append("and \(real.count - 3) more incident\(real.count == 4 ? "" : "s")") }
        parts += faults
        if let begun { parts.append(begun) }
        let notes = open.count - real.count
        if notes > 0 { parts.append("\(notes) note\(notes == 1 ? "" : "s")") }
        parts += notices
        // Of many that are up each one's figures would be a page, and hide what is wrong.
        let up = summaries.filter(StatusVerdict.isServiceUp).count
        let isCounted = up > StatusVerdict.mostNamed
        parts += summaries.filter { !isCounted || !StatusVerdict.isServiceUp($0) }.map(figures).filter { !$0.isEmpty }
        if isCounted { parts.append("\(up) services up") }
        if state == .ok, let unjudged { parts.append("nothing is wrong so far: \(unjudged)") }
        // A line of a plugin is one line, and a bar in it would begin the performance data.
        return parts.map(Shown.plugin).joined(separator: "; ")
    }

    /// What people would want to hear of again: without figures, ages and words that differ from poll to poll. `ok` alone
    /// where all is well.
    public var essence: [String] {
        var parts = [word.lowercased()]
        parts += open.map { "\($0.id) \($0.severity.rawValue) \($0.status.rawValue)" }.sorted()
        for replica in summaries.flatMap(\.replicas) {
            if replica.isHealthy == false { parts.append("\(replica.url) unhealthy") }
            if replica.answersForSeveralProcesses { parts.append("\(replica.url) several") }
            for endpoint in [Endpoint.health, .perf, .host, .probe] {
                if let reason = replica.missing[endpoint] { parts.append("\(replica.url) \(endpoint.path) \(reason)") }
            }
        }
        for summary in summaries {
            for page in summary.replicas + [summary.page].compactMap({ $0 }) where !StatusVerdict.pageBlindness(page).isEmpty {
                let reason = page.missing[.metrics].map { "\($0)" } ?? ""
                parts.append("\(summary.runtime) \(page.url) \(Endpoint.metrics.path) \(reason)")
            }
        }
        return parts + [journalError, stale].compactMap { $0 }
    }

    private func age(_ incident: Incident) -> String {
        let age = (at ?? incident.openedAt) - incident.since
        // What was well in between has not lasted for so long.
        if let back = incident.lulls.last?.upperBound, let at { return "again for \(max(at - back, .zero).brief), first \(age.brief) ago" }
        return age < .seconds(1) ? "just now" : "for \(age.brief)"
    }

    /// Whether it is a service of which nothing is to be told but that it is up.
    private static func isServiceUp(_ summary: RuntimeSummary) -> Bool {
        summary.kind == .service && !summary.replicas.isEmpty
            && summary.replicas.allSatisfy { $0.isHealthy == true && $0.missing[.probe] == nil && $0.unreadableFields == 0 }
    }

    private func figures(_ summary: RuntimeSummary) -> String {
        // Of what is down that was said already, with why.
        var parts = summary.replicas.filter { $0.isHealthy != false }.flatMap { replica in
            [Endpoint.host, .probe].compactMap { replica.said[$0] }
        }
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
            parts.append(
                "\(errors) error\(errors == 1 ? "" : "s")"
                    + (summary.deadCounters.contains(.errors) ? " (dead counter)" : ""))
        }
        let unreadable = summary.replicas.map(\.unreadableFields).reduce(0, +)
        if unreadable > 0 {
            parts.append("\(unreadable) field\(unreadable == 1 ? "" : "s") that cannot be read, left out")
        }
        guard !parts.isEmpty else { return "" }
        let counted = summary.replicas.filter { $0.trackedChats != nil }.count
        if counted > 0, counted < summary.replicas.count {
            parts.append("on \(counted) of \(summary.replicas.count) replicas")
        }
        return (summaries.count > 1 ? "\(summary.runtime): " : "") + parts.joined(separator: ", ")
    }

    /// A name inside the quotes of a label, where the guidelines allow no equals sign and want quotes doubled.
    private static func label(_ name: String) -> String {
        Shown.id(name).map { $0 == "'" ? "''" : $0 == "=" || $0 == "|" ? "_" : String($0) }.joined()
    }

    /// What the last look at a host or a service measured, in the units of the guidelines.
    private static func measured(_ replica: RuntimeSummary.Replica) -> [(String, String?)] {
        replica.figures.sorted { $0.key.rawValue < $1.key.rawValue }.map { signal, value in
            let unit =
                switch signal.unit {
                case .percent: "%"
                case .seconds: "s"
                default: ""
                }
            return (signal.name, Figure.number(value) + unit)
        }
    }

    /// `'shared open_chats'=7 …`, as the monitoring plugins' guidelines write it.
    public var perfdata: String {
        summaries.flatMap { summary -> [String] in
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
            return (figures + summary.replicas.flatMap(StatusVerdict.measured)).compactMap { name, value in
                value.map { "'\(StatusVerdict.label(summary.runtime)) \(name)'=\($0)" }
            }
        }.joined(separator: " ")
    }
}
