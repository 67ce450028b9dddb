import Model

extension RuntimeSignals {
    private static var magic: [UInt8] { Array("mozs".utf8) }
    /// Version 1 knew no gate, version 2 no ghosts and no extension inside the runtime, version 3 whose
    /// runs were silent, version 4 how runs and websockets moved together, version 5 what the line loses and what ended since
    /// websockets were counted, version 6 how late websockets come while runs stand open. Later ones have tracks of more
    /// endpoints: those say it themselves. Version 8 did not know where replicas were found,
    /// version 9 no pages of metrics, version 10 no sums of days and months, version 11 no workflows.
    private static var version: UInt8 { Endpoint.allCases.compactMap(ReplicaState.keptSince).reduce(max(fixedVersion, flowsSince), max) }
    static var fixedVersion: UInt8 { 7 }
    /// Since when it is kept where replicas were found, and which of them are set aside.
    static var foundSince: UInt8 { 9 }
    /// Since when it is kept what pages of metrics said.
    static var pagesSince: UInt8 { 10 }
    /// Since when it is kept what days and months brought so far.
    static var totalsSince: UInt8 { 11 }
    /// Since when it is kept what was counted by workflow.
    static var flowsSince: UInt8 { 12 }
    /// Endpoints whose tracks stand behind all else.
    private static func later(_ version: UInt8) -> [Endpoint] {
        Endpoint.allCases.filter { endpoint in
            ReplicaState.keptSince(endpoint).map { $0 > fixedVersion && $0 <= version } ?? false
        }
    }

    /// The whole state. The same state gives the same bytes.
    public func encoded() -> [UInt8] { encode(whole: true) }

    /// The state without chats and without closed minutes, which the journal keeps as rows of their own.
    public func encodedCore() -> [UInt8] { encode(whole: false) }

    private func encode(whole: Bool) -> [UInt8] {
        var writer = StateWriter()
        for byte in RuntimeSignals.magic { writer.put(byte: byte) }
        writer.put(byte: RuntimeSignals.version)
        writer.put(whole)
        writer.put(runtime)
        writer.put(newestAt)
        shared.encode(to: &writer)
        history.encodeCore(to: &writer)
        writer.put(each: closed) { $1.encode(to: &$0) }
        let replicas = replicas + aside
        writer.put(each: replicas) { $1.encode(to: &$0, whole: whole) }
        gate.encode(to: &writer)
        for replica in replicas { replica.inside.encode(to: &writer) }
        for replica in replicas { replica.line.encode(to: &writer) }
        writer.put(optional: found) { $1.encode(to: &$0) }
        writer.put(aside.count)
        for endpoint in RuntimeSignals.later(RuntimeSignals.version) {
            for replica in replicas { replica.track(endpoint)?.encode(to: &writer) }
        }
        page.encode(to: &writer)
        history.totals.encode(to: &writer)
        shared.flows.directory.encode(to: &writer)
        shared.flows.latencies.encode(to: &writer)
        for replica in replicas { replica.flows.encode(to: &writer) }
        if whole { history.encodeMinutes(to: &writer) }
        return writer.bytes
    }

