import Model

/// Reads `/health/active-runs` when it answered 200.
enum ActiveRunsDecoder {
    static func decode(_ body: Body) throws(MalformedBody) -> ActiveRuns {
        var reader = try ObjectReader(body)
        let root = reader.root
        var runs = ActiveRuns(isTracked: true)
        runs.activeCount = reader.int("active_count", in: root)
        runs.totalRuns = reader.int("total_runs", in: root)
        runs.listedRuns = reader.array("runs", in: root)?.count
        guard runs.activeCount != nil || runs.totalRuns != nil || runs.listedRuns != nil else {
            throw MalformedBody("no count of runs in it")
        }
        let note = reader.string("note", in: root)
        runs.note = note.map { PlainText.bounded($0) }
        let counts = (runs.activeCount ?? 0) > 0 || (runs.totalRuns ?? 0) > 0 || (runs.listedRuns ?? 0) > 0
        runs.isTracked = counts || !isStubNote(note)
        runs.malformedFields = reader.malformedFields
        return runs
    }

    /// Today's builds: "Registry tracking disabled for simplicity".
    private static func isStubNote(_ note: String?) -> Bool {
        guard let note else { return false }
        return note.lowercased().contains(bytesOf: "tracking disabled")
    }
}
