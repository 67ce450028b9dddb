import Model

/// A moment after which a runtime may behave differently: a deploy that someone marked, or a restart that was seen. Also a time in
/// which a runtime answered nobody, too short for a rule: nothing is held back or compared for that, but it is on record.
public struct Mark: Hashable, Sendable {
    /// The main signals of one runtime before and after.
    public struct Comparison: Hashable, Sendable {
        public let runtime: String
        /// Over the ten minutes up to the mark.
        public let before: [ComparedReading]
        /// Over the ten minutes from the mark on; nil until they are over.
        public internal(set) var after: [ComparedReading]?
        /// When the second half was read; nil before.
        public internal(set) var comparedAt: Timestamp?

        init(runtime: String, before: [ComparedReading]) {
            self.runtime = runtime
            self.before = before
        }
    }

    /// Whether a text can name what is deployed: something, in one line of at most 100 bytes.
    public static func isName(_ text: String) -> Bool {
        text.utf8.count <= 100 && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
            && !text.utf8.allSatisfy { $0 == 0x20 }
    }

    /// `v1.42`; `restart` for one that was seen.
    public let name: String
    /// Nil: all runtimes.
    public let runtime: String?
    public let at: Timestamp
    /// Who marked it; nil for what was seen.
    public let by: String?
    /// How long nobody was answered, from the first look that saw it to the first that was answered; nil for deploys and restarts.
    public let silence: TimeSpan?
    public internal(set) var comparisons: [Comparison] = []

    public init(name: String, runtime: String?, at: Timestamp, by: String?, silence: TimeSpan? = nil) {
        self.name = name
        self.runtime = runtime
        self.at = at
        self.by = by
        self.silence = silence
    }

    /// `deploy v1.42`, `restart of shared`, `shared answered nobody for 50s`.
    public var title: String {
        if let silence { return "\(runtime ?? "a runtime") answered nobody for \(silence.brief)" }
        return by == nil ? "restart of \(runtime ?? "a runtime")" : "deploy \(name)"
    }

    /// Whether it holds actions back for a while, and signals are compared before and after.
    var isChange: Bool { silence == nil }

    func isAbout(_ name: String) -> Bool { runtime.map { $0.isSame(as: name) } ?? true }
}

extension Mark.Comparison {
    /// One signal, before and after.
    public struct Line: Hashable, Sendable {
        public let series: String
        public let unit: Unit
        public let before: Evidence
        public let after: Evidence
        /// Whether it changed by more than a fifth; never, where one side is not known.
        public let isNotable: Bool
    }

    /// Signal by signal, in the order of the demand; empty until the second half is known.
    public var lines: [Line] {
        zip(before, after ?? []).map { before, after in
            var isNotable = false
            if let a = before.evidence.value, let b = after.evidence.value {
                isNotable = abs(b - a) > 0.2 * max(abs(a), abs(b))
            }
            return Line(
                series: before.series, unit: before.unit, before: before.evidence, after: after.evidence,
                isNotable: isNotable)
        }
    }
}

// MARK: - As a document

extension Mark {
    public static let schema = "mozaiks.ops/mark/v1"

    public var document: JSON {
        var object: JSONObject = [
            "schema": .string(Mark.schema), "name": .string(name), "runtime": .optional(runtime), "at": .moment(at),
            "by": .optional(by), "comparisons": .array(comparisons.map(\.document)),
        ]
        if let silence { object.append("silence", .span(silence)) }
        return .object(object)
    }

    public init(_ reader: DocumentReader) throws(DocumentError) {
        try reader.expectSchema(Mark.schema)
        self.init(
            name: try reader.member("name").string(), runtime: try reader.optional("runtime")?.string(),
            at: try reader.member("at").timestamp(), by: try reader.optional("by")?.string(),
            silence: try reader.optional("silence")?.span())
        comparisons = try reader.member("comparisons").map(Comparison.init)
    }
}

extension Mark.Comparison {
    var document: JSON {
        [
            "runtime": .string(runtime), "before": .array(before.map(\.document)),
            "after": after.map { .array($0.map(\.document)) } ?? .null, "compared_at": .moment(comparedAt),
        ]
    }

    init(_ reader: DocumentReader) throws(DocumentError) {
        runtime = try reader.member("runtime").string()
        before = try reader.member("before").map(ComparedReading.init)
        after = try reader.optional("after")?.map(ComparedReading.init)
        comparedAt = try reader.optional("compared_at")?.timestamp()
    }
}
