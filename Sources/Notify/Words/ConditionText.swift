import Model

/// A condition with its values, laid out for people.
enum ConditionText {
    /// Most clauses shown; who wrote more wants the command line.
    private static let clauseLimit = 8

    /// One line a clause: broken before each `and` and `or` outside parentheses.
    static func lines(_ condition: String) -> [String] {
        let clauses = clauses(condition)
        let shown = clauses.prefix(clauseLimit).map { Shown.shortened($0, 240) }
        return shown + (clauses.count > clauseLimit ? ["… \(clauses.count - clauseLimit) more"] : [])
    }

    /// How bad it is against its threshold, from the first clause: `active_runs.share 61% > 40%`. Nil where that would
    /// say nothing, or not surely the truth: a choice of clauses, a missing value, a test for equality.
    static func measure(_ condition: String) -> String? {
        let clauses = clauses(condition)
        guard let first = clauses.first, !clauses.contains(where: { $0.hasPrefix("or ") }), !first.hasPrefix("not "),
            first.contains(where: { $0 == "<" || $0 == ">" }), !first.contains(bytesOf: "missing")
        else { return nil }
        let words = first.split(separator: " ", omittingEmptySubsequences: true)
        var out: [Substring] = []
        for (index, word) in words.enumerated() {
            // `$noisy_share (40%)`: the value is enough.
            if word.hasPrefix("$"), index + 1 < words.count, words[index + 1].hasPrefix("(") { continue }
            out.append(word.hasPrefix("(") && word.hasSuffix(")") ? word.dropFirst().dropLast() : word)
        }
        let text = out.joined(separator: " ")
        return text.unicodeScalars.count <= 100 ? text : nil
    }

    private static func clauses(_ condition: String) -> [String] {
        var clauses: [String] = []
        var current: [Substring] = []
        var depth = 0
        for word in Shown.code(condition).split(separator: " ", omittingEmptySubsequences: true) {
            if depth == 0, word == "and" || word == "or", !current.isEmpty {
                clauses.append(current.joined(separator: " "))
                current = []
            }
            current.append(word)
            for byte in word.utf8 {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") { depth = max(0, depth - 1) }
            }
        }
        if !current.isEmpty { clauses.append(current.joined(separator: " ")) }
        return clauses
    }
}

extension Incident {
    /// How bad it was against its threshold when it was last told: `active_runs.share 61% > 40%`; nil where that would say nothing.
    public var measure: String? {
        transitions.last { $0.to == .firing }.flatMap { ConditionText.measure($0.condition) }
    }
}
