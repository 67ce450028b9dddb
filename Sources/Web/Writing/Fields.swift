import JSONParsing
import Model
import Server
import Views

/// What came with a request that wants something: members of a JSON object, or fields of a form. Each is read once; what nobody
/// reads is an error, so that a misspelt end of a silence does not pass for none.
struct Fields {
    /// The longest text, in bytes: a comment, the name of a deploy.
    static let textLimit = 1_000
    private static let mostValues = 50
    /// Of a silence, or an acknowledgement: somewhat more than a year.
    static let longestSpan = TimeSpan.hours(24 * 366)

    private var values: [(name: String, values: [String])] = []

    /// Of the API: an object of texts, lists of texts, `true` and `false`; an empty body is an empty object.
    init(json request: ServerRequest) throws(Problem) {
        guard !request.body.isEmpty else { return }
        guard Fields.isType("application/json", of: request) else {
            throw Problem(
                status: 415, title: "Not JSON", detail: "send the body as 'Content-Type: application/json'")
        }
        let read = request.body.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONParser().parse(bytes) }
        }
        guard case .success(let document) = read else { throw .badRequest("the body is not JSON") }
        guard document.duplicateKeys == 0 else { throw .badRequest("a member stands twice in the body; give it once") }
        guard let object = document.value.object else { throw .badRequest("the body is not an object of JSON") }
        for member in object.members {
            if let text = member.value.string {
                values.append((member.key, [text]))
            } else if let flag = member.value.bool {
                values.append((member.key, [flag ? "true" : "false"]))
            } else if let list = member.value.array, list.allSatisfy({ $0.string != nil }) {
                values.append((member.key, list.compactMap(\.string)))
            } else if !member.value.isNull {
                throw .badRequest("'\(Shown.id(member.key))' is a text, a list of texts, true or false")
            }
        }
        try check(Fields.textLimit)
    }

    /// Of a page's form.
    /// - Parameter longest: bytes of a field.
    init(form request: ServerRequest, longest: Int = textLimit) throws(Problem) {
        guard Fields.isType("application/x-www-form-urlencoded", of: request) else {
            throw Problem(status: 415, title: "Not a form", detail: "this is for the forms of the page")
        }
        for pair in request.body.split(separator: UInt8(ascii: "&")) {
            let key = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = Fields.decoded(key), let value = Fields.decoded(pair.dropFirst(key.count + 1)) else {
                throw .badRequest("the form is not percent-encoded UTF-8")
            }
            // A field that was left empty was not filled in.
            if !value.isEmpty { values.append((name, [value])) }
        }
        try check(longest)
    }

    private func check(_ longest: Int) throws(Problem) {
        var names: Set<[UInt8]> = []
        for (name, texts) in values {
            guard names.insert(Array(name.utf8)).inserted else {
                throw .badRequest("'\(Shown.id(name))' is given twice; give it once")
            }
            guard texts.count <= Fields.mostValues, texts.allSatisfy({ $0.utf8.count <= longest }) else {
                throw .badRequest(
                    "'\(Shown.id(name))' is too long: at most \(longest) bytes, and \(Fields.mostValues) in a list")
            }
        }
    }

    private static func isType(_ type: String, of request: ServerRequest) -> Bool {
        let fields = request.headerValues("Content-Type")
        guard fields.count == 1 else { return false }
        let given = String(decoding: fields[0].prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self).lowercased()
        return given.filter { $0 != " " && $0 != "\t" }.isSame(as: type)
    }

    private static func decoded(_ bytes: ArraySlice<UInt8>) -> String? {
        PercentDecoding.text(bytes.lazy.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 })
    }

    mutating func texts(_ name: String) -> [String] {
        let found = values.filter { $0.name.isSame(as: name) }.flatMap(\.values)
        values.removeAll { $0.name.isSame(as: name) }
        return found
    }

    mutating func text(_ name: String) throws(Problem) -> String? {
        let found = texts(name)
        guard found.count <= 1 else { throw .badRequest("'\(name)' is one text") }
        return found.first
    }

    mutating func flag(_ name: String) throws(Problem) -> Bool {
        switch try text(name) {
        case nil, "false"?: false
        case "true"?: true
        default: throw .badRequest("'\(name)' is true or false")
        }
    }

    mutating func span(_ name: String) throws(Problem) -> TimeSpan? {
        guard let text = try text(name) else { return nil }
        guard let span = TimeSpan(text), span > .zero, span <= Fields.longestSpan else {
            throw .badRequest("'\(name)' is a span such as 90s, 5m, 2h or 7d, of at most a year")
        }
        return span
    }

    mutating func moment(_ name: String) throws(Problem) -> Timestamp? {
        guard let text = try text(name) else { return nil }
        guard let moment = Timestamp(rfc3339: text) else {
            throw .badRequest("'\(name)' is a moment such as 2026-11-21T18:00:00Z")
        }
        return moment
    }

    /// Throws for a name that is none of these, with what may be meant.
    func check(members known: [String]) throws(Problem) {
        guard let stranger = values.first(where: { value in !known.contains { $0.isSame(as: value.name) } }) else { return }
        let hint = known.isEmpty ? "nothing comes along here" : KnownNames.meant(stranger.name, among: known)
        throw .badRequest("there is no '\(Shown.id(stranger.name))' here; \(hint)")
    }

    /// Throws for what nobody asked for.
    func finish() throws(Problem) {
        guard let left = values.first else { return }
        throw .badRequest("there is no '\(Shown.id(left.name))' here")
    }
}
