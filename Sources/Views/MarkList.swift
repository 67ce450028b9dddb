import Cycle
import Guard
import Journal
import Model

/// The last day's deploys, restarts and silences, newest first, with what changed with them.
public struct MarkList: Sendable {
    public let marks: [Mark]

    public init(_ journal: Journal) throws {
        marks = try Pipeline.guardState(in: journal).marks.reversed()
    }

    /// `mark list -o json`.
    public var document: OutputDocument { OutputDocument(.marks, ["marks": .array(marks.map(\.document))]) }
}
