import Model

/// From what a machine's files hold to what that says. Pure, and safe with any bytes: what cannot be read is missing, with the
/// reason, and never zero.
struct HostReading {
    private let texts: HostTexts
    private(set) var view = HostView()

    /// What the files say, with what was found of the mounts. A fault where neither the processors' times nor the memory can be
    /// read, and no mount either: nothing is known then, and it says why.
    static func view(of texts: HostTexts, mounts: [HostView.Mount]) -> Result<HostView, Fault> {
        var reading = HostReading(texts)
        reading.read()
        if let cpu = reading.view.missing[.cpu], let memory = reading.view.missing[.memory], !mounts.contains(where: { $0.missing == nil })
        {
            return .failure(Fault(description: "\(cpu.detail); \(memory.detail)"))
        }
        reading.view.mounts = mounts
        return .success(reading.view)
    }

    /// What is known of a machine whose files do not answer: how full its mounts are, and why there is no more.
    static func silent(_ why: HostView.Why, mounts: [HostView.Mount]) -> HostView {
        var view = HostView()
        for part in HostView.Part.allCases where part != .group { view.missing[part] = why }
        view.mounts = mounts
        return view
    }

    /// Why nothing is known of a machine.
    struct Fault: Error, CustomStringConvertible {
        let description: String
    }

    private init(_ texts: HostTexts) {
        self.texts = texts
    }

    private mutating func read() {
        readTimes()
        readMemory()
        readGroup()
        if let lines = lines("loadavg", .load) { note(lines.firstLine.first.flatMap(FileLines.amount), .load, "loadavg", \.load) }
        if let lines = lines("uptime", .uptime) {
            note(lines.firstLine.first.flatMap(FileLines.amount), .uptime, "uptime", \.uptimeSeconds)
        }
        if let lines = lines("vmstat", .oomKills) {
            view.oomKills = lines.count(of: "oom_kill")
            if view.oomKills == nil { view.missing[.oomKills] = HostView.Why(.notTracked, "no oom_kill in vmstat") }
        }
        if let lines = lines("sys/fs/file-nr", .files) { readFiles(lines) }
        for (resource, part) in [(HostView.Resource.cpu, HostView.Part.pressureCPU), (.memory, .pressureMemory), (.io, .pressureIO)] {
            guard let lines = lines("pressure/\(resource.rawValue)", part) else { continue }
            let words = lines.values(of: "some") ?? []
            let value = zip(words, words.dropFirst()).first { $0.0.elementsEqual("avg60".utf8) }.flatMap { FileLines.amount($0.1) }
            if let value, value <= 100 {
                view.pressure[resource] = value
            } else {
                view.missing[part] = malformed("pressure/\(resource.rawValue)")
            }
        }
    }

    // MARK: Parts

    /// The lines of a file; nil where it has none, which is noted.
    private mutating func lines(_ name: String, _ part: HostView.Part) -> FileLines? {
        switch texts.proc[name] {
        case .bytes(let bytes)?: return FileLines(bytes)
        case .failure(let code)?: view.missing[part] = HostView.Why(failure: code, of: name)
        case nil: view.missing[part] = HostView.Why(.notTracked, "no \(name)")
        }
        return nil
    }

    private func malformed(_ name: String) -> HostView.Why { HostView.Why(.malformed, "\(name) is not as a kernel writes it") }

    private mutating func note<T>(_ value: T?, _ part: HostView.Part, _ name: String, _ path: WritableKeyPath<HostView, T?>) {
        view[keyPath: path] = value
        if value == nil { view.missing[part] = malformed(name) }
    }

    private mutating func readTimes() {
        guard let lines = lines("stat", .cpu) else { return }
        var cores: Int64 = 0
        for words in lines.lines {
            guard let name = words.first else { continue }
            if name.elementsEqual("btime".utf8) { view.startedAt = words.dropFirst().first.flatMap(FileLines.count) }
            if name.starts(with: "cpu".utf8), name.count > 3, FileLines.count(name.dropFirst(3)) != nil { cores += 1 }
        }
        view.cores = cores > 0 ? cores : nil
        note(lines.values(of: "cpu").flatMap(HostReading.ticks), .cpu, "stat", \.cpu)
    }

    /// user, nice, system, idle, iowait, irq, softirq, steal; what guests took stands in user and nice already.
    private static func ticks(_ words: [ArraySlice<UInt8>]) -> HostView.Ticks? {
        let counts = words.prefix(8).map(FileLines.count)
        guard counts.count >= 4, !counts.contains(nil) else { return nil }
        var (busy, all) = (Int64(0), Int64(0))
        for (index, count) in counts.enumerated() {
            let count = count ?? 0
            // Eight of at most 2^60 are below 2^63.
            all += count
            if index != 3, index != 4 { busy += count }
        }
        return all > 0 && all <= FileLines.most ? HostView.Ticks(busy: busy, all: all) : nil
    }

