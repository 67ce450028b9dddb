import Model

/// A name on the command line that nothing has.
enum UnknownName {
    private static let most = 3
    /// What ids begin with for people to see what they are of.
    private static let kinds = ["lease-", "silence-", "digest-"]

    /// What was meant, or what there is, or where to look.
    /// - Parameters:
    ///   - known: all that there are.
    ///   - list: the command that lists them.
    static func hint(_ named: String, known: [String], list: String) -> String {
        let near = near(named, in: known)
        if !near.isEmpty { return "did you mean \(near.map { "'\(Shown.id($0))'" }.joined(separator: " or "))?" }
        guard !known.isEmpty else { return "there is none; see \(list)" }
        guard known.count <= most else { return "see \(list)" }
        return "there \(known.count == 1 ? "is" : "are") \(known.map { "'\(Shown.id($0))'" }.joined(separator: ", ")); see \(list)"
    }

    /// Those that begin so without their kind, or with a slip in what was given of them; the nearest first.
    static func near(_ named: String, in known: [String]) -> [String] {
        let given = bare(named.lowercased())
        guard !given.isEmpty, given.count <= 64 else { return [] }
        var found: [(name: String, distance: Int)] = []
        for name in known {
            let letters = bare(name.lowercased())
            // Of a long id people give the beginning: that much of it is compared, and the whole of a word.
            let distance = min(editDistance(given, Array(letters.prefix(given.count))), editDistance(given, letters))
            if distance <= max(1, given.count / 3), distance < given.count { found.append((name, distance)) }
        }
        return found.enumerated().sorted { ($0.element.distance, $0.offset) < ($1.element.distance, $1.offset) }.prefix(most).map(
            \.element.name)
    }

    private static func bare(_ name: String) -> [UInt8] {
        let kind = kinds.first { name.hasPrefix($0) }
        return Array(name.utf8.dropFirst(kind?.utf8.count ?? 0))
    }
}

extension CommandFailure {
    /// Said everywhere in the same way: that nothing is called so, and what may have been meant.
    static func unknown(_ what: String, _ named: String, known: [String], list: String) -> CommandFailure {
        CommandFailure("there is no \(what) '\(Shown.id(named))'", hint: UnknownName.hint(named, known: known, list: list))
    }
}
