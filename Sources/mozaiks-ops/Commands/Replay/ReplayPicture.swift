import Cycle
import Model
import Views

/// The timeline of a replay as text.
struct ReplayPicture {
    private let report: ReplayReport
    private let timeline: ReplayTimeline
    private let terminal: Terminal

    /// Lines that are shown at most, each of up to two.
    private static let mostLines = 24
    private static let labelWidth = 30

    /// - Parameter width: columns that a line may take.
    init(report: ReplayReport, width: Int, terminal: Terminal) {
        self.report = report
        self.terminal = terminal
        let columns = max(20, width - ReplayPicture.labelWidth - 2 - (report.against == nil ? 0 : 4) - 2)
        timeline = ReplayTimeline(report, columns: columns, most: ReplayPicture.mostLines)
    }

    var text: String {
        guard !timeline.lines.isEmpty else { return "" }
        let (new, old) = (report.side.story, report.against?.story)
        var text = terminal.paint("Timeline", .bold) + "  a column is \(timeline.step.brief)\n"
        text += "  █ firing  ▒ clearing  ░ pending  · quiet  blank: not watched\n"
        if !(new.leases.isEmpty && old?.leases.isEmpty ?? true) {
            let isImagined = new.isImagined && old?.isImagined ?? true
            text += "  \(isImagined ? "would have been: " : "")T throttled  P paused  D workflow disabled\n"
        }
        text += String(repeating: " ", count: ReplayPicture.labelWidth + 2 + (old == nil ? 0 : 4)) + terminal.paint(axis, .dim) + "\n"
        for line in timeline.lines {
            let label = pad(self.label(line.topic))
            if let old = line.old, old != line.new {
                text += "  \(label)now " + paint(old) + "\n"
                text += "  \(pad(""))new " + paint(line.new) + "\n"
            } else {
                text += "  \(label)" + (line.old == nil ? "" : " =  ") + paint(line.new) + "\n"
            }
        }
        if timeline.left > 0 { text += "  … and \(timeline.left) quieter lines\n" }
        return text
    }

    // MARK: - Axis

    /// Dates or times at round moments.
    private var axis: String {
        let steps: [TimeSpan] = [
            .minutes(1), .minutes(2), .minutes(5), .minutes(10), .minutes(15), .minutes(30), .hours(1), .hours(2), .hours(3),
            .hours(6), .hours(12), .hours(24), .hours(48), .hours(96), .hours(168), .hours(336),
        ]
        let (from, to, columns) = (report.from, report.to, timeline.columns)
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
            let place = timeline.column(at)
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

    private func label(_ topic: ReplayTimeline.Line.Topic) -> String {
        switch topic {
        case .rule(let rule, let subject): "\(rule) \(subject.idShown)"
        case .actions(let app): "actions \(Rendering(terminal: terminal).shownID(app))"
        }
    }

    /// Cut or filled to the width of labels.
    private func pad(_ label: String) -> String {
        var text = label
        while Terminal.columns(text) > ReplayPicture.labelWidth - 1 { text.removeLast() }
        if text != label { text = text.dropLast() + "…" }
        return text + String(repeating: " ", count: max(0, ReplayPicture.labelWidth - Terminal.columns(text)))
    }

    private func paint(_ marks: [ReplayTimeline.Mark]) -> String {
        var text = ""
        var run: [ReplayTimeline.Mark] = []
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

extension ReplayTimeline.Mark {
    fileprivate var character: Character {
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

    fileprivate var style: Terminal.Style? {
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
