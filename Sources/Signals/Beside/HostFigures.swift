import Model

/// What a machine said at one look, as far as it is kept.
struct HostFigures: EndpointFigures {
    /// What is read as it stands, in the order of `gauges`.
    var readings: [Evidence]
    /// Seconds since 1970 at which it started; counters of one start are not those of another.
    var startedAt: Int64?
    /// Ticks of all cores together: busy, and all.
    var busy: Int64?
    var all: Int64?
    /// Of the container: cores that it may use at a time, microseconds that it used, periods and those in which it was held back.
    var cpuLimit: Double?
    var cpuUsed: Int64?
    var periods: Int64?
    var throttled: Int64?
    /// Why there are no ticks.
    var cpuMissing: MissingReason
    var oomKills: Int64?
    var groupOOMKills: Int64?
    var oomMissing: MissingReason
    /// The mount that has least space left. For people, and not kept over a restart: the first look tells it again.
    var fullest: String?

    static let gauges: [Signal] = [
        .load, .memory, .swap, .diskFree, .inodesFree, .openFiles, .pressureCPU, .pressureMemory, .pressureIO, .uptime, .unreadMounts,
    ]

    init(_ view: HostView) {
        func why(_ part: HostView.Part) -> MissingReason { view.missing[part]?.reason ?? .notTracked }
        func known(_ value: Double?, _ part: HostView.Part) -> Evidence { value.map { .value($0) } ?? .missing(why(part)) }
        func least(_ space: (HostView.Mount) -> HostView.Space?) -> Evidence {
            let free = view.mounts.compactMap { space($0)?.percentUsed }.map { 100 - $0 }
            if let least = free.min() { return .value(least) }
            return .missing(view.mounts.lazy.compactMap(\.missing?.reason).first ?? .notTracked)
        }
        let memory = [view.memory, view.group.memory].compactMap { $0?.percentUsed }.max()
        readings = HostFigures.gauges.map { signal in
            switch signal {
            case .load:
                // By core: without their number it says nothing.
                guard let load = view.load, let cores = view.cores else { return .missing(view.load == nil ? why(.load) : why(.cpu)) }
                return .value(load / Double(cores))
            case .memory: return known(memory, .memory)
            case .swap: return known(view.swap?.percentUsed, .swap)
            case .diskFree: return least(\.space)
            case .inodesFree: return least(\.inodes)
            case .openFiles: return known(view.files?.percentUsed, .files)
            case .pressureCPU: return known(view.pressure[.cpu], .pressureCPU)
            case .pressureMemory: return known(view.pressure[.memory], .pressureMemory)
            case .pressureIO: return known(view.pressure[.io], .pressureIO)
            case .uptime: return known(view.uptimeSeconds, .uptime)
            default: return .value(Double(view.mounts.count { $0.missing != nil }))
            }
        }
        startedAt = view.startedAt
        (busy, all) = (view.cpu?.busy, view.cpu?.all)
        (cpuLimit, cpuUsed, periods, throttled) = (view.group.cpuLimit, view.group.cpuUsed, view.group.periods, view.group.throttled)
        cpuMissing = why(.cpu)
        (oomKills, groupOOMKills) = (view.oomKills, view.group.oomKills)
        oomMissing = why(.oomKills)
        fullest =
            view.mounts.filter { $0.space?.percentUsed != nil }
            .max { ($0.space?.percentUsed ?? 0) < ($1.space?.percentUsed ?? 0) }?.path
    }

    func reading(_ signal: Signal) -> Evidence? {
        HostFigures.gauges.firstIndex(of: signal).flatMap { readings.indices.contains($0) ? readings[$0] : nil }
    }

    /// Whether the kernel's own files said anything: how full a mount is, it is whatever becomes of them.
    var isTelling: Bool { busy != nil || reading(.memory)?.value != nil }

    // MARK: Since the look before

    /// How busy the cores were between two looks, in percent: of all of them, or of the container's limit, where that is nearer.
    /// - Parameter elapsed: ms between the looks.
    func cpu(since before: HostFigures, elapsed: Int64) -> Evidence {
        var shares: [Double] = []
        if let busy, let all, let earlier = before.busy, let ended = before.all, isSameStart(as: before), all > ended, busy >= earlier {
            shares.append(100 * Double(min(busy - earlier, all - ended)) / Double(all - ended))
        }
        if let cpuLimit, let cpuUsed, let earlier = before.cpuUsed, cpuUsed >= earlier, elapsed > 0 {
            // What was used in a moment may be counted in the next one.
            shares.append(min(100, 100 * Double(cpuUsed - earlier) / (Double(elapsed) * 1_000 * cpuLimit)))
        }
        if let most = shares.max() { return .value(most) }
        return .missing(busy == nil && cpuUsed == nil ? cpuMissing : .tooLittleData)
    }

