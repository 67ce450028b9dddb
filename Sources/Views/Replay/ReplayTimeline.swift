import Cycle
import Engine
import Guard
import Model

/// A replay over time, in columns of the same length: a line for each rule and subject, and one for each app under an action.
/// Of two sets of policies a line has what each does.
public struct ReplayTimeline: Sendable {
    /// What a line shows in one column, the weightier over the others.
    public enum Mark: Int, Comparable, Sendable {
        case unwatched, quiet, pending, clearing, firing, pack, throttle, pause

        public static func < (a: Mark, b: Mark) -> Bool { a.rawValue < b.rawValue }
    }

    public struct Line: Sendable {
        public enum Topic: Sendable {
            case rule(String, on: Subject)
            /// Whatever was done about it.
            case actions(AppID)
        }

        public let topic: Topic
        /// What the policies in force do; nil without a comparison.
        public let old: [Mark]?
        public let new: [Mark]
        fileprivate let weight: Int
    }

    public let columns: Int
    /// Rules first. Where there are more than can be shown, the weightiest; otherwise in the order of their names.
    public private(set) var lines: [Line] = []
    /// How many quieter lines there are besides.
    public private(set) var left = 0
    private let from: Timestamp
    private let to: Timestamp
    private let gaps: [ReplayGap]

    /// - Parameters:
    ///   - columns: at least 1.
    ///   - most: so many lines are shown.
    public init(_ report: ReplayReport, columns: Int, most: Int) {
        self.columns = columns
        (from, to, gaps) = (report.from, report.to, report.gaps)
        guard to > from else { return }
        let all = ordered(old: report.against?.story, new: report.side.story, most)
        lines = Array(all.prefix(most))
        left = all.count - lines.count
    }

    // MARK: - Lines

    private func ordered(old: ReplayStory?, new: ReplayStory, _ most: Int) -> [Line] {
        let places = Set(new.phases.keys).union(old?.phases.keys.map { $0 } ?? []).sorted()
        var lines = places.compactMap { place -> Line? in
            let marks = self.marks(new, place)
            let before = old.map { self.marks($0, place) }
            // A rule that never got further than pending says little over a week.
            let weight = (marks + (before ?? [])).count { $0 >= .clearing }
            guard weight > 0 else { return nil }
            return Line(topic: .rule(place.rule, on: place.subject), old: before, new: marks, weight: weight)
        }
        // The weightiest stay when there are too many; the order is that of the rules.
        if lines.count > most {
            let least = lines.map(\.weight).sorted(by: >)[most - 1]
            lines = lines.filter { $0.weight >= least } + lines.filter { $0.weight < least }
        }
        let apps = Set(new.leases.map(\.key.app)).union(old?.leases.map(\.key.app) ?? []).sorted()
        return lines
            + apps.map { app in
                Line(topic: .actions(app), old: old.map { marks($0, app) }, new: marks(new, app), weight: 0)
            }
    }

    private func marks(_ story: ReplayStory, _ place: ReplayStory.Place) -> [Mark] {
        var marks = ground(place.subject.runtime)
        for span in story.phases[place] ?? [] {
            let mark: Mark =
                switch span.phase {
                case .firing: .firing
                case .clearing: .clearing
                case .pending: .pending
                case .inactive: .quiet
                }
            set(&marks, mark, span.from, span.to ?? to)
        }
        // What fired before a gap may have gone on in it; nobody knows.
        for (column, ground) in ground(place.subject.runtime).enumerated() where ground == .unwatched {
            marks[column] = .unwatched
        }
        return marks
    }

    private func marks(_ story: ReplayStory, _ app: AppID) -> [Mark] {
        let leases = story.leases.filter { $0.key.app == app }
        var marks = ground(leases.first?.key.runtime)
        for lease in leases {
            let mark: Mark =
                switch lease.key.kind {
                case .pause: .pause
                case .disablePack: .pack
                case .throttle, .notify: .throttle
                }
            set(&marks, mark, lease.createdAt, lease.createdAt + story.duration(of: lease))
        }
        return marks
    }

    /// Quiet where somebody looked.
    private func ground(_ runtime: String?) -> [Mark] {
        var marks = [Mark](repeating: .quiet, count: columns)
        let own = gaps.filter(\.isBlind).filter { runtime == nil || $0.runtime.isSame(as: runtime!) }
        for column in marks.indices {
            let (start, end) = (moment(column), moment(column + 1))
            if own.contains(where: { $0.from <= start && end <= $0.to }) { marks[column] = .unwatched }
        }
        return marks
    }

    private func set(_ marks: inout [Mark], _ mark: Mark, _ start: Timestamp, _ end: Timestamp) {
        let first = column(start)
        // What ends with a column does not reach into the next.
        let last = max(first, end > start ? column(end - TimeSpan(milliseconds: 1)) : first)
        guard first < columns, last >= 0 else { return }
        for index in max(0, first)...min(columns - 1, last) { marks[index] = max(marks[index], mark) }
    }

    // MARK: - Columns

    /// What a column stands for.
    public var step: TimeSpan { TimeSpan(milliseconds: (to - from).milliseconds / Int64(columns)) }

    private func moment(_ column: Int) -> Timestamp {
        from + TimeSpan(milliseconds: (to - from).milliseconds * Int64(column) / Int64(columns))
    }

    /// The column that a moment of the replay lies in. There must be lines.
    public func column(_ moment: Timestamp) -> Int {
        Int((moment - from).milliseconds * Int64(columns) / (to - from).milliseconds)
    }
}
