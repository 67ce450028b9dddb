import Model

/// What the evidence of one incident says without a figure: which side of its threshold it is on, which way each series
/// went, what the series are about. Words of a text lean on it, or are not said.
struct SeenGround: Sendable {
    /// One series that has a value.
    struct Course: Sendable {
        let words: Set<String>
        let values: [Double]
        let isPercent: Bool
        var rises: Bool { values.count > 1 && values[values.count - 1] > values[0] }
        var falls: Bool { values.count > 1 && values[values.count - 1] < values[0] }
        var stays: Bool { values.count > 1 && values.allSatisfy { $0 == values[0] } }
    }

    private(set) var isAbove = false
    private(set) var isBelow = false
    private(set) var isEqual = false
    private(set) var wasReopened = false
    /// Figures of the condition, without their units.
    private(set) var bounds: Set<Double> = []
    /// Whether what is usual was compared with.
    private(set) var hasUsual = false
    private(set) var courses: [Course] = []
    /// Stems of what the series that have a value are about.
    private(set) var words: Set<String> = []
    /// Stems of the series that have none; they are only said to be missing.
    private(set) var unread: Set<String> = []
    /// Stems of what a share was counted of.
    private(set) var shared: Set<String> = []
    /// Of these, what more than half was counted of: only of it there is a `most`.
    private(set) var mostly: Set<String> = []

    /// What a series' name says in other words too. Only of one that has a value, and one that is not 0.
    private static let meanings: [String: [String]] = [
        "latency": ["slow", "slowly", "slower", "long", "longer"], "error": ["fail", "failure", "failing"], "failure": ["fail", "failing"],
        "baseline": ["usual", "usually", "unusual", "unusually"], "cost": ["spend", "spending", "usd"],
        "token": ["burn", "burning", "use", "using", "consume"],
        "mongodb": ["database"], "websocket": ["connection"], "llm": ["model"], "health": ["answer"], "healthy": ["answer"],
        "up": ["answer"], "silent": ["silently", "end"],
    ]

    init(_ document: JSON) {
        let incident = document["incident"]
        let condition = (incident?["condition_with_values"] ?? incident?["condition"])?.string ?? ""
        let signs = condition.split(separator: " ")
        isAbove = signs.contains(">") || signs.contains(">=")
        isBelow = signs.contains("<") || signs.contains("<=")
        isEqual = signs.contains("==")
        for token in TextToken.split(condition) {
            if case .figure(let figure) = token, let value = figure.value { bounds.insert(value) }
        }
        wasReopened = (incident?["times_reopened"]?.int ?? 0) > 0
        hasUsual = condition.contains(bytesOf: "baseline")
        for series in document["evidence"]?.array ?? [] { take(series) }
        if let kind = incident?["subject"]?["kind"]?.string { words.insert(kind) }
        for decision in document["decisions"]?.array ?? [] {
            guard let limits = decision["limits"]?.object else { continue }
            words.insert("limit")
            for key in limits.keys { words.formUnion(SeenGround.stems(key)) }
        }
    }

    private mutating func take(_ series: JSON) {
        let name = series["series"]?.string ?? ""
        let stems = SeenGround.stems(name)
        guard let latest = series["latest"]?.double else {
            unread.formUnion(stems)
            return
        }
        let recent = (series["recent"]?.array ?? []).compactMap(\.double)
        courses.append(Course(words: stems, values: recent.isEmpty ? [latest] : recent, isPercent: series["unit"]?.string == "%"))
        if name.contains(bytesOf: "share") {
            shared.formUnion(stems)
            if latest > 50 { mostly.formUnion(stems) }
        }
        // Nothing counted is no ground to say that there is some; but nobody answers where nothing is up.
        guard latest != 0 else {
            if name == "up" { words.formUnion(["up", "nobody", "answer", "unreachable"]) }
            return
        }
        words.formUnion(stems)
        for stem in stems { words.formUnion(SeenGround.meanings[stem] ?? []) }
    }

    /// Whether the evidence is about this word, in one of its forms.
    func has(_ word: String) -> Bool { words.contains(word) || words.contains(SeenGround.stem(word)) }

    /// The series that a clause is about: those that have most of its words; the first where none has one.
    func courses(of clause: [String]) -> [Course] {
        let stems = Set(clause.map(SeenGround.stem))
        let most = courses.map { $0.words.intersection(stems).count }.max() ?? 0
        return most == 0 ? Array(courses.prefix(1)) : courses.filter { $0.words.intersection(stems).count == most }
    }

    /// Whether a figure was read, and is not only a threshold; `isNow`: last. Without such a series everything is left to
    /// the comparison of numbers.
    func wasRead(_ figure: Double, isPercent: Bool, isNow: Bool) -> Bool {
        let values = courses.filter { $0.isPercent == isPercent }.flatMap { isNow ? Array($0.values.suffix(1)) : $0.values }
        return values.isEmpty || values.contains { ($0 - figure).magnitude <= max(0.500_001, isPercent ? 0 : $0.magnitude * 0.05) }
    }

    private static func stems(_ name: String) -> Set<String> { Set(name.lowercased().split { !$0.isLetter }.map { stem(String($0)) }) }

    /// A word without the ending of a plural, a verb or a past.
    static func stem(_ word: String) -> String {
        if word.utf8.count > 4, word.hasSuffix("ed") { return String(word.dropLast(2)) }
        if word.utf8.count > 3, word.hasSuffix("s"), !word.hasSuffix("ss") { return String(word.dropLast()) }
        return word
    }
}
