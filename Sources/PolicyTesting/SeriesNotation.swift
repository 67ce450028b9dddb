import Model
import Policy

/// The short notation of a series: items with spaces between, each a value and how often it stands.
///
/// - `6` once, `6x10` ten times; with a unit if wanted: `40%x5`, `1.5sx3`
/// - `10+5x4` is 10, 15, 20, 25; `30-10x3` is 30, 20, 10
/// - `_` missing, `_x3` three times, `_dead_counterx3` or `_error(500)` for a reason; without one `too_little_data`
/// - `-3x4`, `5-2x5`, of what can be below zero: a line that is drawn ahead, a gauge of a metric
/// - a single item without `x` holds for the whole test
public struct SeriesNotation: Hashable, Sendable {
    /// A value for each step, or the one that holds throughout.
    public let steps: [Evidence]
    public let isConstant: Bool

    /// More steps than this are refused.
    static let mostSteps = 100_000
    /// And of all subjects of a test together.
    static let mostRows = 1_000_000

    /// What is wrong, and where in the text (UTF-8 offsets).
    struct Fault: Error {
        let message: String
        let range: Range<Int>
        let hint: String?
    }

    /// - Parameter mayBeNegative: whether what is given can be below zero.
    init(_ text: String, unit: Unit, mayBeNegative: Bool = false) throws(Fault) {
        var steps: [Evidence] = []
        var items = 0
        var isSingle = true
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            guard bytes[index] != 0x20, bytes[index] != 0x0A, bytes[index] != 0x09 else {
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, ![0x20, 0x0A, 0x09].contains(bytes[index]) { index += 1 }
            let item = Item(bytes[start..<index], at: start)
            items += 1
            isSingle = isSingle && item.count == nil
            let count = try item.repeats()
            guard steps.count + count <= SeriesNotation.mostSteps else {
                throw Fault(
                    message: "more than \(SeriesNotation.mostSteps) steps", range: start..<index,
                    hint: "give the test a longer 'interval'")
            }
            try item.append(count, unit, mayBeNegative, to: &steps)
        }
        guard items > 0 else {
            throw Fault(message: "no values", range: 0..<max(1, bytes.count), hint: "such as 6x10 8x5 _x3")
        }
        self.steps = steps
        isConstant = items == 1 && isSingle
    }

    /// What the series says at a step, from 0; nil behind its end.
    func at(_ step: Int) -> Evidence? {
        if isConstant { return steps[0] }
        return steps.indices.contains(step) ? steps[step] : nil
    }
}

/// One item of a series.
private struct Item {
    let text: String
    /// What is repeated, and how often, as written; nil where nothing is said of it.
    let value: String
    let count: String?
    let range: Range<Int>

    init(_ bytes: ArraySlice<UInt8>, at start: Int) {
        text = String(decoding: bytes, as: UTF8.self)
        range = start..<start + bytes.count
        // The last x with nothing but digits behind it.
        let digits = bytes.reversed().prefix { (0x30...0x39).contains($0) }.count
        let place = bytes.endIndex - digits - 1
        if place > bytes.startIndex, bytes[place] == 0x78, digits > 0 {
            value = String(decoding: bytes[..<place], as: UTF8.self)
            count = String(decoding: bytes[(place + 1)...], as: UTF8.self)
        } else {
            value = text
            count = nil
        }
    }

    func repeats() throws(SeriesNotation.Fault) -> Int {
        guard let count else { return 1 }
        guard let number = Int(count), number >= 1 else {
            throw SeriesNotation.Fault(message: "'\(text)' stands at least once", range: range, hint: nil)
        }
        return min(number, SeriesNotation.mostSteps + 1)
    }

    func append(_ count: Int, _ unit: Unit, _ mayBeNegative: Bool, to steps: inout [Evidence]) throws(SeriesNotation.Fault) {
        if value.hasPrefix("_") {
            steps += Array(repeating: .missing(try reason()), count: count)
            return
        }
        // The sign of a change stands behind the first character.
        let change = value.dropFirst().firstIndex { $0 == "+" || $0 == "-" }
        let first = try number(change.map { String(value[..<$0]) } ?? value, unit, mayBeNegative: mayBeNegative)
        guard let change else {
            steps += Array(repeating: .value(first), count: count)
            return
        }
        let amount = try number(String(value[value.index(after: change)...]), unit)
        let sign: Double = value[change] == "-" ? -1 : 1
        for step in 0..<count {
            let value = first + sign * amount * Double(step)
            guard value >= 0 || mayBeNegative else {
                throw SeriesNotation.Fault(message: "'\(text)' falls below 0", range: range, hint: nil)
            }
            steps.append(.value(value))
        }
    }

    private func reason() throws(SeriesNotation.Fault) -> MissingReason {
        let name = String(value.dropFirst())
        if name.isEmpty { return .tooLittleData }
        guard let reason = MissingReason(name) else {
            throw SeriesNotation.Fault(
                message: "no reason '\(name)'", range: range,
                hint: "one of: " + MissingReason.names.joined(separator: ", "))
        }
        return reason
    }

    private func number(_ text: String, _ unit: Unit, mayBeNegative: Bool = false) throws(SeriesNotation.Fault) -> Double {
        let isNegative = mayBeNegative && text.hasPrefix("-")
        guard let value = NamedSeries.value(isNegative ? String(text.dropFirst()) : text, in: unit), value >= 0 else {
            let example = "6\(unit.suffix.split(separator: " ").joined())"
            throw SeriesNotation.Fault(
                message: "'\(text)' is no value here", range: range, hint: "such as \(example), \(example)x10 or _x3")
        }
        return isNegative ? -value : value
    }
}

extension SeriesRef {
    /// Whether its readings can be below zero: a line that is drawn ahead, a distance from the usual, a gauge of a metric.
    var mayBeNegative: Bool { metric?.mayBeNegative ?? (function == .predict || function == .spike) }
}