    /// Reads what `encoded` or `encodedCore` wrote. After a core follow `restore(chats:)` and `restore(minutes:)`.
    public init(decoding bytes: [UInt8], options: SignalOptions) throws(SignalStateError) {
        var reader = StateReader(bytes)
        for byte in RuntimeSignals.magic {
            guard try reader.byte() == byte else { throw reader.failure("not signal state") }
        }
        let version = try reader.byte()
        guard (1...RuntimeSignals.version).contains(version) else { throw reader.failure("another version") }
        let whole = try reader.flag()
        self.init(runtime: try reader.string(), options: options)
        newestAt = try reader.integer()
        guard newestAt == .min || Clamp.moments.contains(newestAt) else {
            throw reader.failure("a moment is out of range")
        }
        shared = try SharedState(from: &reader, version: version)
        history = try MinuteHistory(coreFrom: &reader)
        closed = try reader.each { (reader) throws(SignalStateError) in try MinuteRow(from: &reader) }
        let capacity = shared.apps.capacity
        replicas = try reader.each { (reader) throws(SignalStateError) in
            try ReplicaState(from: &reader, whole: whole, capacity: capacity, version: version)
        }
        if version > 1 { gate = try GateLog(from: &reader, capacity: capacity) }
        if version > 2 {
            for index in replicas.indices { try replicas[index].restore(.inside, from: &reader) }
        }
        if version > 5 {
            for index in replicas.indices { replicas[index].line = try LineSense(from: &reader) }
        }
        var asideCount: Int64 = 0
        if version >= RuntimeSignals.foundSince {
            found = try reader.optional { (reader) throws(SignalStateError) in try FoundTargets(from: &reader) }
            asideCount = try reader.integer()
            guard (0...Int64(replicas.count)).contains(asideCount) else { throw reader.failure("more replicas aside than there are") }
        }
        for endpoint in RuntimeSignals.later(version) {
            for index in replicas.indices { try replicas[index].restore(endpoint, from: &reader) }
        }
        if version >= RuntimeSignals.pagesSince { page = try MetricLog(from: &reader) }
        if version >= RuntimeSignals.totalsSince { history.totals = try PeriodTotals(from: &reader) }
        if version >= RuntimeSignals.flowsSince {
            shared.flows.directory = try FlowDirectory(from: &reader, apps: shared.apps)
            let flows = shared.flows.directory.capacity
            shared.flows.latencies = try LatencyLog(from: &reader, capacity: flows)
            for index in replicas.indices { replicas[index].flows = try FlowLog(from: &reader, capacity: flows, version: version) }
        }
        aside = Array(replicas.suffix(Int(asideCount)))
        replicas.removeLast(Int(asideCount))
        if whole { try history.decodeMinutes(from: &reader, capacity: capacity) }
        guard reader.isAtEnd else { throw reader.failure("more bytes than the state has") }
        recogniseKind()
    }

    /// Brings back the chats that belong to a core, in any order. Rows of replicas that the core does not know are left
    /// out. Throws on a row that cannot be read, or that stands twice.
    public mutating func restore(chats rows: [ChatRow]) throws(SignalStateError) {
        for index in replicas.indices {
            let own = rows.filter { $0.replica.isSame(as: replicas[index].url) }
            try replicas[index].restore(chats: own, capacity: shared.apps.capacity)
        }
        for index in aside.indices {
            let own = rows.filter { $0.replica.isSame(as: aside[index].url) }
            try aside[index].restore(chats: own, capacity: shared.apps.capacity)
        }
    }
}

extension SharedState {
    fileprivate func encode(to writer: inout StateWriter) {
        apps.encode(to: &writer)
        counters.encode(to: &writer)
        latencies.encode(to: &writer)
        writer.put(lastTurnAt)
        writer.put(each: longEnds) {
            $0.put(Int64($1.worked))
            $0.put(Int64($1.silent))
        }
    }

    fileprivate init(from reader: inout StateReader, version: UInt8) throws(SignalStateError) {
        apps = try AppDirectory(from: &reader)
        counters = try CounterWatch(from: &reader)
        latencies = try LatencyLog(from: &reader, capacity: apps.capacity)
        lastTurnAt = try reader.integer()
        guard version > 2 else { return }
        longEnds = ContiguousArray(
            try reader.each { (reader) throws(SignalStateError) in
                LongEnds(worked: try reader.integer(Int32.self), silent: try reader.integer(Int32.self))
            })
        guard longEnds.count <= apps.capacity else { throw reader.failure("ends of an app that is not there") }
    }
}

extension ReplicaState {
    /// Endpoints whose tracks stand at the beginning, as in version 1.
    private static var first: [Endpoint] { Endpoint.allCases.filter { keptSince($0) == 1 } }

