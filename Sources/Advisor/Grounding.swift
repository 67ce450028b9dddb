import Model

/// Every number and every name that a document gives. Read from the document as it is sent, so that nothing grounds a text
/// that the model was not told.
public struct Grounding: Sendable {
    private(set) var facts: [Fact] = []
    /// Words with digits, dots or underscores in them.
    private(set) var names: Set<String> = []

    public init(_ document: JSON) {
        take(document, key: "", unit: nil)
    }

    private mutating func take(_ value: JSON, key: String, unit: String?) {
        switch value {
        // That nothing was reopened, or just now, is no zero that a text could count with.
        case .int(0) where key != "latest" && key != "recent": break
        case .int(let number): facts.append(Fact(value: Double(number), dimension: Grounding.dimension(key, unit)))
        case .double(let number): facts.append(Fact(value: number, dimension: Grounding.dimension(key, unit)))
        case .string(let text): key.hasPrefix("condition") ? take(condition: text) : take(text, bare: .loose)
        case .array(let elements): for element in elements { take(element, key: key, unit: unit) }
        case .object(let object):
            let own = object["unit"]?.string
            // The pages are about other incidents, too: their numbers ground nothing.
            for member in object where member.key != "playbooks" { take(member.value, key: member.key, unit: own) }
        case .null, .bool: break
        }
    }

    private mutating func take(_ text: String, bare: Dimension) {
        let found = NumberReader.read(text)
        names.formUnion(found.names)
        facts += found.mentions.map { Fact(value: $0.value, dimension: $0.dimension == .bare ? bare : $0.dimension) }
    }

    /// In a condition a bare number counts what the signal of its comparison counts: `active_runs (231) > $most (200)`.
    private mutating func take(condition: String) {
        var clause: [String] = []
        for word in condition.split(separator: " ").map(String.init) + ["and"] {
            guard word == "and" || word == "or" else {
                clause.append(word)
                continue
            }
            let text = clause.joined(separator: " ")
            clause = []
            let signal = Grounding.signal(in: text)
            let isPlain = !["rise", "*", "/"].contains { text.contains(bytesOf: $0) }
            take(text, bare: signal.map { isPlain ? Grounding.dimension("", $0.unit.noun) : .bare } ?? .loose)
        }
    }

    /// The first signal that a clause names.
    private static func signal(in clause: String) -> Signal? {
        for token in TextToken.split(clause) {
            let name = token.text
            if let signal = Signal(name: Signal.withoutScope(name)) { return signal }
        }
        return nil
    }

    /// What a number of the document counts: by its name, or by the unit that stands beside it.
    private static func dimension(_ key: String, _ unit: String?) -> Dimension {
        if key.hasSuffix("_s") || key.hasSuffix("_s_ago") { return .seconds }
        switch key {
        case "times_reopened": return .times
        case "concurrent_workflows": return .count("run")
        case "requests_per_minute": return .perMinute
        default: break
        }
        switch unit {
        case "%": return .percent
        case "s": return .seconds
        case "/min": return .perMinute
        case "USD": return .dollars
        case "USD/h": return .dollarsPerHour
        case "B": return .bytes
        case "flag": return .flag
        case "number", nil: return .bare
        case let unit?: return NumberWords.nouns[unit].map { .count($0) } ?? .bare
        }
    }
}

extension Unit {
    /// The noun of a count, `flag`, or `number`.
    fileprivate var noun: String { isCount ? "\(self)" : "number" }
}
