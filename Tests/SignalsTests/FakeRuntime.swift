import Model

@testable import Signals

/// One process of a runtime as its perf body shows it, driven by hand. Time is seconds after `start`.
struct FakeProcess {
    static let start = Timestamp(rfc3339: "2026-11-21T09:00:00Z")!.milliseconds

    var chats: [PerfChat] = []
    var apps: [AppID] = []

    static func at(_ second: Double) -> Timestamp { Timestamp(milliseconds: start + Int64(second * 1_000)) }

    static func key(_ name: String) -> StableHash {
        // FNV-1a: any stable hash will do.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return StableHash(high: hash, low: hash &* 0x9E37_79B9_7F4A_7C15)
    }

    static let everything: PerfChat.Fields = [
        .startedAt, .runtimeSeconds, .agentTurns, .toolCalls, .errors, .lastTurnSeconds, .promptTokens,
        .completionTokens, .cost, .user,
    ]

    mutating func open(_ name: String, app: String, user: String = "u", at second: Double) {
        let id = AppID(app)
        let index = apps.firstIndex(of: id) ?? apps.count
        if index == apps.count { apps.append(id) }
        chats.append(
            PerfChat(
                key: FakeProcess.key(name), app: UInt32(index), user: FakeProcess.key(app + "/" + user).low,
                startedAt: FakeProcess.at(second).milliseconds, present: FakeProcess.everything.union(.open)))
    }

    mutating func change(_ name: String, _ edit: (inout PerfChat) -> Void) {
        let key = FakeProcess.key(name)
        for index in chats.indices where chats[index].key == key { edit(&chats[index]) }
    }

    mutating func work(
        _ name: String, turns: Int64 = 0, tools: Int64 = 0, errors: Int64 = 0, prompt: Int64 = 0, completion: Int64 = 0,
        cost: Double = 0, turnSeconds: Double = 1
    ) {
        change(name) {
            $0.agentTurns += turns
            $0.toolCalls += tools
            $0.errors += errors
            $0.promptTokens += prompt
            $0.completionTokens += completion
            $0.cost += cost
            if turns > 0 { $0.lastTurnSeconds = turnSeconds }
        }
    }

    mutating func end(_ name: String, at second: Double) {
        change(name) {
            $0.present.remove(.open)
            $0.present.insert(.endedAt)
            $0.endedAt = FakeProcess.at(second).milliseconds
        }
    }

    /// The body at a moment.
    func table(at second: Double) -> PerfTable {
        var table = PerfTable(chats: ContiguousArray(chats), apps: apps)
        for index in table.chats.indices {
            let end = table.chats[index].isOpen ? FakeProcess.at(second).milliseconds : table.chats[index].endedAt
            table.chats[index].runtimeSeconds = Double(end - table.chats[index].startedAt) / 1_000
        }
        return table
    }
}

/// A runtime under test: its state, and short ways to feed and read it.
struct Watched {
    var signals: RuntimeSignals
    /// The state is written out and read back after every step.
    var isForgetful = false
    /// What the journal would hold, when `keepsRows`.
    var journal: FakeJournal?

    static let url = "http://127.0.0.1:8000"

    init(_ options: SignalOptions = SignalOptions(replicas: [Watched.url])) {
        signals = RuntimeSignals(runtime: "shared", options: options)
    }

    mutating func ingest(_ content: Decoded, at second: Double, replica: String = Watched.url, elapsed: Double = 10)
        throws
    {
        try ingest(
            Sample(
                at: FakeProcess.at(second), runtime: "shared", replica: replica, elapsedMilliseconds: elapsed,
                date: FakeProcess.at(second.rounded(.down)), content: content))
    }

    mutating func ingest(_ sample: Sample) throws {
        signals.ingest(sample)
        try forget()
    }

    mutating func perf(_ process: FakeProcess, at second: Double, replica: String = Watched.url) throws {
        try ingest(.perf(process.table(at: second)), at: second, replica: replica)
    }

    mutating func events(_ usage: Int64?, created: Double = -3_600, at second: Double, replica: String = Watched.url)
        throws
    {
        let moment = FakeProcess.at(created)
        try ingest(
            .events(
                EventMetrics(
                    created: moment.description, createdAt: moment, usageDelta: usage)),
            at: second, replica: replica)
    }