    private mutating func readMemory() {
        guard let lines = lines("meminfo", .memory) else {
            view.missing[.swap] = view.missing[.memory]
            return
        }
        func bytes(_ name: String) -> Int64? { lines.count(of: name).flatMap { $0 <= FileLines.most >> 10 ? $0 << 10 : nil } }
        if let all = bytes("MemTotal"), all > 0 {
            if let available = bytes("MemAvailable"), available <= all {
                view.memory = HostView.Space(used: all - available, all: all)
            } else {
                view.missing[.memory] =
                    lines.values(of: "MemAvailable") == nil
                    ? HostView.Why(.notTracked, "no MemAvailable in meminfo") : malformed("meminfo")
            }
        } else {
            view.missing[.memory] = malformed("meminfo")
        }
        switch (bytes("SwapTotal"), bytes("SwapFree")) {
        case (0?, _): view.missing[.swap] = HostView.Why(.notTracked, "no swap space")
        case (let all?, let free?) where free <= all: view.swap = HostView.Space(used: all - free, all: all)
        case (nil, nil): view.missing[.swap] = HostView.Why(.notTracked, "no swap in meminfo")
        default: view.missing[.swap] = malformed("meminfo")
        }
    }

    /// Handles that are allocated, those among them that are free, and as many as there may be.
    private mutating func readFiles(_ lines: FileLines) {
        let words = lines.firstLine
        guard words.count >= 3, let allocated = FileLines.count(words[0]), let free = FileLines.count(words[1]), free <= allocated else {
            view.missing[.files] = malformed("sys/fs/file-nr")
            return
        }
        // Newer kernels have no limit, and say so by the greatest number that there is.
        guard let all = FileLines.count(words[2]), all > 0 else {
            view.missing[.files] = HostView.Why(.notTracked, "no limit of open files")
            return
        }
        view.files = HostView.Space(used: allocated - free, all: all)
    }

    // MARK: The control group

    /// Limits of the group that the folder is: inside a container its own, on a machine the root, which has none.
    private mutating func readGroup() {
        var group = HostView.Group()
        let isVersion2 = groupLines("cgroup.controllers") != nil
        var (limit, used, inactive): (Int64?, Int64?, Int64?)
        if isVersion2 {
            let max = groupLines("cpu.max")?.firstLine ?? []
            if max.count == 2, let quota = FileLines.count(max[0]), let period = FileLines.count(max[1]), quota > 0, period > 0 {
                group.cpuLimit = Double(quota) / Double(period)
            }
            let stat = groupLines("cpu.stat")
            group.cpuUsed = stat?.count(of: "usage_usec")
            (group.periods, group.throttled) = (stat?.count(of: "nr_periods"), stat?.count(of: "nr_throttled"))
            limit = groupLines("memory.max")?.firstLine.first.flatMap(FileLines.count)
            used = groupLines("memory.current")?.firstLine.first.flatMap(FileLines.count)
            inactive = groupLines("memory.stat")?.count(of: "inactive_file")
            group.oomKills = groupLines("memory.events")?.count(of: "oom_kill")
        } else {
            if let quota = groupLines("cpu/cpu.cfs_quota_us")?.firstLine.first.flatMap(FileLines.count), quota > 0,
                let period = groupLines("cpu/cpu.cfs_period_us")?.firstLine.first.flatMap(FileLines.count), period > 0
            {
                group.cpuLimit = Double(quota) / Double(period)
            }
            let stat = groupLines("cpu/cpu.stat")
            (group.periods, group.throttled) = (stat?.count(of: "nr_periods"), stat?.count(of: "nr_throttled"))
            group.cpuUsed = groupLines("cpuacct/cpuacct.usage")?.firstLine.first.flatMap(FileLines.count).map { $0 / 1_000 }
            limit = groupLines("memory/memory.limit_in_bytes")?.firstLine.first.flatMap(FileLines.count)
            used = groupLines("memory/memory.usage_in_bytes")?.firstLine.first.flatMap(FileLines.count)
            inactive = groupLines("memory/memory.stat")?.count(of: "total_inactive_file")
            group.oomKills = groupLines("memory/memory.oom_control")?.count(of: "oom_kill")
        }
        // Without a limit nothing is ever held back: periods of such a group are no share of anything.
        if group.cpuLimit == nil { (group.periods, group.throttled) = (nil, nil) }
        // A limit beyond what there is is none. What is read from files and can be dropped at once is not in use.
        if let limit, limit > 0, limit < view.memory?.all ?? FileLines.most, let used {
            group.memory = HostView.Space(used: max(0, used - (inactive ?? 0)), all: limit)
        }
        view.group = group
    }

    private func groupLines(_ name: String) -> FileLines? {
        if case .bytes(let bytes)? = texts.group[name] { FileLines(bytes) } else { nil }
    }
}
