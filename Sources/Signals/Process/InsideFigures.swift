import Model

/// From `/ops/runtime`.
struct InsideFigures: EndpointFigures {
    /// Without those that wait for a person who has left.
    var runs: Int64?
    var apps: [AppID: Int64]
    var isShortened: Bool
    var loopLag: Double?
    /// Let in and not begun, of the apps that have any. For the gate alone, and not kept over a restart of the monitor: by
    /// then they have come or gone.
    var coming: [AppID: Int64] = [:]
    /// Runs that wait for a person who has no websocket any more: they cost nothing, and may wait for ever. Told apart from what
    /// was said last only, and not kept over a restart of the monitor: its first poll tells them again.
    var parked: [AppID: Int64] = [:]
    var allParked: Int64 = 0

    init(_ view: InsideView) {
        runs = view.runs.map { max(0, $0 - view.parked) }
        apps = Dictionary(view.apps.map { ($0.app, max(0, $0.runs - $0.parked)) }, uniquingKeysWith: { first, _ in first })
        allParked = view.parked
        for row in view.apps where row.parked > 0 { parked[row.app, default: 0] += row.parked }
        isShortened = view.isShortened
        loopLag = view.loopLag
        for row in view.apps where row.coming > 0 { coming[row.app, default: 0] += row.coming }
    }

    /// What really runs of an app; nil when that is not known.
    func runs(of app: AppID) -> Int64? {
        guard runs != nil else { return nil }
        return apps[app] ?? (isShortened || app.bytes.count > InsideView.longestID ? nil : 0)
    }

    func encode(to writer: inout StateWriter) {
        writer.put(optional: runs) { $0.put($1) }
        writer.put(each: apps.sorted { $0.key < $1.key }) { writer, entry in
            writer.put(entry.key.bytes)
            writer.put(entry.value)
        }
        writer.put(isShortened)
        writer.put(optional: loopLag) { $0.put($1) }
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        runs = try reader.optional { (reader) throws(SignalStateError) in Int64(try reader.integer(Int32.self)) }
        let rows = try reader.each { (reader) throws(SignalStateError) in
            (AppID(bytes: try reader.data()), Int64(try reader.integer(Int32.self)))
        }
        apps = Dictionary(rows, uniquingKeysWith: { first, _ in first })
        isShortened = try reader.flag()
        loopLag = try reader.optional { (reader) throws(SignalStateError) in try reader.double() }
    }
}

extension ReplicaState {
    /// What the extension inside the process said last; nil where there is none, or it said it too long ago.
    func insideFigures(asOf moment: Int64, _ options: SignalOptions) -> InsideFigures? {
        guard !identity.isSeveral(asOf: moment), inside.missing(asOf: moment, maxGap: maxGap(.inside, options)) == nil
        else { return nil }
        return inside.entry(asOf: moment)?.figures
    }

    /// How late the process's event loop was.
    func loopLag(asOf moment: Int64, _ options: SignalOptions) -> Evidence {
        if identity.isSeveral(asOf: moment) { return .missing(.partial) }
        switch inside.missing(asOf: moment, maxGap: maxGap(.inside, options)) {
        case .error(404)?, .tooLittleData?: return .missing(.notTracked)
        case let reason?: return .missing(reason)
        case nil: return inside.entry(asOf: moment)?.figures?.loopLag.map { .value($0) } ?? .missing(.tooLittleData)
        }
    }
}

extension Evaluation {
    /// Puts what really runs in the place of what the counters of the runtime let suppose, where every process that counts
    /// tells. A chat that is open and does not run is quiet, whatever its age; one that runs again after its end counts,
    /// though the runtime calls it ended.
    func applyInside(_ open: inout OpenRuns, asOf moment: Int64) {
        var views: [InsideFigures] = []
        for replica in present {
            guard let figures = replica.insideFigures(asOf: moment, options), figures.runs != nil else { return }
            views.append(figures)
        }
        guard !views.isEmpty else { return }
        for (slot, app) in zip(order, state.shared.apps.sorted) {
            var runs: Int64? = 0
            for view in views { runs = view.runs(of: app).flatMap { own in runs.map { $0 + own } } }
            if let runs { open.apps[slot].setRunning(runs, parked: views.reduce(0) { $0 + ($1.parked[app] ?? 0) }) }
        }
        open.isTold = true
        open.total.setRunning(views.reduce(0) { $0 + ($1.runs ?? 0) }, parked: views.reduce(0) { $0 + $1.allParked })
    }
}

extension RunGauges {
    /// Of the open runs these run, and no others. Nothing runs for those that are parked.
    mutating func setRunning(_ runs: Int64, parked: Int64) {
        // One that runs again after its end is among neither the open ones nor the rest.
        let left = min(parked, open)
        let rest = max(0, open - runs - left)
        (young, progressing, unwatched) = (Int32(clamping: runs), 0, 0)
        quiet = Int32(clamping: rest)
        // The runtime itself says what runs: nothing is guessed of ghosts, and what runs is the bound.
        ghosts = Int32(clamping: left)
        socketBound = .most(runs)
        busiestUser = min(busiestUser, young)
    }
}
