import Model

/// Names that stand for ids towards the model: `app_1`, `runtime_1`. What an id says never leaves this machine, and what
/// somebody hid in one never reaches the model.
public struct Pseudonyms: Sendable, Hashable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case app, runtime, workflow, replica, lease
    }

    /// One id and its name.
    public struct Entry: Hashable, Sendable {
        public let kind: Kind
        public let id: [UInt8]
        public let name: String

        /// The id for people, in characters that make no link and no mention; a replica's URL as host and port.
        var shown: String {
            guard kind == .replica else { return PercentEncoding.encode(id) }
            let url = String(decoding: id, as: UTF8.self)
            let place = url.firstIndex(ofBytes: "://").map { url[$0...].dropFirst(3) } ?? url[...]
            let colon = place.lastIndex(of: ":")
            let port = colon.flatMap { UInt16(place[place.index(after: $0)...]) }
            guard let colon, let port else { return PercentEncoding.encode(place.utf8) }
            return PercentEncoding.encode(place[..<colon].utf8) + ":\(port)"
        }
    }

    /// In the order in which they were given.
    public private(set) var entries: [Entry] = []

    /// The shortest id that is looked for in texts of the operator; shorter ones are words like any other.
    private static let shortestSought = 3

    public init() {}

    /// The name of an id; a new one when it has none yet.
    public mutating func name(_ kind: Kind, _ id: [UInt8]) -> String {
        if let known = entries.first(where: { $0.kind == kind && $0.id == id }) { return known.name }
        let name = "\(kind.rawValue)_\(entries.count { $0.kind == kind } + 1)"
        entries.append(Entry(kind: kind, id: id, name: name))
        return name
    }

    public mutating func name(_ kind: Kind, _ id: String) -> String { name(kind, Array(id.utf8)) }

    /// A text of the operator's with the ids in it replaced by their names. The same id as part of a longer word stays:
    /// it is another word.
    public func scrubbed(_ text: String) -> String {
        let sought = entries.filter { $0.id.count >= Pseudonyms.shortestSought }.sorted { $0.id.count > $1.id.count }
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var place = 0
        while place < bytes.count {
            let isStart = place == 0 || !Pseudonyms.isWord(bytes[place - 1])
            let found = isStart ? sought.first { Pseudonyms.stands($0.id, at: place, in: bytes) } : nil
            if let found {
                out += found.name.utf8
                place += found.id.count
            } else {
                out.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func stands(_ id: [UInt8], at place: Int, in bytes: [UInt8]) -> Bool {
        let end = place + id.count
        guard end <= bytes.count, bytes[place..<end].elementsEqual(id) else { return false }
        return end == bytes.count || !isWord(bytes[end]) || !isWord(id[id.count - 1])
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, 95, 0x80...: true
        default: false
        }
    }

    /// A text of the model's with the names in it replaced by the ids, for people. An id with anything else than letters,
    /// digits and `. _ -` stands there percent-encoded, so that no id can bring a link or a mention into a checked text.
    public func restored(_ text: String) -> String {
        var out = ""
        var word = ""
        func flush() {
            out += entries.first { $0.name == word }.map(\.shown) ?? word
            word = ""
        }
        for character in text.unicodeScalars {
            if character.isASCII, Pseudonyms.isWord(UInt8(character.value)) {
                word.unicodeScalars.append(character)
            } else {
                flush()
                out.unicodeScalars.append(character)
            }
        }
        flush()
        return out
    }
}