    /// Of the periods between two looks those in which the container was held back, in percent.
    func throttled(since before: HostFigures) -> Evidence {
        guard let periods, let throttled else { return .missing(.notTracked) }
        guard let earlier = before.periods, let held = before.throttled, periods >= earlier, throttled >= held else {
            return .missing(.tooLittleData)
        }
        // No period passed: nothing ran that could have been held back.
        guard periods > earlier else { return .missing(.noTraffic) }
        return .value(100 * Double(min(throttled - held, periods - earlier)) / Double(periods - earlier))
    }

    /// Processes that were killed between two looks. Of a machine or a container that began anew meanwhile all since then; what
    /// the machine counts of its containers is not counted twice.
    func kills(since before: HostFigures) -> Int64 {
        func growth(_ now: Int64?, _ then: Int64?) -> Int64 {
            guard let now, let then else { return 0 }
            return now >= then && isSameStart(as: before) ? now - then : now
        }
        return max(growth(oomKills, before.oomKills), growth(groupOOMKills, before.groupOOMKills))
    }

    private func isSameStart(as before: HostFigures) -> Bool {
        // The clock that the start is reckoned by may be set a little.
        guard let startedAt, let earlier = before.startedAt else { return true }
        return abs(startedAt - earlier) <= 60
    }

    // MARK: Kept

    private var counters: [Int64?] { [startedAt, busy, all, cpuUsed, periods, throttled, oomKills, groupOOMKills] }

    func encode(to writer: inout StateWriter) {
        writer.put(each: readings) { $0.put($1) }
        for counter in counters { writer.put(optional: counter) { $0.put($1) } }
        writer.put(optional: cpuLimit) { $0.put($1) }
        writer.put(cpuMissing)
        writer.put(oomMissing)
    }

    init(from reader: inout StateReader) throws(SignalStateError) {
        readings = try reader.each { (reader) throws(SignalStateError) in try reader.evidence() }
        var counters: [Int64?] = []
        for _ in 0..<8 { counters.append(try reader.optional { (reader) throws(SignalStateError) in try reader.integer() }) }
        (startedAt, busy, all, cpuUsed) = (counters[0], counters[1], counters[2], counters[3])
        (periods, throttled, oomKills, groupOOMKills) = (counters[4], counters[5], counters[6], counters[7])
        cpuLimit = try reader.optional { (reader) throws(SignalStateError) in try reader.double() }
        cpuMissing = try reader.reason()
        oomMissing = try reader.reason()
    }

    // MARK: For people

    func say(in summary: inout RuntimeSummary.Replica, of replica: ReplicaState, _ evaluation: Evaluation) {
        func percent(_ signal: Signal) -> String? { summary.figures[signal].map { "\(Int($0.rounded())) %" } }
        for signal in [Signal.load, .memory, .swap, .diskFree, .inodesFree] { summary.figures[signal] = reading(signal)?.value }
        summary.figures[.cpu] = evaluation.beside(.cpu, replica, from: evaluation.at, to: evaluation.at).value
        var parts: [String] = []
        if let cpu = percent(.cpu) { parts.append("cpu \(cpu)") }
        if let memory = percent(.memory) { parts.append("memory \(memory)") }
        if let free = percent(.diskFree) { parts.append("\(free) free" + (fullest.map { " on \($0)" } ?? "")) }
        if let unread = reading(.unreadMounts)?.value, unread > 0 {
            parts.append(unread == 1 ? "a mount cannot be looked at" : "\(Int(unread)) mounts cannot be looked at")
        }
        summary.said[.host] = parts.joined(separator: ", ")
        if !isTelling { summary.missing[.host] = cpuMissing == .notTracked ? .unreachable : cpuMissing }
    }
}

extension HostView {
    /// What could not be read though it should be there, for people: what a kernel does not have is no news.
    var oddities: String {
        let parts = Part.allCases.compactMap { part in missing[part].map { (name: part.rawValue, why: $0) } }
        let all = parts + mounts.compactMap { mount in mount.missing.map { (name: mount.path, why: $0) } }
        // Without these two it is no kernel's folder, and that is.
        let isSilent = cpu == nil && memory == nil
        return all.filter { $0.why.reason != .notTracked || isSilent && ["cpu", "memory"].contains($0.name) }.map {
            "\($0.name): \($0.why.detail)"
        }.joined(separator: "; ")
    }
}
