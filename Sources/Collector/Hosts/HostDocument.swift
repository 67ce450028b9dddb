import Model

/// What a machine says of itself as the document that goes into observations and onto tapes.
enum HostDocument {
    static func json(_ view: HostView) -> JSON {
        var root = JSONObject()
        if let startedAt = view.startedAt { root.append("started_at", .int(startedAt)) }
        if let uptime = view.uptimeSeconds { root.append("uptime_s", .double(uptime)) }
        if let cores = view.cores { root.append("cores", .int(cores)) }
        if let cpu = view.cpu { root.append("cpu", ["busy": .int(cpu.busy), "all": .int(cpu.all)]) }
        if let load = view.load { root.append("load_1m", .double(load)) }
        for (key, space) in [("memory", view.memory), ("swap", view.swap), ("files", view.files)] {
            if let space { root.append(key, json(space)) }
        }
        if let kills = view.oomKills { root.append("oom_kills", .int(kills)) }
        let pressure = HostView.Resource.allCases.compactMap { resource in
            view.pressure[resource].map { (key: resource.rawValue, value: JSON.double($0)) }
        }
        if !pressure.isEmpty { root.append("pressure", .object(JSONObject(pressure))) }
        let group = json(view.group)
        if !group.isEmpty { root.append("cgroup", .object(group)) }
        root.append("mounts", .array(view.mounts.map(json)))
        let missing = HostView.Part.allCases.compactMap { part in
            view.missing[part].map { (key: part.rawValue, value: json($0)) }
        }
        if !missing.isEmpty { root.append("missing", .object(JSONObject(missing))) }
        return .object(root)
    }

    private static func json(_ space: HostView.Space) -> JSON { ["used": .int(space.used), "all": .int(space.all)] }

    private static func json(_ why: HostView.Why) -> JSON { ["reason": .string(why.reason.name), "detail": .string(why.detail)] }

    private static func json(_ group: HostView.Group) -> JSONObject {
        var object = JSONObject()
        if let limit = group.cpuLimit { object.append("cpu_limit", .double(limit)) }
        if let used = group.cpuUsed { object.append("cpu_used_us", .int(used)) }
        if let periods = group.periods { object.append("periods", .int(periods)) }
        if let throttled = group.throttled { object.append("throttled", .int(throttled)) }
        if let memory = group.memory { object.append("memory", json(memory)) }
        if let kills = group.oomKills { object.append("oom_kills", .int(kills)) }
        return object
    }

    private static func json(_ mount: HostView.Mount) -> JSON {
        var object: JSONObject = ["path": .string(mount.path)]
        if let space = mount.space { object.append("space", json(space)) }
        if let inodes = mount.inodes { object.append("inodes", json(inodes)) }
        if let missing = mount.missing { object.append("missing", json(missing)) }
        return .object(object)
    }
}

/// Reads what `HostDocument` wrote: our own when it is live, and anybody's when it comes from a tape.
enum HostDecoder {
    /// More mounts than anybody names: what is behind them on a tape is not read.
    private static let mostMounts = 256
    /// Counters beyond this are no counters.
    private static let most = Int64(1) << 60

    static func decode(_ body: Body) throws(MalformedBody) -> HostView {
        var reader = try ObjectReader(body)
        let root = reader.root
        // Our own names its mounts, if only as none.
        guard let mounts = reader.array("mounts", in: root) else {
            throw MalformedBody("no mounts in it: not what a machine says of itself")
        }
        var view = HostView()
        view.startedAt = count("started_at", root, &reader)
        view.uptimeSeconds = amount("uptime_s", root, &reader)
        view.cores = count("cores", root, &reader).flatMap { $0 > 0 ? $0 : nil }
        view.load = amount("load_1m", root, &reader)
        if let cpu = reader.object("cpu", in: root), let busy = count("busy", cpu, &reader), let all = count("all", cpu, &reader) {
            view.cpu = HostView.Ticks(busy: busy, all: all)
        }
        view.memory = space("memory", root, &reader)
        view.swap = space("swap", root, &reader)
        view.files = space("files", root, &reader)
        view.oomKills = count("oom_kills", root, &reader)
        if let pressure = reader.object("pressure", in: root) {
            for resource in HostView.Resource.allCases { view.pressure[resource] = amount(resource.rawValue, pressure, &reader) }
        }
        if let group = reader.object("cgroup", in: root) {
            view.group.cpuLimit = amount("cpu_limit", group, &reader).flatMap { $0 > 0 ? $0 : nil }
            view.group.cpuUsed = count("cpu_used_us", group, &reader)
            view.group.periods = count("periods", group, &reader)
            view.group.throttled = count("throttled", group, &reader)
            view.group.memory = space("memory", group, &reader)
            view.group.oomKills = count("oom_kills", group, &reader)
        }
        for item in mounts {
            guard view.mounts.count < mostMounts, let mount = item.object, let path = mount["path"]?.string else {
                reader.note()
                continue
            }
            view.mounts.append(
                HostView.Mount(
                    path: PlainText.bounded(path), space: space("space", mount, &reader), inodes: space("inodes", mount, &reader),
                    missing: why("missing", mount, &reader)))
        }
        if let missing = reader.object("missing", in: root) {
            for part in HostView.Part.allCases { view.missing[part] = why(part.rawValue, missing, &reader) }
        }
        view.malformedFields = reader.malformedFields
        return view
    }

    private static func count(_ key: String, _ object: JSONObject, _ reader: inout ObjectReader) -> Int64? {
        reader.int(key, in: object).flatMap { (0...most).contains($0) ? $0 : nil }
    }

    private static func amount(_ key: String, _ object: JSONObject, _ reader: inout ObjectReader) -> Double? {
        reader.double(key, in: object).flatMap { $0 >= 0 && $0 < 1e15 ? $0 : nil }
    }

    private static func space(_ key: String, _ object: JSONObject, _ reader: inout ObjectReader) -> HostView.Space? {
        guard let inner = reader.object(key, in: object), let used = count("used", inner, &reader), let all = count("all", inner, &reader)
        else { return nil }
        return HostView.Space(used: used, all: all)
    }

    private static func why(_ key: String, _ object: JSONObject, _ reader: inout ObjectReader) -> HostView.Why? {
        guard let inner = reader.object(key, in: object) else { return nil }
        let reason = reader.string("reason", in: inner).flatMap { name in
            MissingReason.names.firstIndex { $0.isSame(as: name) }.flatMap { MissingReason(code: UInt8($0)) }
        }
        return HostView.Why(reason ?? .malformed, PlainText.bounded(reader.string("detail", in: inner) ?? ""))
    }
}
