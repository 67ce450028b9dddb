import Model

/// Reads the counts of the gate. They are our own when they come from memory, and anybody's when they come from a tape.
enum GateCountsDecoder {
    static func decode(_ body: Body) throws(MalformedBody) -> GateCounts {
        var reader = try ObjectReader(body)
        let root = reader.root
        // Without it a restart of the gate would look like counters that jump.
        guard let since = reader.string("since", in: root), !since.isEmpty else {
            throw MalformedBody("no start of the counting process in it")
        }
        var counts = GateCounts(since: since)
        if let others = reader.object("others", in: root) { counts.others = starts(others, &reader) }
        for item in reader.array("apps", in: root) ?? [] {
            guard counts.apps.count < GateCounts.mostApps, let app = item.object, let id = app["app_id"]?.string else {
                counts.malformedFields += 1
                continue
            }
            counts.apps.append(.init(app: AppID(id), starts: starts(app, &reader)))
        }
        counts.malformedFields += reader.malformedFields
        return counts
    }

    private static func starts(_ object: JSONObject, _ reader: inout ObjectReader) -> GateCounts.Starts {
        func count(_ key: String) -> Int64 { min(max(0, reader.int(key, in: object) ?? 0), GateCounts.most) }
        return GateCounts.Starts(allowed: count("allowed"), refused: count("refused"))
    }
}
