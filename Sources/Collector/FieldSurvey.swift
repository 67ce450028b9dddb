import JSONParsing
import Model

/// Which fields of an answer were not taken as they stood, by name: for `doctor`, so that whoever builds a runtime finds what to
/// mend. Decoders only count them: they run in every cycle.
public enum FieldSurvey {
    /// Fields of one name that were left out for one reason.
    public struct Finding: Hashable, Sendable, Comparable, CustomStringConvertible {
        public let field: String
        public let why: String
        public var count: Int

        /// `cost (below zero, 3 times)`
        public var description: String { "\(field) (\(why), \(count == 1 ? "once" : "\(count) times"))" }

        public static func < (a: Finding, b: Finding) -> Bool { (a.field, a.why) < (b.field, b.why) }
    }

    /// Larger answers are not looked at field by field: each value takes a multiple of its bytes.
    private static let longest = 16 << 20

    /// Sorted by field. Nil where the answer is too large, or no JSON: that is said elsewhere.
    public static func findings(_ answer: Observation.Answer, of endpoint: Endpoint) -> [Finding]? {
        guard answer.status == 200, answer.body.count <= longest else { return nil }
        let document = try? answer.body.storage.withBytes { (bytes) throws(JSONError) in
            try JSONParser(limits: .init(bytes: longest, depth: 64, marks: 1 << 22)).parse(padded: UnsafeRawBufferPointer(bytes))
        }
        guard let document else { return nil }
        var tally = Tally()
        if document.duplicateKeys > 0 { tally.add("a name that stands twice in one object", "the last one counts", document.duplicateKeys) }
        if document.loneSurrogates > 0 { tally.add("a text", "half of a surrogate pair", document.loneSurrogates) }
        guard Decoder.look(document.value, endpoint, &tally) else { return nil }
        return tally.findings.sorted()
    }

    /// What belongs into a field.
    enum Kind {
        case text, count, amount, amountOrNull, moment, momentOrNull, object, array

        /// Why a value is none of it; nil for one that is.
        func fault(_ value: JSON) -> String? {
            switch self {
            case .text: return value.string == nil ? "\(Kind.name(value)) where a text belongs" : nil
            case .count:
                guard let number = value.int else {
                    return value.double == nil ? "\(Kind.name(value)) where a whole number belongs" : "with a fraction, or out of range"
                }
                return number < 0 ? "below zero" : nil
            case .amountOrNull where value.isNull, .momentOrNull where value.isNull: return nil
            case .amount, .amountOrNull:
                guard let number = value.double else { return "\(Kind.name(value)) where a number belongs" }
                return number < 0 ? "below zero" : number.isFinite ? nil : "out of range"
            case .moment, .momentOrNull:
                guard let text = value.string else { return "\(Kind.name(value)) where a moment belongs" }
                return Timestamp(rfc3339: text) == nil ? "no moment with a zone (RFC 3339)" : nil
            case .object: return value.object == nil ? "\(Kind.name(value)) where an object belongs" : nil
            case .array: return value.array == nil ? "\(Kind.name(value)) where a list belongs" : nil
            }
        }

        private static func name(_ value: JSON) -> String {
            if value.isNull { return "null" }
            if value.double != nil { return "a number" }
            if value.string != nil { return "a text" }
            if value.bool != nil { return "true or false" }
            if value.array != nil { return "a list" }
            if value.object != nil { return "an object" }
            return "a number out of range"
        }
    }

    struct Tally {
        private(set) var findings: [Finding] = []

        mutating func add(_ field: String, _ why: String, _ count: Int = 1) {
            if let place = findings.firstIndex(where: { $0.field == field && $0.why == why }) {
                findings[place].count += count
            } else {
                findings.append(Finding(field: field, why: why, count: count))
            }
        }

        mutating func look(_ object: JSONObject?, _ kinds: KeyValuePairs<String, Kind>, prefix: String = "") {
            guard let object else { return }
            for (field, kind) in kinds {
                if let value = object[field], let why = kind.fault(value) { add(prefix + field, why) }
            }
        }
    }
}
