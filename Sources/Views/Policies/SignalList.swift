import Model

/// Every signal that conditions can read.
public enum SignalList {
    /// `policy signals -o json`.
    public static var document: OutputDocument {
        OutputDocument(
            .signals,
            [
                "signals": .array(
                    Signal.table.map { info in
                        [
                            "name": .string(info.name), "unit": .string(info.unit.word),
                            "subjects": .strings(info.subjects.map(\.rawValue)),
                            "windowed": .bool(info.signal.isWindowed), "counters": .strings(info.counters.map(\.name)),
                            "gate": .bool(info.signal.isOfGate),
                            "summary": .string(info.summary),
                        ]
                    })
            ])
    }
}