    mutating func health(_ isHealthy: Bool = true, at second: Double, replica: String = Watched.url, elapsed: Double = 10) throws {
        try ingest(
            .health(Health(isHealthy: isHealthy, mongoPingMilliseconds: 4, websocketConnections: 7)), at: second,
            replica: replica, elapsed: elapsed)
    }

    mutating func missing(
        _ endpoint: Endpoint, _ reason: MissingReason, at second: Double, replica: String = Watched.url
    ) throws {
        try ingest(.missing(endpoint, reason, detail: "why"), at: second, replica: replica)
    }

    mutating func table(_ demand: [SeriesRef], at second: Double) throws -> ReadingTable {
        for ref in demand where ref.function != nil { signals.options.retain(for: [ref]) }
        let table = signals.readings(at: FakeProcess.at(second), demand: demand)
        try forget()
        return table
    }

    mutating func runtime(_ text: String, at second: Double) throws -> Evidence {
        try table([series(text)], at: second).runtime(0)
    }

    mutating func replica(_ index: Int, _ text: String, at second: Double) throws -> Evidence {
        try table([series(text)], at: second).replica(index, 0)
    }

    mutating func app(_ app: String, _ text: String, at second: Double) throws -> Evidence {
        let table = try table([series(text)], at: second)
        guard let index = table.index(of: AppID(app)) else { return .missing(.notTracked) }
        return table.app(index, 0)
    }

    private mutating func forget() throws {
        guard isForgetful else { return }
        if journal == nil {
            signals = try RuntimeSignals(decoding: signals.encoded(), options: signals.options)
        } else {
            try journal?.save(&signals)
            signals = try journal!.load(signals.options)
        }
    }
}

/// Core, chats and minutes as three kinds of rows.
struct FakeJournal {
    var core: [UInt8] = []
    var chats: [ChatRow] = []
    var minutes: [[UInt8]] = []

    mutating func save(_ signals: inout RuntimeSignals) throws {
        let changes = signals.drainChangedChats()
        for removal in changes.removals { chats.removeAll { $0.key == removal.key && $0.replica == removal.replica } }
        for row in changes.upserts {
            chats.removeAll { $0.key == row.key && $0.replica == row.replica }
            chats.append(row)
        }
        minutes += signals.drainClosedMinutes().map { $0.encoded() }
        core = signals.encodedCore()
    }

    func load(_ options: SignalOptions) throws -> RuntimeSignals {
        var signals = try RuntimeSignals(decoding: core, options: options)
        try signals.restore(chats: chats.reversed())
        signals.restore(minutes: try minutes.reversed().map { try MinuteRow(decoding: $0) })
        return signals
    }
}

/// `turns`, `turns[1m]`, `runtime.turns`, `avg(turns[10m])`, `baseline(tokens[1h]-5m)`, `turns[1m] offset 5m`, `turns[today]`.
func series(_ text: String) -> SeriesRef {
    var rest = Substring(text)
    var function: HistoryFunction?
    if rest.hasSuffix(")"), let paren = rest.firstIndex(of: "(") {
        function = HistoryFunction(rawValue: String(rest[..<paren]))
        rest = rest[rest.index(after: paren)...].dropLast()
    }
    var offset: TimeSpan?
    let parts = rest.split(separator: " ")
    if parts.count == 3 {
        offset = TimeSpan(parts[2])
        rest = parts[0]
        function = function ?? .earlier
    }
    var scope = SeriesRef.Scope.own
    if rest.hasPrefix("runtime.") {
        scope = .runtime
        rest = rest.dropFirst(8)
    }
    var exclude: TimeSpan?
    if let dash = rest.firstIndex(of: "-") {
        exclude = TimeSpan(rest[rest.index(after: dash)...])
        rest = rest[..<dash]
    }
    var span: TimeSpan?
    if let bracket = rest.firstIndex(of: "[") {
        let inner = rest[rest.index(after: bracket)...].dropLast()
        if let period = CalendarPeriod(rawValue: String(inner)) {
            return SeriesRef(total: Signal(name: String(rest[..<bracket]))!, of: period, scope: scope)
        }
        span = TimeSpan(inner)
        rest = rest[..<bracket]
    }
    return SeriesRef(
        signal: Signal(name: String(rest))!, scope: scope, window: function == nil ? span : nil, function: function,
        range: function == nil ? nil : span ?? .minutes(1), exclude: exclude, offset: offset)
}

extension Evidence {
    /// The value, or NaN: for comparisons that fail readably.
    var number: Double { value ?? .nan }
}
