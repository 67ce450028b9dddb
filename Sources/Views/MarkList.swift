import Cycle
import Guard
import JSONParsing
import Journal
import Model

/// The last day's deploys, restarts and silences, newest first, with what changed with them.
public struct MarkList: Sendable {
    /// What somebody said and no engine has taken yet: until its next tick it keeps no action away.
    public struct Waiting: Sendable {
        public let at: Timestamp
        public let by: String
        public let name: String
        /// Nil: all runtimes.
        public let runtime: String?

        /// Nil for what says no name; the engine will refuse it.
        init?(_ row: CommandRow) {
            guard let arguments = try? JSON(parsing: Array(row.arguments.utf8)), let name = arguments["name"]?.string else { return nil }
            (at, by, self.name, runtime) = (row.at, row.actor, name, arguments["runtime"]?.string)
        }
    }

    public let marks: [Mark]
    /// Newest first, too.
    public let waiting: [Waiting]
    /// The first minute of which anything was kept; nil: no minute is over yet.
    public let watchedSince: Timestamp?

    public init(_ journal: Journal) throws {
        marks = try Pipeline.guardState(in: journal).marks.reversed()
        waiting = try journal.waitingCommands().filter { $0.kind == Commands.mark }.compactMap(Waiting.init).reversed()
        watchedSince = try journal.historyRuntimes().map { kept throws(JournalError) in
            Timestamp(minute: try RecordedHistory.firstMinute(journal, runtime: kept.runtime, in: kept.minutes))
        }.min()
    }

    /// That there is nothing, in words, for as long as there was somebody who would have noted it.
    public func nothing(at now: Timestamp) -> String {
        let what = "no deploys, no restarts and no silences"
        guard let watchedSince else { return "\(what) noted yet" }
        return now - watchedSince < .hours(24) ? "\(what) noted; watched since \(watchedSince)" : "\(what) within a day"
    }

    /// `mark list -o json`.
    public var document: OutputDocument {
        OutputDocument(
            .marks,
            [
                "marks": .array(marks.map(\.document)),
                "waiting": .array(
                    waiting.map {
                        ["at": .moment($0.at), "by": .string($0.by), "name": .string($0.name), "runtime": .optional($0.runtime)]
                    }),
            ])
    }
}
