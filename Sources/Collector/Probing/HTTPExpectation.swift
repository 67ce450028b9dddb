import Ambient
import HTTP
import JSONParsing
import Model

/// What an answer by HTTP must be. Nothing said: any status from 200 to 299.
public struct HTTPExpectation: Sendable {
    /// One status, or all that begin with a digit.
    public enum Status: Sendable, Hashable, CustomStringConvertible {
        case exactly(Int)
        /// `2xx`
        case all(Int)

        public init?(_ text: String) {
            if let number = Int(text), (100...599).contains(number), text.utf8.count == 3 {
                self = .exactly(number)
            } else if text.utf8.count == 3, text.lowercased().hasSuffix("xx"), let digit = text.first?.wholeNumberValue,
                (1...5).contains(digit)
            {
                self = .all(digit)
            } else {
                return nil
            }
        }

        public var description: String {
            switch self {
            case .exactly(let number): "\(number)"
            case .all(let digit): "\(digit)xx"
            }
        }

        func matches(_ status: Int) -> Bool {
            switch self {
            case .exactly(let number): status == number
            case .all(let digit): status / 100 == digit
            }
        }
    }

    /// A value of the answer's JSON, by the keys and numbers that lead there.
    public struct Member: Sendable, Equatable {
        public let path: [String]
        /// A text, a number, true, false or null.
        public let value: JSON

        /// - Parameter path: `data.items.0.state`; a dot that belongs to a key has `\` before it.
        public init?(path text: String, value: JSON) {
            var (parts, part, isEscaped) = ([String](), "", false)
            for character in text {
                if isEscaped {
                    part.append(character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "." {
                    parts.append(part)
                    part = ""
                } else {
                    part.append(character)
                }
            }
            parts.append(part)
            guard !isEscaped, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
            path = parts
            self.value = value
        }

        fileprivate func found(in root: JSON) -> JSON? {
            path.reduce(Optional(root)) { value, part in
                value?.object?[part] ?? value?.array.flatMap { _ in Int(part) }.flatMap { value?[$0] }
            }
        }

        var shownPath: String { Shown.id(path.joined(separator: ".")) }
    }

    /// One of these; none: 200 to 299.
    public var statuses: [Status] = []
    /// Texts of which each must stand in the body.
    public var body: [String] = []
    /// Texts of which none may.
    public var notBody: [String] = []
    public var json: [Member] = []
    /// Fields with these values; the case of names does not matter.
    public var headers: [(name: String, value: String)] = []

    public init() {}

    /// Whether something of the body is looked at.
    public var readsBody: Bool { !body.isEmpty || !notBody.isEmpty || !json.isEmpty }

    /// What is not as it should be, the first in the order in which people look; nil: nothing.
    func fault(_ response: HTTPResponse) -> (ProbeResult.Fault, String)? {
        let allowed = statuses.isEmpty ? [.all(2)] : statuses
        guard allowed.contains(where: { $0.matches(response.status) }) else {
            let target = response.redirectOrigin.map { ", a redirect to \($0)" } ?? ""
            let wanted = allowed.map { "\($0)" }.joined(separator: " or ")
            return (.status, "status \(response.status)\(target), not \(wanted)")
        }
        for (name, value) in headers {
            guard let found = response.headers[name] else { return (.header, "the answer has no header \(Shown.id(name))") }
            guard found.isSame(as: value) else { return (.header, "header \(Shown.id(name)) is not \(Shown.id(value))") }
        }
        return bodyFault(response.body) ?? jsonFault(response)
    }

    private func bodyFault(_ content: ResponseBody) -> (ProbeResult.Fault, String)? {
        guard !body.isEmpty || !notBody.isEmpty else { return nil }
        func stands(_ text: String) -> Bool { text.isEmpty || content.withUnsafeBytes { $0.offset(of: Array(text.utf8)) } != nil }
        if let missing = body.first(where: { !stands($0) }) { return (.body, "its body does not have \(Shown.id(missing)) in it") }
        if let found = notBody.first(where: stands) { return (.body, "its body has \(Shown.id(found)) in it") }
        return nil
    }

    private func jsonFault(_ response: HTTPResponse) -> (ProbeResult.Fault, String)? {
        guard !json.isEmpty else { return nil }
        let limits = JSONParser.Limits(bytes: HTTPExpectation.mostBytes, depth: 64, marks: 1 << 18)
        let root: JSON
        do {
            root = try JSON(parsing: response.body.bytes, limits: limits)
        } catch {
            if let compressed = response.compressionFault { return (.json, "its body is \(compressed)") }
            return (.json, error.reason == .syntax ? "its body is not JSON" : "its body cannot be read as JSON: \(error)")
        }
        for member in json {
            guard let found = member.found(in: root) else { return (.json, "its JSON has no \(member.shownPath)") }
            guard HTTPExpectation.isSame(found, member.value) else {
                return (.json, "\(member.shownPath) is \(HTTPExpectation.shown(found)), not \(HTTPExpectation.shown(member.value))")
            }
        }
        return nil
    }

    /// The largest body that is read.
    static let mostBytes = 1 << 20

    private static func isSame(_ a: JSON, _ b: JSON) -> Bool {
        if let x = a.double, let y = b.double { return x == y }
        return a == b
    }

    /// What an answer has in a place, for people: never more than a few words.
    private static func shown(_ value: JSON) -> String {
        switch value {
        case .object: "an object"
        case .array: "a list"
        case .string(let text): "\"\(PlainText.bounded(text, limit: 40))\""
        case .null, .bool, .int: value.serialized()
        case .double(let number): number.isFinite ? value.serialized() : "no number"
        }
    }
}