    fileprivate func encode(to writer: inout StateWriter, whole: Bool) {
        writer.put(url)
        for endpoint in ReplicaState.first { track(endpoint)?.encode(to: &writer) }
        identity.encode(to: &writer)
        writer.put(each: perfElapsed) { $0.put($1) }
        writer.put(isRegistryReal)
        writer.put(optional: unreachableSince) { $0.put($1) }
        writer.put(lastSampleAt)
        log.encode(to: &writer)
        writer.put(judgedEnds)
        writer.put(silentEnds)
        writer.put(each: undecidedSilent) { $0.put(UInt64($1)) }
        writer.put(undecidedEnds)
        writer.put(endedChats)
        writer.put(optional: lastPerfClock) { $0.put($1) }
        writer.put(optional: restart) { writer, restart in writer.put(optional: restart.createdAt) { $0.put($1) } }
        usageAxis.encode(to: &writer)
        for sum in usageSums { writer.put(sum) }
        writer.put(optional: lastUsage) { $0.put($1) }
        writer.put(lastUsageGrowthAt)
        writer.put(each: undecidedQuick) { $0.put(UInt64($1)) }
        writer.put(perfTimeouts)
        writer.put(perfWaited)
        ghosts.encode(to: &writer)
        writer.put(optional: clockOffset) { $0.put($1) }
        writer.put(isClockExact)
        guard whole else { return }
        let sorted = (0..<chats.count).map { chats[$0] }.sorted { $0.key < $1.key }
        writer.put(each: sorted) { writer, record in
            writer.put(bits: record.key.high)
            writer.put(bits: record.key.low)
            record.encode(to: &writer)
        }
    }

    fileprivate init(from reader: inout StateReader, whole: Bool, capacity: Int, version: UInt8) throws(SignalStateError) {
        self.init(url: try reader.string())
        for endpoint in ReplicaState.first { try restore(endpoint, from: &reader) }
        identity = try ProcessIdentity(from: &reader)
        perfElapsed = try reader.each { (reader) throws(SignalStateError) in try reader.double() }
        isRegistryReal = try reader.flag()
        unreachableSince = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        lastSampleAt = try reader.integer()
        log = try PerfLog(from: &reader, capacity: capacity, version: version)
        judgedEnds = try reader.integer()
        silentEnds = try reader.integer()
        undecidedSilent = try reader.each { (reader) throws(SignalStateError) in
            guard let value = UInt32(exactly: try reader.unsigned()) else {
                throw reader.failure("a moment is out of range")
            }
            return value
        }
        undecidedEnds = try reader.integer()
        endedChats = try reader.integer()
        lastPerfClock = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        restart = try reader.optional { (reader) throws(SignalStateError) in
            Restart(createdAt: try reader.optional { (reader) throws(SignalStateError) in try reader.moment() })
        }
        usageAxis = try TimeAxis(from: &reader)
        for _ in 0..<usageAxis.count { usageSums.append(try reader.integer()) }
        lastUsage = try reader.optional { (reader) throws(SignalStateError) in try reader.integer() }
        lastUsageGrowthAt = try reader.integer()
        if version > 2 {
            undecidedQuick = try reader.each { (reader) throws(SignalStateError) in
                guard let value = UInt32(exactly: try reader.unsigned()) else {
                    throw reader.failure("a moment is out of range")
                }
                return value
            }
            let timeouts = try reader.integer()
            guard (0...1 << 40).contains(timeouts) else { throw reader.failure("a count is out of range") }
            perfTimeouts = Int(timeouts)
            perfWaited = try reader.double()
            ghosts = try GhostSense(from: &reader, version: version)
            clockOffset = try reader.optional { (reader) throws(SignalStateError) in
                let offset = try reader.integer()
                guard offset.magnitude <= Clamp.moments.upperBound else { throw reader.failure("a moment is out of range") }
                return offset
            }
            isClockExact = try reader.flag()
        }
        // The newest row holds the sums so far.
        if let newest = log.rows.last {
            totals = newest.apps
            total = newest.total
        }
        guard whole else { return }
        let rows = try reader.each { (reader) throws(SignalStateError) in
            let key = StableHash(high: try reader.bits(), low: try reader.bits())
            return try ChatRecord(key: key, from: &reader)
        }
        try insert(rows, capacity: capacity)
    }

    fileprivate mutating func restore(chats rows: [ChatRow], capacity: Int) throws(SignalStateError) {
        var records: [ChatRecord] = []
        for row in rows {
            var reader = StateReader(row.bytes)
            records.append(try ChatRecord(key: row.key, from: &reader))
            guard reader.isAtEnd else { throw reader.failure("more bytes than a chat has") }
        }
        chats = ChatTable()
        try insert(records, capacity: capacity)
    }

    private mutating func insert(_ records: [ChatRecord], capacity: Int) throws(SignalStateError) {
        for record in records {
            guard Int(record.app) < capacity, chats.find(record.key, hint: chats.count) == nil else {
                throw SignalStateError(reason: "a chat stands twice or belongs to no app", offset: 0)
            }
            chats.append(record)
        }
    }
}
