import JSONParsing
import Model

@testable import Actions
@testable import Engine
@testable import Guard
@testable import Signals
@testable import Telling

/// Rows of the journal. Whoever can write there is trusted with more than this, but a disk is not: a row that cannot be read is said to be
/// damaged. One that can is written and read again without a change.
enum JournalReading {
    static func row(_ bytes: [UInt8]) -> String? {
        guard let document = try? JSON(parsing: bytes, limits: .init(bytes: 1 << 20, depth: 64)) else { return nil }
        return again("incident", document, { try Incident(document: $0) }, \.document)
            ?? again("lease", document, { try Lease(document: $0) }, \.document)
            ?? again("silence", document, { try Silence(DocumentReader($0, document: "silence")) }, \.document)
            ?? again("placement", document, { try Placement(document: $0) }, \.document)
            ?? again("engine", document, { try EngineState(document: $0) }, \.document)
            ?? again("guard", document, { try GuardState(document: $0) }, \.document)
            ?? again("telling", document, { try TellingState(document: $0) }, \.document)
    }

    private static func again<Row>(_ name: String, _ document: JSON, _ read: (JSON) throws -> Row, _ written: (Row) -> JSON) -> String? {
        guard let row = try? read(document) else { return nil }
        let first = written(row)
        guard let second = try? read(first) else { return "\(name): what was written cannot be read" }
        return written(second).serializedBytes() == first.serializedBytes() ? nil : "\(name): what was written reads differently"
    }

    static func history(_ bytes: [UInt8]) -> String? {
        _ = try? HistoryBlock.decode(bytes)
        _ = try? RuntimeSignals(decoding: bytes, options: SignalOptions())
        guard let row = try? MinuteRow(decoding: bytes) else { return nil }
        guard let again = try? MinuteRow(decoding: row.encoded()), again.encoded() == row.encoded() else {
            return "a minute reads differently"
        }
        return nil
    }
}
