import Model

/// Where a runtime's replicas were found, of one whose replicas are not in the configuration.
struct FoundTargets: Sendable {
    /// As of the newest answer that named any, until an empty one is believed.
    var list: TargetList
    /// Since when nobody is named, ms: by answers without replicas, or because none has come yet.
    var emptySince: Int64?
    /// When it was last asked, whatever came of it, ms.
    var askedAt: Int64
    /// Why there is no answer now, in words; nil while there is one. Not kept: the next one tells again.
    var fault: String?

    /// Whether the list is empty and has been for so long that nobody is there.
    func isDeserted(asOf moment: Int64, after patience: Int64) -> Bool {
        emptySince.map { moment - $0 >= patience } ?? false
    }
}

extension RuntimeSignals {
    /// How long a replica that is no longer named is remembered, for one that comes back.
    static var returnTime: Int64 { 15 * 60_000 }

    /// Base URLs of the replicas that are expected: those of the configuration, else those that were found. Empty: whatever
    /// replicas samples come from.
    public var expectedReplicas: [String] { options.replicas.isEmpty ? found?.list.replicas ?? [] : options.replicas }

    /// Whether a replica that is not expected is none.
    var knowsReplicas: Bool { !expectedReplicas.isEmpty || isDeserted }

    /// What all replicas that were found are called.
    public var foundLabels: [String: String] { options.replicas.isEmpty ? found?.list.labels ?? [:] : [:] }

    /// Nobody is there to be asked: who names the replicas has named none for `missingAfter`.
    public var isDeserted: Bool { isDeserted(asOf: newestAt) }

    func isDeserted(asOf moment: Int64) -> Bool {
        options.replicas.isEmpty && found?.isDeserted(asOf: moment, after: options.missingAfter.milliseconds) == true
    }

    /// Why nobody or not everybody is found, in words for people; nil while the newest answer named replicas.
    public var findingTrouble: String? {
        guard options.replicas.isEmpty, let found else { return nil }
        if let fault = found.fault { return fault }
        guard let since = found.emptySince else { return nil }
        return "\(found.list.source) has named no replica since \(Timestamp(milliseconds: since))"
    }

    /// For people.
    var finding: RuntimeSummary.Finding? {
        guard options.replicas.isEmpty, let found else { return nil }
        return RuntimeSummary.Finding(
            source: found.list.source, trouble: findingTrouble, labels: found.list.labels, isDeserted: isDeserted)
    }

    mutating func ingestTargets(_ sample: Sample) {
        // A clock that went back: no time passed.
        let at = max(Clamp.moment(sample.at.milliseconds), found?.askedAt ?? .min)
        var known = found ?? FoundTargets(list: TargetList(source: "", replicas: []), emptySince: nil, askedAt: at)
        known.askedAt = at
        switch sample.content {
        case .targets(let list) where list.replicas.isEmpty:
            known.fault = list.remark
            known.list.source = list.source
            known.emptySince = known.emptySince ?? at
        case .targets(let list):
            known.fault = list.remark
            known.list = list
            known.emptySince = nil
        case .missing(_, _, let detail):
            known.fault = detail
            // Where nobody was ever found, or the last answer named nobody, it is told as if nobody were named.
            if known.list.replicas.isEmpty { known.emptySince = known.emptySince ?? at }
        default: return
        }
        found = known
        newestAt = max(newestAt, at)
        history.begin(at: newestAt)
        followTargets()
    }

    /// Brings the replicas into line with those that are expected. Who is no longer named is set aside, with all that is
    /// remembered of it, and counts no more: it is gone, and not down.
    mutating func followTargets() {
        if isDeserted, let list = found?.list, !list.replicas.isEmpty {
            found?.list = TargetList(source: list.source, replicas: [], labels: list.labels)
        }
        guard !options.replicas.isEmpty || found != nil else { return }
        let expected = expectedReplicas
        if !replicas.lazy.map(\.url).elementsEqual(expected, by: { $0.isSame(as: $1) }) {
            let names = Set(expected.map { Array($0.utf8) })
            for index in replicas.indices.reversed() where !names.contains(Array(replicas[index].url.utf8)) {
                let replica = replicas.remove(at: index)
                if options.replicas.isEmpty { aside.append(replica) } else { forget(replica) }
            }
            var known = Set(replicas.map { Array($0.url.utf8) })
            for url in expected where known.insert(Array(url.utf8)).inserted { addReplica(url) }
            orderReplicas()
        }
        for index in aside.indices.reversed() {
            let heardAt = aside[index].lastSampleAt
            if !options.replicas.isEmpty || heardAt == .min || newestAt - heardAt > RuntimeSignals.returnTime {
                forget(aside.remove(at: index))
            }
        }
        aside.sort { $0.url.precedes($1.url) }
    }

    /// One that is not known yet, or was set aside.
    mutating func addReplica(_ url: String) {
        let returning = aside.firstIndex { $0.url.isSame(as: url) }.map { aside.remove(at: $0) }
        replicas.append(returning ?? ReplicaState(url: url))
    }

    /// In the order in which they are expected, then the others, by their bytes.
    mutating func orderReplicas() {
        let expected = expectedReplicas
        let ranks = Dictionary(expected.enumerated().map { (Array($1.utf8), $0) }) { first, _ in first }
        func rank(_ replica: ReplicaState) -> Int { ranks[Array(replica.url.utf8)] ?? expected.count }
        replicas.sort { a, b in
            let (left, right) = (rank(a), rank(b))
            return left != right ? left < right : a.url.precedes(b.url)
        }
    }

    private mutating func forget(_ replica: ReplicaState) {
        Clamp.add(&shared.counters.endedBefore, replica.endedChats)
        // Else they would be those of whoever has that address next.
        forgotten += (replica.gone + (0..<replica.chats.count).map { replica.chats[$0].key }).sorted()
            .map { ChatChanges.Removal(replica: replica.url, key: $0) }
    }
}

// MARK: - What a restart keeps

extension FoundTargets {
    func encode(to writer: inout StateWriter) {
        writer.put(list.source)
        writer.put(each: list.replicas) { $0.put($1) }
        writer.put(each: list.labels.inByteOrder(of: \.key)) {
            $0.put($1.key)
            $0.put($1.value)
        }
        writer.put(optional: emptySince) { $0.put($1) }
        writer.put(askedAt)
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        let source = try reader.string()
        let replicas = try reader.each { (reader) throws(SignalStateError) in try reader.string() }
        let labels = try reader.each { (reader) throws(SignalStateError) in (try reader.string(), try reader.string()) }
        list = TargetList(source: source, replicas: replicas, labels: Dictionary(labels) { first, _ in first })
        emptySince = try reader.optional { (reader) throws(SignalStateError) in try reader.moment() }
        askedAt = try reader.moment()
    }
}
