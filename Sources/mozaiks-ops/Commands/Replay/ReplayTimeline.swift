import Cycle
import Model

/// A picture of a replay in text: a line for each rule and subject over time, and one for each app under an action. Of two
/// sets of policies each has its own line where they differ.
struct ReplayTimeline {
    let old: ReplayStory?
    let new: ReplayStory
    let from: Timestamp
    let to: Timestamp
    let gaps: [ReplayReport.Gap]
    let width: Int
    let terminal: Terminal

    /// Lines that are shown at most, each of up to two.
    private static let mostLines = 24

    /// What one column of a line shows, the weightier over the others.
    private enum Mark: Int, Comparable {
        case unwatched, quiet, pending, clearing, firing, pack, throttle, pause

        static func < (a: Mark, b: Mark) -> Bool { a.rawValue < b.rawValue }

        var character: Character {
            switch self {
            case .unwatched: " "
            case .quiet: "·"
            case .pending: "░"
            case .clearing: "▒"
            case .firing: "█"
            case .pack: "D"
            case .throttle: "T"
            case .pause: "P"
            }
        }

        var style: Terminal.Style? {
            switch self {
            case .unwatched: nil
            case .quiet: .dim
            case .pending: .yellow
            case .clearing: .green
            case .firing: .red
            case .pack, .throttle, .pause: .blue
            }
        }
    }

    private struct Line {
        let label: String
        /// What the policies in force do; nil without a comparison.
        let old: [Mark]?
        let new: [Mark]
        let weight: Int
    }

    private static let labelWidth = 30

    private var columns: Int { max(20, width - ReplayTimeline.labelWidth - 2 - (old == nil ? 0 : 4) - 2) }

    var text: String {
        guard to > from else { return "" }
        let lines = lines()
        guard !lines.isEmpty else { return "" }
        let step = TimeSpan(milliseconds: (to - from).milliseconds / Int64(columns))
        var text = terminal.paint("Timeline", .bold) + "  a column is \(step.brief)\n"
        text += "  █ firing  ▒ clearing  ░ pending  · quiet  blank: not watched\n"
        if !(new.leases.isEmpty && old?.leases.isEmpty ?? true) {
            let isImagined = new.leases.allSatisfy(\.shadow) && old?.leases.allSatisfy(\.shadow) ?? true
            text += "  \(isImagined ? "would have been: " : "")T throttled  P paused  D workflow disabled\n"
        }
        text += String(repeating: " ", count: ReplayTimeline.labelWidth + 2 + (old == nil ? 0 : 4)) + terminal.paint(axis, .dim) + "\n"
        for line in lines.prefix(ReplayTimeline.mostLines) {
            let label = pad(line.label)
            if let old = line.old, old != line.new {
                text += "  \(label)now " + paint(old) + "\n"
                text += "  \(pad(""))new " + paint(line.new) + "\n"
            } else {
                text += "  \(label)" + (line.old == nil ? "" : " =  ") + paint(line.new) + "\n"
            }
        }
        if lines.count > ReplayTimeline.mostLines { text += "  … and \(lines.count - ReplayTimeline.mostLines) quieter lines\n" }
        return text
    }

    // MARK: - Lines

    private func lines() -> [Line] {
        let places = Set(new.phases.keys).union(old?.phases.keys.map { $0 } ?? []).sorted()
        var lines = places.compactMap { place -> Line? in
            let marks = self.marks(new, place)
            let before = old.map { self.marks($0, place) }
            // A rule that never got further than pending says little over a week.
            let weight = (marks + (before ?? [])).count { $0 >= .clearing }
            guard weight > 0 else { return nil }
            return Line(label: "\(place.rule) \(shown(place.subject))", old: before, new: marks, weight: weight)
        }
        // The weightiest stay when there are too many; the order is that of the rules.
        if lines.count > ReplayTimeline.mostLines {
            let least = lines.map(\.weight).sorted(by: >)[ReplayTimeline.mostLines - 1]
            lines = lines.filter { $0.weight >= least } + lines.filter { $0.weight < least }
        }
        let apps = Set(new.leases.map(\.key.app)).union(old?.leases.map(\.key.app) ?? []).sorted()
        return lines
            + apps.map { app in
                Line(
                    label: "actions \(Rendering(terminal: terminal).shownID(app))", old: old.map { marks($0, app) },
                    new: marks(new, app), weight: 0)
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

    // MARK: - Axis

    private func moment(_ column: Int) -> Timestamp {
        from + TimeSpan(milliseconds: (to - from).milliseconds * Int64(column) / Int64(columns))
    }

    private func column(_ moment: Timestamp) -> Int {
        Int((moment - from).milliseconds * Int64(columns) / (to - from).milliseconds)
    }

    /// Dates or times at round moments.
    private var axis: String {
        let steps: [TimeSpan] = [
            .minutes(1), .minutes(2), .minutes(5), .minutes(10), .minutes(15), .minutes(30), .hours(1), .hours(2), .hours(3),
            .hours(6), .hours(12), .hours(24), .hours(48), .hours(96), .hours(168), .hours(336),
        ]
        let length = (to - from).milliseconds
        let step = steps.first { length / $0.milliseconds <= Int64(columns / 9) } ?? .hours(24 * 30)
        var line = [Character](repeating: " ", count: columns)
        var at = Timestamp(milliseconds: (from.milliseconds + step.milliseconds - 1) / step.milliseconds * step.milliseconds)
        var free = 0
        while at < to {
            let text = at.description
            // A day by its date, anything else by its time.
            let isMidnight = at.milliseconds % TimeSpan.hours(24).milliseconds == 0
            let label = String(text.dropFirst(isMidnight ? 5 : 11).prefix(5))
            let place = column(at)
            if place >= free, place + 1 + label.count <= columns {
                for (offset, character) in ("|" + label).enumerated() { line[place + offset] = character }
                free = place + label.count + 2
            }
            at = at + step
        }
        while line.last == " " { line.removeLast() }
        return String(line)
    }

    // MARK: - Text

    private func shown(_ subject: Subject) -> String {
        subject.app.map { Rendering(terminal: terminal).shownID($0) } ?? Shown.id(subject.idText)
    }

    /// Cut or filled to the width of labels.
    private func pad(_ label: String) -> String {
        var text = label
        while Terminal.columns(text) > ReplayTimeline.labelWidth - 1 { text.removeLast() }
        if text != label { text = text.dropLast() + "…" }
        return text + String(repeating: " ", count: max(0, ReplayTimeline.labelWidth - Terminal.columns(text)))
    }

    private func paint(_ marks: [Mark]) -> String {
        var text = ""
        var run: [Mark] = []
        func flush() {
            guard let first = run.first else { return }
            let characters = String(run.map(\.character))
            text += first.style.map { terminal.paint(characters, $0) } ?? characters
            run = []
        }
        for mark in marks {
            if run.first != mark { flush() }
            run.append(mark)
        }
        flush()
        return text
    }
}
