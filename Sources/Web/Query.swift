import Model
import Server

/// The parameters of a request's query, each read once; what nobody reads is an error, so that a misspelt filter does not pass for
/// none.
struct Query {
    private var values: [(name: String, value: String)] = []

    init(_ request: ServerRequest) throws(Problem) {
        for pair in (request.rawQuery ?? []).split(separator: UInt8(ascii: "&")) {
            let key = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = Query.decoded(key), let value = Query.decoded(pair.dropFirst(key.count + 1)) else {
                throw .badRequest("the query is not percent-encoded UTF-8")
            }
            values.append((name, value))
        }
    }

    /// Nil for a broken escape, and for bytes that are not UTF-8.
    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String? { PercentDecoding.text(bytes) }

    /// The parameter's only value; nil without one.
    mutating func one(_ name: String) throws(Problem) -> String? {
        let found = take(name)
        guard found.count <= 1 else { throw .badRequest("'\(name)' is given \(found.count) times; give it once") }
        return found.first
    }

    /// All values, also those parted by commas.
    mutating func words<T: RawRepresentable<String> & CaseIterable>(_ name: String, _ type: T.Type) throws(Problem)
        -> [T]
    {
        var found: [T] = []
        for word in take(name).flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            guard let known = T(rawValue: String(word)) else {
                throw .badRequest(
                    "'\(name)' is one of \(T.allCases.map(\.rawValue).joined(separator: ", ")), not '\(Shown.id(String(word)))'"
                )
            }
            found.append(known)
        }
        return found
    }

    mutating func number(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = try one(name) else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(text), range.contains(number) else {
            throw .badRequest(
                "'\(name)' is a whole number from \(range.lowerBound) to \(range.upperBound), not '\(Shown.id(text))'")
        }
        return number
    }

    mutating func flag(_ name: String) throws(Problem) -> Bool {
        switch try one(name) {
        case nil, "false"?: false
        case "true"?: true
        case let other?: throw .badRequest("'\(name)' is true or false, not '\(Shown.id(other))'")
        }
    }

    /// Whether a parameter is there, with that value alone.
    mutating func flag(_ name: String, _ value: String) throws(Problem) -> Bool {
        guard let text = try one(name) else { return false }
        guard text.isSame(as: value) else { throw .badRequest("'\(name)' is \(value)") }
        return true
    }

    /// A moment, or a span before `now`.
    mutating func moment(_ name: String, now: Timestamp) throws(Problem) -> Timestamp? {
        guard let text = try one(name) else { return nil }
        if let moment = Timestamp(rfc3339: text) { return moment }
        if let span = TimeSpan(text), span >= .zero { return now - min(span, .hours(24 * 36_500)) }
        throw .badRequest(
            "'\(name)' is a moment such as 2026-11-21T09:00:00Z, or a span before now such as 24h, not '\(Shown.id(text))'"
        )
    }

    /// `since` and `until`; throws where nothing lies between them.
    mutating func range(now: Timestamp) throws(Problem) -> (since: Timestamp?, until: Timestamp?) {
        let (since, until) = (try moment("since", now: now), try moment("until", now: now))
        if let since, let until, since >= until { throw .badRequest("'since' lies before 'until', and here it does not") }
        return (since, until)
    }

    /// Throws for what nobody asked for.
    func finish() throws(Problem) {
        guard let left = values.first else { return }
        throw .badRequest("there is no parameter '\(Shown.id(left.name))' here")
    }

    private mutating func take(_ name: String) -> [String] {
        let found = values.filter { $0.name.isSame(as: name) }.map(\.value)
        values.removeAll { $0.name.isSame(as: name) }
        return found
    }
}

/// `%XX`, strictly: a broken escape is an error and no text.
enum PercentDecoding {
    static func text(_ bytes: some Sequence<UInt8>) -> String? {
        PercentEncoding.unescapeStrictly(bytes).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
