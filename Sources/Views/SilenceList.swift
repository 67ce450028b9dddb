import Cycle
import Journal
import Model
import Telling

/// What is held back: silences that people made, and hours of maintenance.
public struct SilenceList: Sendable {
    /// Hours of maintenance of the configuration.
    public struct Window: Sendable {
        /// Its place there: `maintenance[0]`.
        public let name: String
        public let maintenance: TellingSettings.Maintenance
        /// Whether it holds at the moment.
        public let isActive: Bool
    }

    public let silences: [Silence]
    public let windows: [Window]
    /// What people asked for about silences and no engine has taken yet.
    public let waiting: [CommandRow]
    public let now: Timestamp

    /// - Parameters:
    ///   - settings: of the configuration, for its maintenance.
    ///   - all: also silences that are over.
    public init(_ journal: Journal, _ settings: TellingSettings, all: Bool, now: Timestamp) throws {
        silences = try KeptDecisions(journal).telling.silences.filter { all || $0.isActive(now) }
        waiting = try journal.waitingCommands().filter { $0.kind == Commands.addSilence || $0.kind == Commands.expireSilence }
        windows = settings.maintenance.enumerated().map { index, window in
            Window(name: "maintenance[\(index)]", maintenance: window, isActive: window.hours.holds(now, in: settings.zone))
        }
        self.now = now
    }

    /// `silences list -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .silences,
            [
                "silences": .array(silences.map { $0.document(at: now) }),
                "maintenance": .array(
                    windows.map {
                        [
                            "name": .string($0.name), "hours": .string("\($0.maintenance.hours)"),
                            "match": $0.maintenance.match.document, "comment": .string($0.maintenance.comment),
                            "active": .bool($0.isActive),
                        ]
                    }),
                "waiting": .int(Int64(waiting.count)),
            ])
    }
}

extension Silence {
    /// Its document, and whether it is in force at a moment.
    public func document(at now: Timestamp) -> JSON {
        guard var object = document.object else { return document }
        object["active"] = .bool(isActive(now))
        return .object(object)
    }
}
